"""The interval of the beat schedule, and a scheduler that keeps to it.

Celery goes by the time of day. If a clock is set back by an hour, its own beat
waits for that hour until the next tick.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from celery.beat import Scheduler
from celery.schedules import schedstate, schedule


class Every(schedule):
    """An interval for which a last run in the future counts as due."""

    def is_due(self, last_run_at: datetime) -> Any:
        """Return whether it is due, and the seconds until it has to be asked again."""
        if self.maybe_make_aware(last_run_at) > self.maybe_make_aware(self.now()):
            return schedstate(is_due=True, next=self.seconds)
        return super().is_due(last_run_at)


class SteadyScheduler(Scheduler):
    """A scheduler that plans anew if its next run is too far away.

    It keeps when the next run is due by the time of day, and asks the interval
    only then.
    """

    def tick(self, *args: Any, **options: Any) -> Any:
        """Run what is due; return the seconds until it has to be asked again."""
        heap: Any = self._heap  # type: ignore[has-type] # its stubs have what is public
        if heap:
            planned, entry = heap[0].time, heap[0].entry
            soonest = self._when(entry, 0)  # type: ignore[attr-defined] # the same
            if planned - soonest > entry.schedule.seconds + 1:
                self._heap = None
        return super().tick(*args, **options)
