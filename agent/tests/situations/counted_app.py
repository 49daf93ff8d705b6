"""The Celery app of the situations, for this process and for its workers.

A task creates a file when it starts, and runs until it is released or the process
that started it ends.
"""

from __future__ import annotations

import importlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Optional

from celery import Celery
from celery.app.task import Context
from kombu import Exchange, Queue

#: The environment variable with a worker's settings.
VARIABLE = "SITUATION_SETTINGS"
#: Seconds between a running task's checks whether it may end.
LOOK = 0.05
LET_GO = "let-go"


@dataclass(frozen=True)
class Settings:
    """How an app is set up.

    Attributes:
        folder: Where its tasks create their files.
        queue: The default queue.
        is_mixed: Whether one task acknowledges early although the others do not.
        is_routed: Whether the names of queues differ from their routing keys.
        timezone: The timezone of the app's times; None for UTC.
        has_agent: Whether the app imports the agent, as the agent's README says.
        starts_fast: Whether its workers do without what makes their start slow; such a
            worker may end when Redis restarts.
        is_answering: Whether its workers listen to remote control.
        serializer: How tasks are written; workers read nothing else.
        protocol: The version of the task protocol.
        soft_shutdown: Seconds for a soft shutdown, begun by SIGTERM; 0 for none.
        prefetch: How many jobs a worker holds for each that it can run.
    """

    url: str
    folder: str
    queue: str = "celery"
    acks_late: bool = False
    is_mixed: bool = False
    is_routed: bool = False
    has_agent: bool = True
    prefix: str = ""
    steps: Optional[tuple[int, ...]] = None
    separator: Optional[str] = None
    timezone: Optional[str] = None
    starts_fast: bool = True
    is_answering: bool = True
    serializer: str = "json"
    protocol: int = 2
    soft_shutdown: float = 0.0
    prefetch: int = 4

    @property
    def environment(self) -> dict[str, str]:
        """What a worker's process needs to make the same app."""
        quit_ = {"REMAP_SIGTERM": "SIGQUIT"} if self.soft_shutdown else {}
        return {VARIABLE: json.dumps(asdict(self)), "C_FORCE_ROOT": "1", **quit_}


def make_app(settings: Settings) -> Celery:
    """Return an app with these settings."""
    if settings.has_agent:
        importlib.import_module("scalar_agent.celery")
    made = Celery("counted", broker=settings.url, set_as_current=False)
    made.conf.update(
        broker_connection_retry_on_startup=True,
        broker_transport_options=_transport_options(settings),
        task_acks_late=settings.acks_late,
        task_default_queue=settings.queue,
        task_ignore_result=True,
        worker_prefetch_multiplier=settings.prefetch,
        worker_enable_remote_control=settings.is_answering,
        task_serializer=settings.serializer,
        accept_content=[settings.serializer],
        task_protocol=settings.protocol,
    )
    if settings.soft_shutdown:
        made.conf.worker_soft_shutdown_timeout = settings.soft_shutdown
    if settings.timezone:
        made.conf.update(enable_utc=False, timezone=settings.timezone)
    if settings.is_routed:
        made.conf.task_default_queue = "default"
        made.conf.task_queues = [
            Queue("default"),
            Queue("mail"),
            Queue("reports", Exchange("papers"), routing_key="nightly"),
            Queue("alarms", Exchange("news", type="topic"), routing_key="alarm.#"),
        ]
    folder = Path(settings.folder)

    @made.task(name="hold", bind=True, shared=False)
    def hold(self: Any) -> None:
        """Run until released."""
        _hold(folder, self.request)

    if settings.is_mixed:

        @made.task(name="hold_early", bind=True, shared=False, acks_late=False)
        def hold_early(self: Any) -> None:
            """Run until released, acknowledged before it runs."""
            _hold(folder, self.request)

    return made


def _transport_options(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if settings.prefix:
        options["global_keyprefix"] = settings.prefix
    if settings.steps is not None:
        options["priority_steps"] = list(settings.steps)
    if settings.separator is not None:
        options["sep"] = settings.separator
    return options


def _hold(folder: Path, request: Context) -> None:
    """Create the file of a running task, and wait to be released.

    A child process of a killed worker must not stay behind: it ends when it gets
    another parent.
    """
    parent = os.getppid()
    (folder / f"{request.id}.running").touch()
    while not (folder / LET_GO).exists() and os.getppid() == parent:
        time.sleep(LOOK)


def _workers_app() -> Celery:
    """Return the app of a worker's process; only there the variable is set."""
    if VARIABLE not in os.environ:
        return make_app(Settings("memory://", "."))
    return make_app(Settings(**json.loads(os.environ[VARIABLE])))


#: What `celery -A` finds in the worker's process.
app = _workers_app()
