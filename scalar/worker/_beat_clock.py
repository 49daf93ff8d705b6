"""The clock of the beat schedule: a monotonic clock, not the time of day.

Celery's beat uses the time of day by default. If that is set back by an hour, the next
tick comes an hour late.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_START = datetime(2000, 1, 1, tzinfo=UTC)
#: Further before this clock's start than any period, so the first tick is due at once.
LONG_AGO = _START - timedelta(days=365)


def uptime_now() -> datetime:
    """Return the machine's uptime as an arbitrary date; it never goes back.

    Comparable only within one boot of the machine, so never store it.
    """
    return _START + timedelta(seconds=time.monotonic())
