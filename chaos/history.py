"""What was observed during a run, from outside the scaler. Times are Unix seconds.

The answers come from the fleet's log, the calls from the local Heroku's, the events
and the registry from the database, the faults from the storm that injected them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

#: Faults of the local Heroku that do not keep a change from being applied.
APPLIED_ANYWAY = frozenset(
    {"latency", "cut", "partial", "drip", "apply_then_reset", "apply_late"}
)
#: The method of what a person has changed.
HAND = "HAND"
#: A success, as Heroku answers it.
OK = 200
PARTIAL = 206


@dataclass(frozen=True, slots=True)
class Answer:
    """What an app answered to one request.

    Attributes:
        at: When.
        app: Its name.
        kind: `healthy`, or the app's fault.
        counts: By process type; None if the answer leaves it unknown.
        begins_poll: False for a redirected request.
        leaked: Whether the request sent a password to another host.
        busy: The highest number of a busy dyno, by process type.
        quiesced: How many dynos the request said would be kept.
    """

    at: float
    app: str
    kind: str
    counts: Mapping[str, int | None]
    begins_poll: bool = True
    leaked: bool = False
    busy: Mapping[str, int] = field(default_factory=dict)
    quiesced: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the Heroku API; `updates` is what a PATCH requested.

    A change that a person made is one of the method `HAND`.

    Attributes:
        at: When.
        method: Of HTTP.
        app: The name of the app.
        status: None if the answer was not sent completely.
        fault: The fault that it met.
        updates: The quantities of a PATCH.
        path: Its path.
        applied_at: When a change took effect, if that was not at once.
    """

    at: float
    method: str
    app: str | None
    status: int | None
    fault: str | None = None
    updates: Mapping[str, int] = field(default_factory=dict)
    path: str = ""
    applied_at: float | None = None

    @property
    def took_effect_at(self) -> float:
        """When a change took effect."""
        return self.at if self.applied_at is None else self.applied_at

    @property
    def was_applied(self) -> bool:
        """Whether Heroku applied the change."""
        if self.method == HAND:
            return True
        return self.method == "PATCH" and (
            self.fault in APPLIED_ANYWAY
            if self.fault
            else self.status is not None and self.status in {OK, PARTIAL}
        )

    @property
    def was_answered(self) -> bool:
        """Whether the caller could read a success."""
        return self.status in {OK, PARTIAL} and self.fault in {
            None,
            "latency",
            "partial",
        }


@dataclass(frozen=True, slots=True)
class Event:
    """A change in the journal, in the order in which it was written.

    `id` is what tells it from every other event; `kind` is `scaled`, or
    `changed_elsewhere` for a change that is not the scaler's.
    """

    at: float
    app: str
    process_type: str
    from_quantity: int | None
    to_quantity: int | None
    id: str | None = None
    kind: str = "scaled"


@dataclass(frozen=True, slots=True)
class Span:
    """A past fault: what it was, when, and which apps it affected.

    Attributes:
        kind: The fault.
        began: When.
        ended: When the fault was removed.
        apps: The apps that were sick or refused; empty for faults of the system.
        limit: The number of dynos that a refusal allowed, if it named one.
        process_type: The only one that it affects; None for all.
    """

    kind: str
    began: float
    ended: float
    apps: frozenset[str] = frozenset()
    limit: int | None = None
    process_type: str | None = None

    def covers(self, at: float, after: float = 0.0) -> bool:
        """Return whether a time is within it, or up to `after` seconds later."""
        return self.began <= at <= self.ended + after


@dataclass(frozen=True)
class History:
    """Everything about a run.

    Attributes:
        seed: Of the run.
        period: Seconds between two ticks.
        formation_ttl: Seconds after which a formation is read again.
        began: When the fleet's script began.
        ended: When the run was over.
        frozen: When the script stopped, so that everything could settle.
        first_dynos: The formation of each app at the beginning.
        last_dynos: The formation of each app at the end.
        answers: In order of time.
        calls: In order of time.
        events: Changes in the journal, in the order of writing.
        by_hand: What people changed on Heroku, as calls.
        leaks: Where a secret was found.
        spans: The faults.
        registry_before: Rows of the registry at the start.
        registry_after: The same at the end.
        deaths: Descriptions of processes that exited by themselves.
        load: When, and how many times as long as alone a piece of work took.
    """

    seed: int
    period: float
    began: float
    ended: float
    frozen: float
    first_dynos: Mapping[str, Mapping[str, int]]
    last_dynos: Mapping[str, Mapping[str, int]]
    answers: tuple[Answer, ...] = ()
    calls: tuple[Call, ...] = ()
    events: tuple[Event, ...] = ()
    by_hand: tuple[Call, ...] = ()
    leaks: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    formation_ttl: float = 600.0
    registry_before: tuple[str, ...] = ()
    registry_after: tuple[str, ...] = ()
    deaths: tuple[str, ...] = ()
    load: tuple[tuple[float, float], ...] = ()

    def stretched(self, began: float, seconds: float) -> float:
        """Return the seconds after a time that this time takes on this machine.

        As long as alone, where nothing was measured.
        """
        first = bisect_left(self.load, (began, 0.0))
        at, left = began, seconds
        for then, slow in self.load[first:]:
            passed = (then - at) / max(slow, 1.0)
            if passed >= left:
                return at + left * max(slow, 1.0) - began
            at, left = then, left - passed
        return at + left - began

    @cached_property
    def answers_of(self) -> Mapping[str, tuple[Answer, ...]]:
        """The answers of each app."""
        return _by_app(self.first_dynos, self.answers)

    @cached_property
    def patches_of(self) -> Mapping[str, tuple[Call, ...]]:
        """The requested changes, by app."""
        return _by_app(self.first_dynos, (c for c in self.calls if c.method == "PATCH"))

    @cached_property
    def calls_of(self) -> Mapping[str, tuple[Call, ...]]:
        """All calls, by app."""
        return _by_app(self.first_dynos, self.calls)

    @cached_property
    def made_of(self) -> Mapping[str, tuple[Call, ...]]:
        """What changed dynos, by whomever, in the order of taking effect."""
        made = (c for c in (*self.calls, *self.by_hand) if c.was_applied)
        ordered = sorted(made, key=lambda call: call.took_effect_at)
        return {
            name: tuple(call for call in ordered if call.app == name)
            for name in self.first_dynos
        }

    @cached_property
    def resumed(self) -> dict[Span, float | None]:
        """When polling resumed after each fault, as far as it was asked for."""
        return {}

    def spans_of(self, *kinds: str) -> list[Span]:
        """Return the faults of these kinds."""
        return [span for span in self.spans if span.kind in kinds]


T = TypeVar("T", Answer, Call)


def _by_app(names: Iterable[str], seen: Iterable[T]) -> Mapping[str, tuple[T, ...]]:
    """Group what was observed by app, in order of time."""
    found: defaultdict[str, list[T]] = defaultdict(list)
    for one in sorted(seen, key=lambda one: one.at):
        if one.app is not None:
            found[one.app].append(one)
    return {name: tuple(found[name]) for name in names}
