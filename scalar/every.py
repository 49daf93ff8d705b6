"""The interval of the beat schedule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from celery.schedules import schedstate, schedule


class Every(schedule):
    """An interval that a clock that is set back cannot stretch.

    Celery waits until the old time is reached again, which may take hours. Here a
    last run in the future counts as due.
    """

    def is_due(self, last_run_at: datetime) -> Any:
        """Return whether it is due, and the seconds until it has to be asked again."""
        if self.maybe_make_aware(last_run_at) > self.maybe_make_aware(self.now()):
            return schedstate(is_due=True, next=self.seconds)
        return super().is_due(last_run_at)
