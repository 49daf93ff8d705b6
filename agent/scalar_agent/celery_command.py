"""A remote control command that lists the tasks a worker holds.

Every worker that imports this module knows the command. One request then lists all
of them; `inspect` needs three, and does not report the queue of a task with an ETA.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Optional

from celery.utils.time import maybe_iso8601, maybe_make_aware
from celery.worker import state as worker_state
from celery.worker.control import inspect_command
from celery.worker.request import Request

from scalar_agent.celery_stamp import SENT_AT

#: The command's name.
COMMAND = "scalar_agent_tasks"
#: When this process began, about.
BEGAN_AT = time.time()
#: The member of an answer that holds it as JSON, whatever form the worker writes.
AS_TEXT = "scalar_agent_json"


@inspect_command(name=COMMAND)
def tasks_of(
    state: Any, *, only_active: bool = False, as_text: bool = False, **_: Any
) -> dict[str, Any]:
    """List this worker's tasks: running, reserved, or waiting for their ETA.

    Args:
        state: The worker.
        only_active: List only those that run.
        as_text: Answer with the same as JSON, which can be found in any form.
    """
    consumer = getattr(state, "consumer", None)
    requests = {id(request): request for request in requests_of(consumer)}
    # A worker that shuts down forgets the tasks that it has not started.
    requests.update(state.get("remembered", {}))
    active = {id(request) for request in snapshot(worker_state.active_requests)}
    # An acknowledged task that does not run has ended.
    held = {
        number: request
        for number, request in list(requests.items())
        if number in active or not request.acknowledged
    }
    answer = {
        "tasks": [
            _facts(request, is_active=number in active)
            for number, request in held.items()
            if number in active or not only_active
        ],
        "queues": _queues(consumer),
        "began_at": BEGAN_AT,
        "waits": _waits(
            state.app, [x for number, x in held.items() if number not in active]
        ),
        **state.get("more", dict)(),
    }
    if as_text:
        return {AS_TEXT: json.dumps({"name": state.hostname, **answer})}
    return answer


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
        "eta": _text(headers.get("eta")),
        "expires": _text(headers.get("expires")),
        "sent_at": headers.get(SENT_AT),
        "active": is_active,
        "acknowledged": request.acknowledged,
        "tag": str(getattr(request.message, "delivery_tag", "") or ""),
        "redelivered": bool(info.get("redelivered")),
    }


def _waits(app: Any, requests: Iterable[Any]) -> list[list[Any]]:
    """Return exchange, routing key and since when the oldest due task waits.

    The time is None if a message has no stamp.
    """
    now = time.time()
    oldest: dict[tuple[str, str], Optional[float]] = {}
    for request in requests:
        headers, info = request.request_dict, request.delivery_info
        eta, expires = (_seconds(app, headers.get(x)) for x in ("eta", "expires"))
        if (eta or 0.0) > now or (expires or now) < now:
            continue
        place = (info.get("exchange") or "", info.get("routing_key") or "")
        sent_at = headers.get(SENT_AT)
        is_stamped = isinstance(sent_at, (int, float))
        since = max(sent_at, eta or 0.0) if is_stamped else eta
        known = oldest.get(place, now)
        is_known = since is not None and known is not None
        oldest[place] = min(known, since) if is_known else None  # type: ignore[type-var]
    return [[*place, since] for place, since in oldest.items()]


def _seconds(app: Any, value: Any) -> Optional[float]:
    try:
        when: Any = maybe_iso8601(value)
        if isinstance(when, datetime):
            return float(maybe_make_aware(when, app.timezone).timestamp())
    except (TypeError, ValueError):
        pass
    return None


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _queues(consumer: Any) -> list[str]:
    task_consumer = getattr(consumer, "task_consumer", None)
    return [queue.name for queue in task_consumer.queues] if task_consumer else []
