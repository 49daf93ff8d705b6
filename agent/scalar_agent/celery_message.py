"""Read what a message says of its job, without its arguments.

Nothing is unpickled. In the first version of Celery's task protocol everything is in
the body; it is read only if it is JSON.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Callable, Optional

from scalar_agent.celery_found import Job, Times
from scalar_agent.celery_stamp import SENT_AT

#: Text of an ETA -> seconds since 1970; may raise ValueError or TypeError.
ReadEta = Callable[[str], float]


def read_job(
    message: Any, queues: frozenset[str], place: str, read_eta: ReadEta
) -> Job:
    """Return the job of a message; a message that is not a task has no times.

    Args:
        message: The message as Kombu writes it, decoded.
        queues: The queues that it belongs to.
        place: Identifies a message that is not a task.
        read_eta: Reads an ETA.
    """
    try:
        headers = facts_of(message)
        key = (str(headers["id"]), str(message["properties"]["delivery_tag"]))
    except (KeyError, TypeError):
        return Job(("", place), queues)
    is_redelivered = bool(message["headers"].get("redelivered"))
    return Job(key, queues, read_times(headers, read_eta), is_redelivered)


def facts_of(message: Any) -> Mapping[str, Any]:
    """Return the headers of a task, or what stands for them in an old one's body.

    Raises:
        KeyError: It has no headers.
        TypeError: It is no message.
    """
    headers: Mapping[str, Any] = message["headers"]
    if "id" in headers or message.get("content-type") != "application/json":
        return headers
    body = body_of(message)
    return {**body, **headers} if isinstance(body, dict) else headers


def body_of(message: Mapping[str, Any]) -> Any:
    """Return the body of a JSON message; None if it cannot be read."""
    try:
        body = message["body"]
        if message["properties"].get("body_encoding") == "base64":
            body = base64.b64decode(body)
        return json.loads(body)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def read_times(headers: Mapping[str, Any], read_eta: ReadEta) -> Times:
    """Return the times of a task; None for those that are missing or malformed."""
    sent_at: Optional[float] = None
    try:
        if headers.get(SENT_AT) is not None:
            sent_at = float(headers[SENT_AT])
    except (TypeError, ValueError):
        pass
    # A worker has to deal with a malformed time, so the job is due.
    eta = _read(headers.get("eta"), read_eta)
    return Times(eta, _read(headers.get("expires"), read_eta), sent_at)


def _read(text: Any, read_eta: ReadEta) -> Optional[float]:
    try:
        return read_eta(text) if text else None
    except (AttributeError, TypeError, ValueError):
        return None
