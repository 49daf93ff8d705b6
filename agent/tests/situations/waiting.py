"""Wait for a fact, not for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds that a fact has to come true.
PATIENCE = 15.0


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until it is so.

    Raises:
        TimeoutError: It did not come true in time; the message has `what`.
    """
    end = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {PATIENCE:g} s: {what}")
        time.sleep(0.01)
