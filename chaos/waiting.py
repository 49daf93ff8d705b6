"""Wait for a condition, not for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds between two checks.
INTERVAL = 0.1


def wait_until(
    condition: Callable[[], object], timeout: float, every: float = INTERVAL
) -> bool:
    """Return whether a condition came true in time."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True
