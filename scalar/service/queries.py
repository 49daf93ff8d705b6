"""Everything that is shown of the fleet: by the commands, an API, a dashboard.

Queries change nothing. What cannot be read (a secret that was stored with another
key, the state while Redis is away) is a value in the answer, not an exception that
loses the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from scalar.core.app import AppKey, RegisteredApp
from scalar.core.app_state import NOTHING, WHOLE_APP, Hold, Memory
from scalar.core.counts_address import CountsAddress, Queues
from scalar.core.decision.protect import is_off, left_of_lease
from scalar.core.decision.still_holding import Holding, still_holding
from scalar.core.errors import AppNotFound, CoordinationError, InvalidInput
from scalar.core.event import ALL_APPS, Event, Sought
from scalar.core.policy.coming_windows import Opening, open_and_next
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.policy.policy import NONE, Policy
from scalar.core.policy.resolve import DEFAULT, Setting
from scalar.core.reading import Form
from scalar.core.reason import Cause
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.poll_and_scale import explain
from scalar.service.known_names import remembered
from scalar.service.paging import all_keys
from scalar.service.parts import Parts
from scalar.service.policies import standing_pause
from scalar.service.unless_changed import readable

#: Periods after which an app that does not rest should have been polled.
OVERDUE = 1.25


class Status(StrEnum):
    """The state of an app after its last evaluation."""

    UNKNOWN = "unknown"
    NOT_EVALUATED = "not evaluated"
    OK = "ok"
    HELD = "held"
    HELD_IN_PART = "held in part"


class KeyOwner(StrEnum):
    """Whose Heroku key an app is scaled with."""

    APP = "own key"
    SHARED = "shared key"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AppState:
    """The state of an app, as far as it is known.

    Attributes:
        status: The state in a word.
        holds: Process type, or `WHOLE_APP`, to what holds it and since when.
        backoff: Seconds between evaluations while the app does not answer; 0 if it
            is evaluated at every tick.
        age: How long ago it was polled, or first seen; None if it never was.
        is_overdue: Whether it should have been polled since: what is known is old.
    """

    status: Status
    holds: Mapping[str, Hold] = field(default_factory=dict)
    backoff: float = 0.0
    age: timedelta | None = None
    is_overdue: bool = False


@dataclass(frozen=True, slots=True)
class Orders:
    """What people ordered: process types, or `WHOLE_APP` for all of them.

    Attributes:
        paused: Not scaled in at least one direction now.
        dry_run: Evaluated, never scaled.
        leased: Changed by hand, and left alone for a while.
        off: Set to 0 by hand, and left at 0 until somebody raises it.
        unknown: With a policy, though the app is known not to have them.
    """

    paused: frozenset[str] = frozenset()
    dry_run: frozenset[str] = frozenset()
    leased: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ShownAddress:
    """An address without its secrets.

    Attributes:
        url: The URL; `***` stands for a password or token.
        form: The form of the answers.
        queues: Of a broker: process type to queues.
        described: All of that in one line.
    """

    url: str
    form: Form
    queues: Queues
    described: str

    @classmethod
    def of(cls, address: CountsAddress) -> ShownAddress:
        """Return an address without its secrets."""
        form, queues = address.form, address.queues
        return cls(address.shown(), form, queues, address.described())


@dataclass(frozen=True, slots=True)
class AppSummary:
    """One app of the fleet.

    Attributes:
        id: The registry's number for it.
        name: Its name.
        address: Where its counts are read; None if it cannot be decrypted.
        heroku_key: Whose Heroku key it is scaled with.
        state: Its state.
        orders: What people ordered; nothing if its row cannot be decrypted.
    """

    id: int
    name: str
    address: ShownAddress | None
    heroku_key: KeyOwner
    state: AppState
    orders: Orders


@dataclass(frozen=True, slots=True)
class Fleet:
    """All registered apps, sorted by name.

    Attributes:
        apps: The apps.
        state_problem: Why no state is known; empty if Redis answered.
        pause: The pause of all apps; None if there is none.
    """

    apps: tuple[AppSummary, ...]
    state_problem: str = ""
    pause: FleetPause | None = None


@dataclass(frozen=True, slots=True)
class DynoRow:
    """The dynos of one process type, as last read or changed by us since.

    Attributes:
        quantity: How many there are.
        size: Their size.
        limit: Most that Heroku allows; None if it has refused none.
        leased_for: For how long a manual change is still left alone; 0 if none is.
        off: Whether a person has set it to 0, and it stays there.
    """

    quantity: int
    size: str
    limit: int | None = None
    leased_for: timedelta = NONE
    off: bool = False


@dataclass(frozen=True, slots=True)
class ShownPolicy:
    """The policy of one process type, each value with its origin.

    Attributes:
        settings: The values that apply.
        problem: Why they are not valid; None if they are.
        notes: Which of them yielded to a nearer one.
        holding: What still keeps dynos as they are, and until when.
        opened: The window of the schedule that counts now; None if none does.
        coming: The next one that will.
        is_unknown: Whether the app is known not to have this process type.
    """

    settings: tuple[Setting, ...]
    problem: str | None = None
    notes: tuple[str, ...] = ()
    holding: tuple[Holding, ...] = ()
    opened: Opening | None = None
    coming: Opening | None = None
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class AppDetails:
    """One app with everything that decides how it is scaled.

    Attributes:
        at: When this was asked (aware, UTC).
        summary: The app as the fleet shows it.
        formation: Process type to its dynos; empty if they were not read yet.
        formation_read_at: When they were read (aware, UTC); None if never, or if
            they have to be read again.
        policies: Process type, or `WHOLE_APP`, to its policy; empty if the app's
            row cannot be decrypted.
        state_problem: Why the state is not known; empty if Redis answered.
        pause: The pause of all apps; None if there is none.
    """

    at: datetime
    summary: AppSummary
    formation: Mapping[str, DynoRow]
    formation_read_at: datetime | None
    policies: Mapping[str, ShownPolicy]
    state_problem: str = ""
    pause: FleetPause | None = None


def fleet(parts: Parts) -> Fleet:
    """Return every registered app with its state."""
    keys = sorted(all_keys(parts.registry), key=lambda key: key.name)
    recalled = _recall(parts, keys)
    now = parts.clock.now()
    apps = tuple(
        _summary(parts, key, readable(parts, key.name), recalled, now) for key in keys
    )
    return Fleet(apps, recalled.problem, standing_pause(parts))


def app_details(parts: Parts, name: str) -> AppDetails:
    """Return one app with everything that decides how it is scaled.

    Raises:
        AppNotFound: No such app.
    """
    key = parts.registry.app_key(name)
    app = readable(parts, name)
    recalled = _recall(parts, [key])
    memory = recalled.memories.get(key.id, Memory())
    now = parts.clock.now()
    formation = _formation(parts, app, memory, now)
    return AppDetails(
        now,
        _summary(parts, key, app, recalled, now),
        formation,
        memory.read_at,
        _policies(parts, app, formation, memory, now),
        recalled.problem,
        standing_pause(parts),
    )


def explanation(parts: Parts, name: str, at: datetime | None = None) -> Evaluation:
    """Evaluate an app without changing anything; costs one call to its platform.

    With `at`, as if it were that time, with the counts and dynos of now.

    Raises:
        AppNotFound: No such app.
        SecretUnreadable: Its address cannot be decrypted.
        CoordinationError: Redis is away.
    """
    return explain(parts, parts.registry.get(name), at)


def events(
    parts: Parts, name: str | None, limit: int, sought: Sought | None = None
) -> Sequence[Event]:
    """Return the newest events that are sought, newest first, of one app or of all.

    The events of an app outlive its registration. What concerns all apps is among the
    events of each.

    Raises:
        AppNotFound: No such app, and no event of it either.
    """
    sought = sought or Sought()
    if name is None:
        return parts.journal.search(sought, limit)
    try:
        name = parts.registry.app_key(name).name
    except AppNotFound:
        if not parts.journal.recent(name, 1):
            raise
    apps = frozenset({name, ALL_APPS})
    return parts.journal.search(replace(sought, apps=apps), limit)


def event(parts: Parts, beginning: str) -> Event:
    """Return the event whose id begins like this.

    Raises:
        InvalidInput: There is none, or there are several.
    """
    found = parts.journal.search(Sought(id=beginning.lower()), 2) if beginning else []
    if len(found) == 1:
        return found[0]
    problem = "several events begin with" if found else "no event begins with"
    raise InvalidInput(
        f"{problem} {beginning!r}; the ids are in: python cli.py events --json"
    )


def app_key(parts: Parts, name: str) -> AppKey:
    """Return the key of an app; works if its secrets cannot be decrypted.

    Raises:
        AppNotFound: No such app.
    """
    return parts.registry.app_key(name)


def app_keys(parts: Parts, name: str | None) -> list[AppKey]:
    """Return the key of one app, or of all in the order of their ids.

    Raises:
        AppNotFound: No such app.
    """
    return [app_key(parts, name)] if name else list(all_keys(parts.registry))


@dataclass(frozen=True, slots=True)
class _Recalled:
    """What Redis remembers of some apps, or why it did not answer."""

    memories: Mapping[int, Memory]
    problem: str = ""
    polled: Mapping[int, datetime] = field(default_factory=dict)
    at: datetime | None = None


def _recall(parts: Parts, keys: Sequence[AppKey]) -> _Recalled:
    ids = [key.id for key in keys]
    try:
        return _Recalled(
            parts.states.recall(ids),
            polled=parts.states.polled(ids),
            at=parts.health.heartbeats().at,
        )
    except CoordinationError as exc:
        return _Recalled({}, str(exc))


def _summary(
    parts: Parts,
    key: AppKey,
    app: RegisteredApp | None,
    recalled: _Recalled,
    now: datetime,
) -> AppSummary:
    state = _state(key, recalled, parts.options.sleep_period)
    if app is None:
        return AppSummary(key.id, key.name, None, KeyOwner.UNKNOWN, state, Orders())
    return AppSummary(
        key.id,
        key.name,
        ShownAddress.of(app.address),
        KeyOwner.APP if app.heroku_key else KeyOwner.SHARED,
        state,
        _orders(parts, app, recalled.memories.get(key.id, Memory()), now),
    )


def _state(key: AppKey, recalled: _Recalled, period: float) -> AppState:
    if recalled.problem:
        return AppState(Status.UNKNOWN)
    memory = recalled.memories.get(key.id)
    polled = recalled.polled.get(key.id)
    age = recalled.at - polled if recalled.at and polled else None
    rest = memory.rest if memory else 0.0
    is_overdue = age is not None and age.total_seconds() > rest + OVERDUE * period
    if memory is None:
        return AppState(Status.NOT_EVALUATED, age=age, is_overdue=is_overdue)
    if WHOLE_APP in memory.holds:
        status = Status.HELD
    else:
        status = Status.HELD_IN_PART if memory.holds else Status.OK
    return AppState(status, memory.holds, memory.rest, age, is_overdue)


def _formation(
    parts: Parts, app: RegisteredApp | None, memory: Memory, now: datetime
) -> dict[str, DynoRow]:
    rows = {}
    for process_type, row in sorted((memory.formation or {}).items()):
        limit = memory.limits.get(process_type)
        shown = DynoRow(row.quantity, row.size, limit)
        policy = app and parts.policies.of(app, process_type)
        if isinstance(policy, Policy):
            past = memory.pasts.get(process_type, NOTHING)
            shown = replace(
                shown,
                leased_for=left_of_lease(policy, past, now),
                off=row.quantity == 0 and is_off(policy, past),
            )
        rows[process_type] = shown
    return rows


def _orders(parts: Parts, app: RegisteredApp, memory: Memory, now: datetime) -> Orders:
    rows = _formation(parts, app, memory, now)
    policies = {
        process_type: policy
        for process_type in (WHOLE_APP, *app.policies)
        if isinstance(policy := parts.policies.of(app, process_type), Policy)
    }

    def where(applies: Callable[[Policy], bool]) -> frozenset[str]:
        return frozenset(name for name, policy in policies.items() if applies(policy))

    return Orders(
        where(lambda policy: _is_paused(policy, now)),
        where(lambda policy: policy.dry_run),
        frozenset(name for name, row in rows.items() if row.leased_for > NONE),
        frozenset(name for name, row in rows.items() if row.off),
        _unknown(app.policies, memory),
    )


def _unknown(named: Iterable[str], memory: Memory) -> frozenset[str]:
    """Return the process types that the app is known not to have."""
    known = remembered(memory)
    return frozenset(named) - known - {WHOLE_APP} if known else frozenset()


def _is_paused(policy: Policy, now: datetime) -> bool:
    ends = (policy.pause_up, policy.pause_down)
    return any(end is not None and now < end for end in ends)


def _policies(
    parts: Parts,
    app: RegisteredApp | None,
    formation: Mapping[str, DynoRow],
    memory: Memory,
    now: datetime,
) -> dict[str, ShownPolicy]:
    if app is None:
        return {}
    process_types = {*app.policies, *formation} - {WHOLE_APP}
    strange = _unknown(process_types, memory)
    return {
        process_type: replace(
            _policy(parts, app, process_type, memory, now),
            is_unknown=process_type in strange,
        )
        for process_type in (WHOLE_APP, *sorted(process_types))
    }


def _policy(
    parts: Parts, app: RegisteredApp, process_type: str, memory: Memory, now: datetime
) -> ShownPolicy:
    settings = tuple(parts.policies.settings(app, process_type))
    policy = parts.policies.of(app, process_type)
    if isinstance(policy, Cause):
        return ShownPolicy(settings, policy.detail)
    if not any(setting.name == "boundary" for setting in settings):
        settings += (Setting("boundary", "0", DEFAULT),)
    holding = still_holding(
        policy,
        memory.pasts.get(process_type, NOTHING),
        now,
        since=memory.since if process_type else None,
        released_at=memory.released_at if process_type else None,
    )
    opened, coming = None, None
    if policy.schedule is not None:
        opened, coming = open_and_next(policy.schedule, now)
    return ShownPolicy(settings, None, policy.notes, tuple(holding), opened, coming)
