"""Wait for a condition, not for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds to wait for a condition; a busy machine may need many.
PATIENCE = 60.0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: It did not hold in time; the message names `what`.
    """
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {PATIENCE:g} s: {what}")
        time.sleep(0.01)
