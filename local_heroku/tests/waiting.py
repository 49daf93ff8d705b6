"""Wait for a condition instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMEOUT_SECONDS = 10.0


def wait_until(condition: Callable[[], object]) -> None:
    """Return once the condition holds.

    Raises:
        TimeoutError: it never did.
    """
    end = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"no result within {TIMEOUT_SECONDS:g} s: {condition}")
        time.sleep(0.01)
