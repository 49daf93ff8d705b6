"""What happened in a run, seen from outside of the service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from scalar.core.event import Event

Counts = Mapping[str, int | None]


@dataclass
class Evaluation:
    """One evaluation under way.

    Attributes:
        app: The first name of the app that its message is for.
        app_id: The registry's number.
        began: When the worker took the message.
        answered: When the app's last answer came.
        counts: What that one said; None for what it left unknown.
        said: What all answers of this evaluation said.
        busy: Process type to the dynos that its last answer told busy.
        were_busy: The same of all answers of this evaluation together.
        patches: Changes that it asked for.
        limited: Whether Heroku refused one with a limit, or a process type of it.
        made: The changes that Heroku made of them.
        lease: The token of its lease.
        sent: When it asked for its last change.
        believed: Process type to the dynos that it took for granted then.
        is_remembered: Whether what it learned was stored.
        decided: Whether it ended without a hold of the whole app.
        ahead: How far the clock of its machine is ahead, in seconds.
    """

    app: str
    app_id: int
    began: float
    answered: float = 0.0
    counts: Counts = field(default_factory=dict)
    said: list[Counts] = field(default_factory=list)
    busy: dict[str, frozenset[int]] = field(default_factory=dict)
    were_busy: dict[str, frozenset[int]] = field(default_factory=dict)
    patches: int = 0
    limited: bool = False
    made: list[Change] = field(default_factory=list)
    lease: str = ""
    sent: float = 0.0
    believed: dict[str, int | None] = field(default_factory=dict)
    is_remembered: bool = False
    decided: bool = False
    ahead: float = 0.0


@dataclass(slots=True)
class Change:
    """A process type whose dynos are others than before.

    Attributes:
        at: When.
        who: `us`, `late` for our PATCH without an answer, `hand`, `deployment`.
        before: Dynos before.
        after: Dynos after.
        answered: Whether Heroku's answer came through to a process that lived.
    """

    at: float
    who: str
    before: int
    after: int
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """What a person was told is done.

    Attributes:
        at: When that was said.
        app: Of which app.
        part: A process type; empty for the whole app.
        put: The values that were set.
        removed: Those that were taken away.
    """

    at: float
    app: str
    part: str
    put: Mapping[str, str]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken: when, which, how."""

    at: float
    rule: str
    what: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trail: the time, the actor, the call, the app and the result."""

    at: float
    actor: str
    app: str
    call: str
    outcome: str

    def __str__(self) -> str:
        return f"{self.at:9.3f}  " + " ".join(
            (f"{self.actor:10}", f"{self.app:7}", f"{self.call:10}", self.outcome)
        )


class Record:
    """All of a run.

    Attributes:
        polls: App to the times at which it was asked.
        known: App to the answers whose evaluation ended well: when, and what.
        changes: (app, process type) to what changed.
        orders: App to what people were told is done.
        events: What the journal took, in its order.
        reads: App to how often its formation was read.
        patches: App to how often a change was asked for.
        evaluations: How many ended.
        violations: The rules that were broken, each once per app and type.
        trail: Lines of time, actor, call and outcome; None if nobody wants them.
    """

    def __init__(self, *, with_trail: bool) -> None:
        self.polls: defaultdict[str, list[float]] = defaultdict(list)
        self.known: defaultdict[str, list[tuple[float, Counts]]] = defaultdict(list)
        self.changes: defaultdict[tuple[str, str], list[Change]] = defaultdict(list)
        self.orders: defaultdict[str, list[Order]] = defaultdict(list)
        self.events: list[Event] = []
        self.reads: defaultdict[str, int] = defaultdict(int)
        self.patches: defaultdict[str, int] = defaultdict(int)
        self.evaluations = 0
        self.violations: list[Violation] = []
        self.trail: list[Line] | None = [] if with_trail else None
        self._broken: set[tuple[str, str]] = set()

    def note(
        self, at: float, actor: str, call: str, outcome: object, app: str = ""
    ) -> None:
        """Add a line to the trail."""
        if self.trail is not None:
            self.trail.append(Line(at, actor, app, call, str(outcome)))

    def broken(self, at: float, rule: str, whom: str, what: str) -> None:
        """Note that a rule was broken; the first time for each app or type."""
        if (rule, whom) in self._broken:
            return
        self._broken.add((rule, whom))
        self.violations.append(Violation(at, rule, f"{whom}: {what}"))
        self.note(at, "CHECKER", rule, f"{whom}: {what}", whom.partition(" ")[0])

    def last_change(self, app: str, process_type: str) -> Change | None:
        """Return the newest change of a process type."""
        changes = self.changes.get((app, process_type))
        return changes[-1] if changes else None
