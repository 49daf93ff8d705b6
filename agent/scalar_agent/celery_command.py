"""A remote control command that lists the tasks a worker holds.

Every worker that imports this module knows the command. One request then lists all
of them; `inspect` needs three, and does not report the queue of a task with an ETA.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from celery.worker import state as worker_state
from celery.worker.control import inspect_command
from celery.worker.request import Request

from scalar_agent.celery_stamp import SENT_AT

#: The command's name.
COMMAND = "scalar_agent_tasks"


@inspect_command(name=COMMAND)
def tasks_of(state: Any, *, only_active: bool = False, **_: Any) -> dict[str, Any]:
    """List this worker's tasks: running, reserved, or waiting for their ETA."""
    consumer = getattr(state, "consumer", None)
    requests = {id(request): request for request in requests_of(consumer)}
    # A worker that shuts down forgets the tasks that it has not started.
    requests.update(state.get("remembered", {}))
    active = {id(request) for request in snapshot(worker_state.active_requests)}
    return {
        "tasks": [
            _facts(request, is_active=number in active)
            for number, request in list(requests.items())
            # An acknowledged task that does not run has ended.
            if number in active or not (only_active or request.acknowledged)
        ],
        "queues": _queues(consumer),
    }


def requests_of(consumer: Any) -> Iterator[Any]:
    """Yield all requests that a worker holds; some of them more than once."""
    yield from snapshot(worker_state.requests.values())
    yield from snapshot(worker_state.reserved_requests)
    yield from snapshot(worker_state.active_requests)
    if consumer is None:
        return
    for entry in snapshot(consumer.timer.schedule.queue):
        arguments = getattr(getattr(entry, "entry", None), "args", None) or ()
        yield from (item for item in arguments[:1] if isinstance(item, Request))
    for bucket in snapshot(consumer.task_buckets.values()):  # held by a rate limit
        for item in list(getattr(bucket, "contents", ())):
            yield from (part for part in item[:1] if isinstance(part, Request))


def snapshot(items: Iterable[Any]) -> list[Any]:
    """Return the items of a collection that other threads may be changing.

    Raises:
        RuntimeError: It changed every time it was read.
    """
    for _ in range(100):
        try:
            return list(items)
        except RuntimeError:  # it has changed
            continue
    raise RuntimeError("the tasks change too fast to be listed")


def _facts(request: Any, *, is_active: bool) -> dict[str, Any]:
    headers = request.request_dict
    info = request.delivery_info
    return {
        "id": request.id,
        "exchange": info.get("exchange") or "",
        "routing_key": info.get("routing_key") or "",
        "eta": headers.get("eta"),
        "sent_at": headers.get(SENT_AT),
        "active": is_active,
        "acknowledged": request.acknowledged,
    }


def _queues(consumer: Any) -> list[str]:
    task_consumer = getattr(consumer, "task_consumer", None)
    return [queue.name for queue in task_consumer.queues] if task_consumer else []
