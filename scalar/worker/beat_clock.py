"""The clock of the beat schedule: the machine's uptime, not the time of day.

Celery goes by the time of day. If that is set back by an hour, its own beat waits
for that hour until the next tick.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_START = datetime(2000, 1, 1, tzinfo=UTC)
#: Before any time of this clock by more than any period: the first tick is due at once.
LONG_AGO = _START - timedelta(days=365)


def now() -> datetime:
    """Return a time that only ever goes forward, as a date that means nothing.

    Comparable within one process alone, so it may be written to no file.
    """
    return _START + timedelta(seconds=time.monotonic())
