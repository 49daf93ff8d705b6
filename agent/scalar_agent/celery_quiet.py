"""A command for Celery's remote control: take no more jobs for a while.

Heroku removes the dynos with the highest numbers. One of them may be idle when
the work is measured, and take a job before it is told to stop; a pool that dies
of SIGTERM then loses it. So before dynos are removed, the workers on them stop
to take jobs, and the work is measured after that. They go on by themselves after
some seconds, whatever comes of the removal.

What a worker consumes is changed at its connection alone, not in the app's
settings: a worker that connects anew goes on at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from celery.worker.control import control_command

from scalar_agent.dynos import dyno_of, is_removed

#: The command's name.
COMMAND = "scalar_agent_quiet"
#: Seconds without new jobs: longer than it takes until SIGTERM.
SECONDS = 20.0


@control_command(name=COMMAND)
def be_quiet(
    state: Any, *, keep: Mapping[str, int], seconds: float = SECONDS, **_: Any
) -> dict[str, Any]:
    """Take no more jobs for a while, if this worker's dyno is to be removed."""
    consumer = getattr(state, "consumer", None)
    dyno = dyno_of(state.hostname)
    if consumer is None or dyno is None or not is_removed(dyno, keep):
        return {"quiet": False}
    consumer.call_soon(_stop, consumer)
    _Waiting.until = time.monotonic() + seconds
    timer = threading.Timer(seconds + 0.1, _wake, (consumer,))
    timer.daemon = True
    timer.start()
    return {"quiet": True}


class _Waiting:
    """Until when this worker takes no jobs, if it was told so several times."""

    until = 0.0


def _stop(consumer: Any) -> None:
    for queue in list(consumer.task_consumer.queues):
        consumer.task_consumer.cancel_by_queue(queue.name)


def _wake(consumer: Any) -> None:
    if time.monotonic() >= _Waiting.until:
        consumer.call_soon(_go_on, consumer)


def _go_on(consumer: Any) -> None:
    """Take jobs again from all queues that this worker was started for."""
    tasks = consumer.task_consumer
    if tasks is None or tasks.channel is None:
        return  # it connects anew, and then takes jobs by itself
    for queue in consumer.app.amqp.queues.consume_from.values():
        if not tasks.consuming_from(queue.name):
            tasks.add_queue(queue)
    tasks.consume()
