"""Beat as a thread of the worker: `celery -A scalar.tasks worker --with-beat`.

For the smallest deployment, beat and worker on one dyno. Celery's own `-B` runs
beat as a child process, and nobody notices when that child dies. Here the end
of the thread ends the worker, and so the dyno, which Heroku then restarts.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import Any

from celery import Celery, bootsteps
from celery.beat import Scheduler, Service
from click import Option

from scalar.core import logfmt

log = logging.getLogger("scalar")

#: Seconds between two looks of beat whether it is to stop.
MOST_SLEEP = 1


class SharingScheduler(Scheduler):
    """A scheduler that sends through the worker's own pool of producers.

    Celery's keeps two connections to Redis for itself, of the 20 that Heroku's
    smallest plan has. A tick that cannot be sent is lost; the next one follows.
    """

    @property
    def producer(self) -> None:  # type: ignore[override] # what a task takes besides
        """None: the task then takes a producer of the app's pool."""


class BeatThread(bootsteps.StartStopStep):
    """A step of the worker: starts beat with it, and stops it with it."""

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
            parent.app, max_interval=MOST_SLEEP, scheduler_cls=SharingScheduler
        )
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)
        self._thread.start()

    def stop(self, parent: Any) -> None:
        """Stop beat; a tick under way is finished."""
        del parent
        self._stopping.set()
        self._service.stop()
        self._thread.join(timeout=MOST_SLEEP * 5)

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
    """Give `celery worker` the option `--with-beat`."""
    app.user_options["worker"].add(
        Option(
            ("--with-beat",),
            is_flag=True,
            help="Run beat as a thread of this worker.",
        )
    )
    app.steps["worker"].add(BeatThread)
