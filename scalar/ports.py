"""What the service needs of the world, one Protocol each.

Adapters implement them (`scalar/adapters/`); `scalar/adapters/memory.py` has a
twin of each that lives in memory, held to the same contract tests.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from scalar.address import CountsAddress
from scalar.errors import PlatformError
from scalar.heroku_key import SHARED_KEY
from scalar.model import Event, EventKind, Formation, Memory, Reading, Reason
from scalar.policy import Policy, PolicyProblem
from scalar.secret import Secret
from scalar.vitals import Vitals


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """An app of the registry.

    Attributes:
        id: The registry's number for it; never used again.
        name: Heroku's name of the app.
        address: Where it tells how much work it has.
        revision: Grows with each change of the row.
        created_at: When it was registered (aware, UTC).
        policies: The values that were set for it, as text, by process type;
            those for the whole app under `WHOLE_APP`.
        heroku_key: Its own Heroku API key; `SHARED_KEY` if it has none.
    """

    id: int
    name: str
    address: CountsAddress
    revision: int
    created_at: datetime
    policies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    heroku_key: Secret = SHARED_KEY


@dataclass(frozen=True, slots=True)
class AppKey:
    """What the fan-out needs to know of an app: plain facts, no secret."""

    id: int
    name: str
    revision: int


class Registry(Protocol):
    """The apps that are scaled. Every method may raise `RegistryError`."""

    def add(
        self,
        name: str,
        address: CountsAddress,
        at: datetime,
        heroku_key: Secret = SHARED_KEY,
    ) -> RegisteredApp:
        """Register an app; raises `AppAlreadyRegistered`."""
        ...

    def remove(self, name: str) -> None:
        """Forget an app; raises `AppNotFound`. Its events stay."""
        ...

    def get(self, name: str) -> RegisteredApp:
        """Return an app by its name; raises `AppNotFound`, `SecretUnreadable`."""
        ...

    def find(self, key: AppKey) -> RegisteredApp | None:
        """Return an app by its key; None if it is registered no more.

        The row may be newer than the key, never older.
        """
        ...

    def set_policy(
        self, name: str, process_type: str, values: Mapping[str, str]
    ) -> None:
        """Store the values of an app or, under its name, of a process type.

        They take the place of all that was there; none remove it. Raises
        `AppNotFound`.
        """
        ...

    def set_address(self, name: str, address: CountsAddress) -> None:
        """Give an app another address; raises `AppNotFound`."""
        ...

    def set_heroku_key(self, name: str, heroku_key: Secret) -> None:
        """Give an app its own Heroku key, or take it away with `SHARED_KEY`.

        Raises `AppNotFound`.
        """
        ...

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next apps in the order of their numbers."""
        ...


class Journal(Protocol):
    """The events. Every method may raise `RegistryError`."""

    def record(self, events: Sequence[Event]) -> None:
        """Write events down, all or none."""
        ...

    def recent(
        self, app: str | None, limit: int, kind: EventKind | None = None
    ) -> Sequence[Event]:
        """Return the newest events, newest first, of one app or of all.

        Only those of a kind, if one is named. What a newer version of this
        program wrote and this one does not know is left out.
        """
        ...

    def prune(self, before: datetime) -> int:
        """Delete events older than a time; return how many."""
        ...


#: The dynos are as many afterwards.
NOTHING_REMOVED: Mapping[str, int] = {}


class CountSource(Protocol):
    """Asks an app for its counts."""

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return what the app says of each process type.

        Args:
            address: Where the app is asked.
            keep: Process type to the dynos that will be left of it. An app that
                can do so first lets the others take no more jobs for a while; what
                it says is measured after that.

        Raises:
            CountsError: There is no answer, or it is no counts.
        """
        ...


@dataclass(frozen=True, slots=True)
class HerokuApp:
    """What Heroku says of an app.

    Attributes:
        id: Heroku's own number for it.
        name: Its name.
        web_url: Its web address; may be empty.
        released_at: When it was last released (aware, UTC); None if never.
    """

    id: str
    name: str
    web_url: str
    released_at: datetime | None = None


class Policies(Protocol):
    """The policy of each process type, from all that was set for it."""

    def of(self, app: RegisteredApp, process_type: str) -> Policy | PolicyProblem:
        """Return the policy, or why there is none."""
        ...

    def read(self, app: RegisteredApp, process_type: str) -> Policy | PolicyProblem:
        """Return the same, of an app that may not be stored like this."""
        ...


class Platform(Protocol):
    """Heroku. Every method costs one API call and may raise `PlatformError`.

    Each call is made with the key of the app that it is for.
    """

    def app(self, name: str, key: Secret) -> HerokuApp:
        """Return what Heroku says of an app."""
        ...

    def formation(self, app: str, key: Secret) -> Formation:
        """Return the dynos of each process type of an app."""
        ...

    def scale(self, app: str, quantities: Mapping[str, int], key: Secret) -> Formation:
        """Ask for these dynos, absolute, in one call; return all that there are.

        Process types that are not named keep their dynos.
        """
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to evaluate one app now. Only its holder can give it back."""

    app_id: int
    token: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick that was let through.

    Attributes:
        at: When (aware, UTC).
        previous: When the one before was; None if that is not known.
    """

    at: datetime
    previous: datetime | None


class Publisher(Protocol):
    """Puts evaluations on the queue.

    Every method may raise `CoordinationError`.
    """

    def waiting(self) -> int:
        """Return how many evaluations no worker has taken yet."""
        ...

    def publish(self, keys: Sequence[AppKey], token: str) -> None:
        """Enqueue one evaluation for each app, in few round trips.

        Raises:
            CoordinationError: The broker is away; some may have been enqueued.
        """
        ...


class Coordinator(Protocol):
    """What the workers share: ticks, leases and memories.

    All of it may vanish at any time; nothing is scaled because of that. Every
    method may raise `CoordinationError`.
    """

    def open_tick(self, period: float) -> Tick | None:
        """Return the tick if a fan-out may run now: one for each period (seconds).

        Who asks too early, because another beat was there first, gets None.
        """
        ...

    def last_tick(self) -> datetime | None:
        """Return when the last fan-out was let through; None if unknown."""
        ...

    def reserve(self, app_ids: Sequence[int], token: str, seconds: float) -> list[int]:
        """Keep these apps for a message under way; return those that were free.

        A reservation ends by itself after `seconds`, or when `begin` takes it.
        """
        ...

    def slow(self) -> set[int]:
        """Return the apps whose last exchange failed or took long."""
        ...

    def resting(self) -> set[int]:
        """Return the apps that are not to be polled yet: they did not answer."""
        ...

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return those of the apps that are reserved or being evaluated."""
        ...

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Start the evaluation that the app was reserved for.

        Returns None if that reservation has ended, or was taken already: the
        message came too late, twice, or was ordered by nobody.
        """
        ...

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory in the midst of an evaluation, if the lease is still ours.

        Returns whether it is. If not, nothing is stored.
        """
        ...

    def finish(self, lease: Lease, memory: Memory | None) -> None:
        """Give the lease back; store the memory, if it changed."""
        ...

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return what is remembered of apps, without taking a lease."""
        ...

    def forget(self, app_id: int) -> None:
        """Drop what is remembered of an app."""
        ...

    def vitals(self) -> Vitals:
        """Return the signs of life: ticks, evaluations, changes that wait."""
        ...

    def once(self, name: str, seconds: float) -> bool:
        """Return True to one caller in `seconds`."""
        ...


class Pinger(Protocol):
    """Calls a dead man's switch, which alarms somebody when the calls stop."""

    def ping(self) -> bool:
        """Call it; return whether that succeeded. No error gets out."""
        ...


class Urgency(StrEnum):
    """What a call of the Heroku API is for, most urgent first."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Denial:
    """Why no call may be made now."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Budget:
    """What is known of an account's calls.

    Attributes:
        remaining: Calls left when Heroku last said so; None if unknown.
        blocked_until: No call before that time (aware, UTC); None if open.
        reason: Why it is blocked; empty if it is not.
    """

    remaining: int | None
    blocked_until: datetime | None = None
    reason: str = ""


class Account(Protocol):
    """The API calls of each Heroku account, shared by all workers.

    An account is known by its key: what happens to one concerns no other. Every
    method may raise `CoordinationError`.
    """

    def ask(self, urgency: Urgency, key: Secret) -> Denial | None:
        """Return None if a call may be made now, otherwise why not."""
        ...

    def answered(self, remaining: int | None, key: Secret) -> None:
        """Take note that Heroku answered, with the calls it said remain."""
        ...

    def failed(self, error: PlatformError, key: Secret) -> None:
        """Take note of a failure that concerns the whole account."""
        ...

    def budget(self, key: Secret) -> Budget:
        """Return what is known, without changing it."""
        ...
