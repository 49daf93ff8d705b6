"""Wait for a condition instead of a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
#: Seconds to wait for a condition; a busy machine may need many.
PATIENCE = 60.0


def wait_until(
    condition: Callable[[], T], timeout: float = PATIENCE, message: str = ""
) -> T:
    """Return the condition's first true value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(
                f"not within {timeout:g} s: {message or condition!r} (last: {value!r})"
            )
        time.sleep(0.02)
