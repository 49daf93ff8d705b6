"""The Celery app and its two tasks; each calls one use case.

`celery -A scalar.tasks worker` and `celery -A scalar.tasks beat` start here.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from celery import Celery
from celery.signals import (
    beat_init,
    setup_logging,
    worker_init,
    worker_shutting_down,
)

from scalar.core import logfmt
from scalar.core.app import AppKey
from scalar.core.errors import ConfigurationError, ScalarError
from scalar.core.repeated import ends, repeats
from scalar.logs import never_show, set_up_logging
from scalar.start import exit_with, settings_or_exit
from scalar.worker import SLOW, InThreadRequest, SlowLane, install

if TYPE_CHECKING:
    from scalar.bootstrap import Toolbox

settings = settings_or_exit()
log = logging.getLogger("scalar")

#: Seconds for all HTTP of one evaluation: a worker that is stopping waits for its
#: evaluations, and Heroku kills it after 30 s.
EVALUATION_SECONDS = 20
#: The largest id that the registry's column can hold.
LARGEST_ID = 2**31 - 1

app = Celery("scalar")
app.config_from_object("celeryconfig")
install(app)
slow_lane = SlowLane(max(1, settings.worker_concurrency // 2))


@cache
def toolbox() -> Toolbox:
    """Return the parts of this process, created when a worker starts.

    Beat does not need them, so it never imports their libraries.
    """
    from scalar.bootstrap import Toolbox  # noqa: PLC0415 - keeps beat small

    return Toolbox(settings)


@app.task(name="scalar.fan_out")
def fan_out() -> None:
    """Enqueue an evaluation of every app."""
    from scalar.service.fan_out import fan_out as use_case  # noqa: PLC0415
    from scalar.service.health import send_heartbeat  # noqa: PLC0415
    from scalar.worker import CeleryPublisher  # noqa: PLC0415

    publisher = CeleryPublisher(app, poll_and_scale)
    try:
        if use_case(toolbox().parts, publisher):
            send_heartbeat(toolbox().parts, toolbox().pinger)
            log.info(logfmt.line("tick.succeeds"), extra=ends("tick", "failed"))
    except ScalarError as exc:
        line = logfmt.line("tick.failed", detail=exc)
        log.error(line, extra=repeats("tick", "failed"))  # noqa: TRY400 - an expected error; the detail is enough


@app.task(name="scalar.poll_and_scale", Request=InThreadRequest)
def poll_and_scale(app_id: int, name: str, revision: int, token: str) -> None:
    """Evaluate one app; a slow one in the threads that are for those."""
    if not 0 < int(app_id) <= LARGEST_ID:
        log.error(logfmt.line("message.refused", detail="no app has this id"))
        return
    key = AppKey(int(app_id), str(name), int(revision))
    if poll_and_scale.request.get(SLOW):
        slow_lane.run(key.id, lambda: _evaluate(key, str(token)))
    else:
        _evaluate(key, str(token))


def _evaluate(key: AppKey, token: str) -> None:
    from scalar.adapters.deadline import within  # noqa: PLC0415
    from scalar.service.evaluate.poll_and_scale import poll_and_scale as use_case  # noqa: PLC0415

    try:
        with within(EVALUATION_SECONDS):
            use_case(toolbox().parts, key, token)
            log.info(logfmt.line("poll.succeeds"), extra=ends("poll"))
    except ScalarError as exc:
        # What fails is Redis or the database: one cause, whatever the app.
        line = logfmt.line("poll.failed", app=key.name, detail=exc)
        log.error(line, extra=repeats("poll", type(exc).__name__))  # noqa: TRY400 - an expected error; the detail is enough


@setup_logging.connect
def _logging(**_: object) -> None:
    """Set up our own logging in place of Celery's."""
    never_show(settings.secrets())
    set_up_logging(settings.log_level)


@worker_init.connect
def _worker_starts(**_ignored: object) -> None:
    """Create the parts before the first tick, so that errors show at once."""
    try:
        _ = toolbox().parts
    except ConfigurationError as exc:
        exit_with(exc)
    log.info(
        logfmt.line(
            "worker.starts",
            period=settings.sleep_period,
            boundary=settings.policy.get("boundary", 0),
            concurrency=settings.worker_concurrency,
        )
    )


@worker_shutting_down.connect
def _worker_ends(**_: object) -> None:
    """Leave the slow apps that wait to the next tick: the worker has 30 s to end."""
    slow_lane.close()


@beat_init.connect
def _beat_starts(**_: object) -> None:
    log.info(logfmt.line("beat.starts", period=settings.sleep_period))
