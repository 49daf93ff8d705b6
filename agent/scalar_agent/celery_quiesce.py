"""A remote control command that quiesces a worker: it takes no new jobs for a while.

Heroku removes the dynos with the highest numbers. One of them may be idle when
the work is measured and take a job before it gets SIGTERM; a pool that dies of
SIGTERM then loses the job. So before dynos are removed, the workers on them stop
consuming, and the work is measured after that. They resume by themselves after some
seconds, whether or not the dynos are removed. Where dynos have no numbers any of them
may go, so all of them stop, and resume at once if none can go.

Only the worker's connection stops consuming; the app's settings stay as they are.
So a worker that reconnects resumes at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from celery.worker.control import control_command

from scalar_agent.dynos import dyno_of, is_removed, number_of

#: The command's name; it stays, since older agents know it.
COMMAND = "scalar_agent_quiet"
#: Seconds without new jobs: longer than SIGTERM takes to arrive.
SECONDS = 20.0


@control_command(name=COMMAND)
def quiesce(
    state: Any, *, keep: Mapping[str, int], seconds: float = SECONDS, **_: Any
) -> dict[str, Any]:
    """Take no new jobs for a while if this worker's dyno may be removed.

    Args:
        state: The worker.
        keep: Process type -> number of dynos to keep.
        seconds: For how long; 0 to go on, on a dyno without a number.
    """
    consumer = getattr(state, "consumer", None)
    dyno = dyno_of(state.hostname)
    if consumer is None or dyno is None or not is_removed(dyno, keep):
        return {"quiet": False}
    if seconds <= 0:
        if number_of(dyno) is None:
            _Quiesced.until = 0.0
            consumer.call_soon(_resume, consumer)
        return {"quiet": False}
    consumer.call_soon(_stop_consuming, consumer)
    _Quiesced.until = time.monotonic() + seconds
    timer = threading.Timer(seconds + 0.1, _resume_if_due, (consumer,))
    timer.daemon = True
    timer.start()
    return {"quiet": True}


class _Quiesced:
    """When this worker resumes; the last of several commands counts."""

    until = 0.0


def _stop_consuming(consumer: Any) -> None:
    for queue in list(consumer.task_consumer.queues):
        consumer.task_consumer.cancel_by_queue(queue.name)


def _resume_if_due(consumer: Any) -> None:
    if time.monotonic() >= _Quiesced.until:
        consumer.call_soon(_resume, consumer)


def _resume(consumer: Any) -> None:
    """Consume again from all queues that this worker was started for."""
    tasks = consumer.task_consumer
    if tasks is None or tasks.channel is None:
        return  # it is reconnecting, which starts consuming anyway
    for queue in consumer.app.amqp.queues.consume_from.values():
        if not tasks.consuming_from(queue.name):
            tasks.add_queue(queue)
    tasks.consume()
