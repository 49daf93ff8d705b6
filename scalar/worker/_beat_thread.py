"""Run beat in a thread of the worker: `celery -A scalar.tasks worker --with-beat`.

For the smallest deployment, with beat and worker on one dyno. Celery's own `-B` runs
beat as a child process, whose death goes unnoticed. Here the end of the thread ends
the worker and so the dyno, which Heroku then restarts.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import Any

from celery import Celery, bootsteps
from celery.beat import Service
from click import Option

from scalar.core import logfmt
from scalar.worker._beat_scheduler import PooledScheduler

log = logging.getLogger("scalar")

#: Seconds that beat sleeps at most, before it checks whether it should stop.
MAX_SLEEP = 1


class BeatThread(bootsteps.StartStopStep):
    """A step of the worker that starts and stops beat with it."""

    def __init__(
        self,
        parent: Any,
        with_beat: bool = False,  # noqa: FBT001, FBT002 - Celery passes the option by name
        **options: Any,
    ) -> None:
        self.enabled = with_beat
        super().__init__(parent, **options)

    def start(self, parent: Any) -> None:
        """Start beat."""
        self._stopping = threading.Event()
        self._service = Service(
            parent.app, max_interval=MAX_SLEEP, scheduler_cls=PooledScheduler
        )
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)
        self._thread.start()

    def stop(self, parent: Any) -> None:
        """Stop beat, after any tick under way."""
        del parent
        self._stopping.set()
        self._service.stop()
        self._thread.join(timeout=MAX_SLEEP * 5)

    terminate = stop

    def _run(self) -> None:
        try:
            self._service.start(embedded_process=True)
        except Exception:
            log.exception(logfmt.line("beat.failed"))
        if not self._stopping.is_set():
            log.critical(logfmt.line("beat.ended", effect="the worker ends as well"))
            os.kill(os.getpid(), signal.SIGTERM)


def install(app: Celery) -> None:
    """Add the option `--with-beat` to `celery worker`."""
    app.user_options["worker"].add(
        Option(
            ("--with-beat",),
            is_flag=True,
            help="Run beat as a thread of this worker.",
        )
    )
    app.steps["worker"].add(BeatThread)
