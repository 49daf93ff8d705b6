"""The schedulers of beat: a tick that cannot be sent is one line, and is lost."""

from __future__ import annotations

import logging
from typing import Any

from celery.beat import Scheduler

from scalar.core import logfmt
from scalar.core.repeated import ends, repeats

log = logging.getLogger("scalar.tick")


class OneLineScheduler(Scheduler):
    """Celery's scheduler; says in one line that a tick cannot be sent.

    Celery prints two stacks. The next tick is the retry.
    """

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send a task."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except Exception as exc:  # noqa: BLE001 - nothing may end beat
            cause = exc.__context__ or exc
            line = logfmt.line("tick.not_sent", detail=cause)
            log.error(line, extra=repeats("tick", "not_sent"))  # noqa: TRY400 - expected
        else:
            log.info(logfmt.line("tick.sent"), extra=ends("tick", "not_sent"))


class PooledScheduler(OneLineScheduler):
    """A scheduler that sends through the app's pool of producers.

    Celery's scheduler keeps two Redis connections to itself, of the 20 that Heroku's
    smallest plan allows.
    """

    @property
    def producer(self) -> None:  # type: ignore[override] # None is a valid argument of apply_async
        """None, so that the task takes a producer from the app's pool."""
