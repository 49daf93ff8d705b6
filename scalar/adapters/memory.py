"""The ports in memory: for tests and dry runs, held to the same contracts.

They are told the time by a clock that is walked by hand (`WalkedClock`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from scalar.address import CountsAddress
from scalar.errors import (
    AppAlreadyRegistered,
    AppNotFound,
    NotAuthorized,
    PlatformError,
    Refused,
)
from scalar.heroku_key import SHARED_KEY
from scalar.model import (
    Event,
    EventKind,
    Formation,
    Memory,
    ProcessType,
    Reading,
    Reason,
)
from scalar.ports import (
    NOTHING_REMOVED,
    AppKey,
    Budget,
    Clock,
    Denial,
    HerokuApp,
    Lease,
    RegisteredApp,
    Tick,
    Urgency,
)
from scalar.secret import Secret
from scalar.vitals import Vitals


class WalkedClock:
    """A clock that moves only when it is told to."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return self._now

    def walk(self, seconds: float) -> None:
        """Move the time on (or back, if negative)."""
        self._now += timedelta(seconds=seconds)


class MemoryRegistry:
    """A `Registry` in memory."""

    def __init__(self) -> None:
        self._apps: dict[str, RegisteredApp] = {}
        self._last_id = 0

    def add(
        self,
        name: str,
        address: CountsAddress,
        at: datetime,
        heroku_key: Secret = SHARED_KEY,
    ) -> RegisteredApp:
        """Register an app."""
        if name in self._apps:
            raise AppAlreadyRegistered(name)
        self._last_id += 1
        self._apps[name] = RegisteredApp(
            self._last_id, name, address, 1, at, heroku_key=heroku_key
        )
        return self._apps[name]

    def remove(self, name: str) -> None:
        """Forget an app."""
        if self._apps.pop(name, None) is None:
            raise AppNotFound(name)

    def get(self, name: str) -> RegisteredApp:
        """Return an app by its name."""
        if name not in self._apps:
            raise AppNotFound(name)
        return self._apps[name]

    def key(self, name: str) -> AppKey:
        """Return an app's key."""
        app = self.get(name)
        return AppKey(app.id, app.name, app.revision)

    def set_policy(
        self, name: str, process_type: str, values: Mapping[str, str]
    ) -> None:
        """Store the values of an app or of a process type."""
        app = self.get(name)
        policies = {**app.policies, process_type: dict(values)}
        policies = {of: kept for of, kept in policies.items() if kept}
        self._apps[name] = replace(app, policies=policies, revision=app.revision + 1)

    def set_address(self, name: str, address: CountsAddress) -> None:
        """Give an app another address."""
        app = self.get(name)
        self._apps[name] = replace(app, address=address, revision=app.revision + 1)

    def set_heroku_key(self, name: str, heroku_key: Secret) -> None:
        """Give an app its own Heroku key, or take it away."""
        app = self.get(name)
        self._apps[name] = replace(
            app, heroku_key=heroku_key, revision=app.revision + 1
        )

    def find(self, key: AppKey) -> RegisteredApp | None:
        """Return an app by its key."""
        return next((app for app in self._apps.values() if app.id == key.id), None)

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next apps in the order of their numbers."""
        keys = sorted(
            (AppKey(app.id, app.name, app.revision) for app in self._apps.values()),
            key=lambda key: key.id,
        )
        return [key for key in keys if key.id > after_id][:limit]


class MemoryJournal:
    """A `Journal` in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, events: Sequence[Event]) -> None:
        """Write events down."""
        self.events.extend(events)

    def recent(
        self, app: str | None, limit: int, kind: EventKind | None = None
    ) -> Sequence[Event]:
        """Return the newest events, newest first."""
        found = [
            (event.at, number, event)
            for number, event in enumerate(self.events)
            if app in (None, event.app) and kind in (None, event.kind)
        ]
        newest_first = sorted(found, key=lambda row: row[:2], reverse=True)
        return [event for _, _, event in newest_first[:limit]]

    def prune(self, before: datetime) -> int:
        """Delete events older than a time."""
        kept = [event for event in self.events if event.at >= before]
        deleted = len(self.events) - len(kept)
        self.events = kept
        return deleted


class MemoryCounts:
    """A `CountSource` that says what it was told, by URL."""

    def __init__(self) -> None:
        self.answers: dict[str, Mapping[str, Reading] | Exception] = {}
        self.asked: list[str] = []
        self.kept: list[dict[str, int]] = []
        self.before_removal: Callable[[], None] = lambda: None

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return, or raise, the answer of an address."""
        self.asked.append(address.url.address)
        if keep:
            self.kept.append(dict(keep))
            self.before_removal()
        answer = self.answers[address.url.address]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class MemoryPlatform:
    """A `Platform` in memory, with the calls that were made.

    Attributes:
        formations: App name to its formation.
        failures: Errors that the next calls end in, first one first.
        calls: What was asked for: ("GET", app) or ("PATCH", app, quantities).
        releases: When an app was last released; not in it if never.
        keys: The key of each call.
        revoked: Keys that are accepted no more.
    """

    formations: dict[str, dict[str, ProcessType]] = field(default_factory=dict)
    failures: list[PlatformError] = field(default_factory=list)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    releases: dict[str, datetime] = field(default_factory=dict)
    keys: list[Secret] = field(default_factory=list)
    revoked: set[Secret] = field(default_factory=set)

    def app(self, name: str, key: Secret) -> HerokuApp:
        """Return what Heroku says of an app."""
        self._call(key, "GET", name)
        self._formation(name)
        web_url = f"https://{name}-0123.herokuapp.com/"
        return HerokuApp(f"id-of-{name}", name, web_url, self.releases.get(name))

    def formation(self, app: str, key: Secret) -> Formation:
        """Return the dynos of each process type of an app."""
        self._call(key, "GET", app)
        return dict(self._formation(app))

    def scale(self, app: str, quantities: Mapping[str, int], key: Secret) -> Formation:
        """Set the dynos of some process types."""
        self._call(key, "PATCH", app, dict(quantities))
        rows = self._formation(app)
        for name, quantity in quantities.items():
            if name not in rows:
                raise Refused(
                    f"Couldn't find that process type ({name}).",
                    reason=Reason.APP_NOT_ON_HEROKU,
                    status=404,
                )
            rows[name] = replace(rows[name], quantity=quantity)
        return dict(rows)

    def _call(self, key: Secret, *call: object) -> None:
        self.calls.append(call)
        self.keys.append(key)
        if key in self.revoked:
            raise NotAuthorized("Heroku answered 401", status=401)
        if self.failures:
            raise self.failures.pop(0)

    def _formation(self, app: str) -> dict[str, ProcessType]:
        if app not in self.formations:
            raise Refused(
                "Couldn't find that app.", reason=Reason.APP_NOT_ON_HEROKU, status=404
            )
        return self.formations[app]


class MemoryCoordinator:
    """A `Coordinator` for one process."""

    def __init__(self, clock: Clock, *, early_part: float = 0.25) -> None:
        self._clock = clock
        self._early_part = early_part
        self._due: datetime | None = None
        self._last: datetime | None = None
        self._leases: dict[int, tuple[str, datetime]] = {}
        self._memories: dict[int, Memory] = {}
        self._resting: dict[int, datetime] = {}
        self._stuck: dict[int, datetime] = {}
        self._evaluated: datetime | None = None
        self._done: dict[str, datetime] = {}

    def open_tick(self, period: float) -> Tick | None:
        """Return the tick if a fan-out may run now."""
        now, length = self._clock.now(), timedelta(seconds=period)
        due = self._due if self._due and self._due - now <= 2 * length else now
        if now < due - length * self._early_part:
            return None
        tick = Tick(now, self._last)
        self._due, self._last = max(due, now) + length, now
        return tick

    def last_tick(self) -> datetime | None:
        """Return when the last fan-out was let through."""
        return self._last

    def reserve(self, app_ids: Sequence[int], token: str, seconds: float) -> list[int]:
        """Keep apps for messages under way; return those that were free."""
        end = self._clock.now() + timedelta(seconds=seconds)
        free = [app_id for app_id in app_ids if self._holder(app_id) is None]
        self._leases.update((app_id, (token, end)) for app_id in free)
        return free

    def slow(self) -> set[int]:
        """Return the apps whose last exchange failed or took long."""
        return {app_id for app_id, memory in self._memories.items() if memory.slow}

    def resting(self) -> set[int]:
        """Return the apps that are not to be polled yet."""
        now = self._clock.now()
        return {app_id for app_id, until in self._resting.items() if now < until}

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return those of the apps that are reserved or being evaluated."""
        return {app_id for app_id in app_ids if self._holder(app_id)}

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Start the evaluation that the app was reserved for, if it still is."""
        if self._holder(app_id) != token:
            return None
        lease = Lease(app_id, secrets.token_hex(8))
        never = datetime.max.replace(tzinfo=UTC)
        self._leases[app_id] = (lease.token, never)
        return lease, self._memories.get(app_id, Memory())

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory, if the lease is still ours; return whether it is."""
        if self._holder(lease.app_id) != lease.token:
            return False
        self._memories[lease.app_id] = memory
        return True

    def finish(self, lease: Lease, memory: Memory | None) -> None:
        """Give the lease back; store the memory, if it changed."""
        holder = self._holder(lease.app_id)
        self._evaluated = self._clock.now()
        if holder == lease.token:
            del self._leases[lease.app_id]
        if memory is None:
            return
        if holder == lease.token:
            self._memories[lease.app_id] = memory
            now = self._clock.now()
            self._resting[lease.app_id] = now + timedelta(seconds=memory.rest)
            if memory.stuck:
                self._stuck.setdefault(lease.app_id, now)
            else:
                self._stuck.pop(lease.app_id, None)
        else:
            self._memories.pop(lease.app_id, None)

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return what is remembered of apps."""
        return {i: self._memories[i] for i in app_ids if i in self._memories}

    def forget(self, app_id: int) -> None:
        """Drop what is remembered of an app."""
        self._memories.pop(app_id, None)
        self._resting.pop(app_id, None)
        self._stuck.pop(app_id, None)

    def vitals(self) -> Vitals:
        """Return the signs of life."""
        return Vitals(
            self._clock.now(),
            self._last,
            self._evaluated,
            len(self._stuck),
            min(self._stuck.values(), default=None),
        )

    def once(self, name: str, seconds: float) -> bool:
        """Return True to one caller in `seconds`."""
        now = self._clock.now()
        if name in self._done and now < self._done[name]:
            return False
        self._done[name] = now + timedelta(seconds=seconds)
        return True

    def lose_everything(self) -> None:
        """Be as empty as a Redis that was restarted."""
        self.__init__(self._clock, early_part=self._early_part)  # type: ignore[misc] # the same as a new one

    def _holder(self, app_id: int) -> str | None:
        token, end = self._leases.get(app_id, ("", datetime.min.replace(tzinfo=UTC)))
        return token if self._clock.now() < end else None


class MemoryAccount:
    """An `Account` that is open, unless it is told otherwise.

    Attributes:
        denial: Why no call may be made, by its urgency and its key.
        failures: What concerned a whole account.
        blamed: The key of each of them.
        remaining: The calls left with each key, as last heard.
    """

    def __init__(self) -> None:
        self.denial: Callable[[Urgency, Secret], Denial | None] = lambda *_: None
        self.failures: list[PlatformError] = []
        self.blamed: list[Secret] = []
        self.remaining: dict[Secret, int] = {}

    def ask(self, urgency: Urgency, key: Secret) -> Denial | None:
        """Return None if a call may be made now, otherwise why not."""
        return self.denial(urgency, key)

    def answered(self, remaining: int | None, key: Secret) -> None:
        """Take note that Heroku answered."""
        if remaining is not None:
            self.remaining[key] = remaining

    def failed(self, error: PlatformError, key: Secret) -> None:
        """Take note of a failure that concerns the whole account."""
        self.failures.append(error)
        self.blamed.append(key)

    def budget(self, key: Secret) -> Budget:
        """Return what is known."""
        return Budget(self.remaining.get(key))
