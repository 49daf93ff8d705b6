"""Faults that a test or a demo asks for, and which request gets one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from local_heroku.errors import RATE_LIMITS_URL, ApiError


class FaultKind(StrEnum):
    """What goes wrong.

    Whether the request still takes effect: yes for latency, cut, partial,
    drip and apply_then_reset; no for the others.
    """

    STATUS = "status"  # an error answer with a proper body
    LATENCY = "latency"  # the answer comes `seconds` late
    HANG = "hang"  # no answer for `seconds`, or until the faults are cleared
    RESET = "reset"  # the connection is reset before the answer
    CUT = "cut"  # the answer ends before its declared length
    NON_JSON = "non_json"  # 200 with a page of HTML
    PARTIAL = "partial"  # 206 with one row and Next-Range
    DRIP = "drip"  # one byte every `seconds`
    APPLY_THEN_RESET = "apply_then_reset"  # it takes effect, no answer comes


NOT_SERVED = frozenset(
    {FaultKind.STATUS, FaultKind.HANG, FaultKind.RESET, FaultKind.NON_JSON}
)


@dataclass(slots=True)
class Fault:
    """One fault and the requests that it is for.

    `times` is how often it happens, None for until it is cleared; with
    `every` 3 it is the third, sixth, ... request that matches. `status`,
    `error_id`, `message` and `extra` shape the body of a status fault.
    """

    id: str
    kind: FaultKind
    method: str | None = None
    path: str | None = None
    app: str | None = None
    times: int | None = 1
    every: int = 1
    seconds: float | None = None
    status: int = 503
    error_id: str | None = None
    message: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    happened: int = 0

    def matches(self, method: str, path: str, app: str | None) -> bool:
        """Say whether the fault is for such a request."""
        return (
            self.method in {None, method}
            and (self.path is None or path.startswith(self.path))
            and self.app in {None, app}
        )

    @property
    def spent(self) -> bool:
        """Whether it has happened as often as was asked for."""
        return self.times is not None and self.happened >= self.times

    def error(self) -> ApiError:
        """Return the answer of a status fault."""
        error = ApiError(self.status, self.error_id, self.message)
        if self.status == 429:
            error.body["url"] = RATE_LIMITS_URL
        error.body.update(self.extra)
        return error


class Faults:
    """The faults in force, oldest first."""

    def __init__(self) -> None:
        self.all: list[Fault] = []

    def next_for(self, method: str, path: str, app: str | None) -> Fault | None:
        """Return the fault that happens to this request, if one does.

        At most one does, the oldest; each that matches counts the request.
        """
        chosen: Fault | None = None
        for fault in self.all:
            if fault.spent or not fault.matches(method, path, app):
                continue
            fault.seen += 1
            if chosen is None and fault.seen % fault.every == 0:
                fault.happened += 1
                chosen = fault
        return chosen
