"""Faults that a test or a demo injects, and which request gets one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from local_heroku.errors import RATE_LIMITS_URL, ApiError


class FaultKind(StrEnum):
    """What goes wrong.

    With latency, cut, partial, drip, leave_out and apply_then_reset the request
    still takes effect, with apply_late some time later; with the others it does not.
    """

    STATUS = "status"  # an error with a well-formed body
    LATENCY = "latency"  # the answer comes `seconds` late
    HANG = "hang"  # no answer for `seconds`, or until cleared; then a reset
    RESET = "reset"  # the connection is reset before the answer
    CUT = "cut"  # the answer ends before its Content-Length
    NON_JSON = "non_json"  # 200 with a page of HTML
    PARTIAL = "partial"  # 206 with one row and Next-Range
    DRIP = "drip"  # one byte every `seconds`
    APPLY_THEN_RESET = "apply_then_reset"  # takes effect, then a reset
    APPLY_LATE = "apply_late"  # a reset, and takes effect `seconds` later
    LEAVE_OUT = "leave_out"  # as if there were no process type `extra["type"]`


NOT_SERVED = frozenset(
    {FaultKind.STATUS, FaultKind.HANG, FaultKind.RESET, FaultKind.NON_JSON}
)


@dataclass(slots=True)
class Fault:
    """One fault and the requests that it strikes.

    It strikes `times` times, or until it is cleared if that is None; with
    `every` 3, only every third matching request. `status`, `error_id`,
    `message` and `extra` define the answer of a status fault.
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
        """Return whether the fault applies to such a request."""
        return (
            self.method in {None, method}
            and (self.path is None or path.startswith(self.path))
            and self.app in {None, app}
        )

    @property
    def spent(self) -> bool:
        """Whether it has struck `times` times."""
        return self.times is not None and self.happened >= self.times

    def error(self) -> ApiError:
        """Return the answer of a status fault."""
        error = ApiError(self.status, self.error_id, self.message)
        if self.status == 429:
            error.body["url"] = RATE_LIMITS_URL
        error.body.update(self.extra)
        return error


class Faults:
    """All faults, oldest first."""

    def __init__(self) -> None:
        self.all: list[Fault] = []

    def next_for(self, method: str, path: str, app: str | None) -> Fault | None:
        """Return the fault that strikes this request, if any.

        The oldest wins, but every matching fault counts the request.
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
