"""The values that everything else speaks of.

Nothing here reads a clock, a socket or a database. An unknown count is a value
of its own (`Unknown`) and never a number, so nothing can mistake it for zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from scalar.drain import Drained
from scalar.history import Slice

#: A count as an app reports it: finite, at least 0, fractions allowed.
Count = int | float


class Form(StrEnum):
    """In which form an app tells how much work it has."""

    #: Whichever of the forms over HTTP the answer has.
    AUTO = "auto"
    #: This project's own: process type to count, or the agent's richer one.
    SCALAR = "scalar"
    #: HireFire's list of names and values.
    HIREFIRE = "hirefire"
    #: None: Celery's broker is measured.
    CELERY = "celery"


class Reason(StrEnum):
    """Why a quantity is what it is; the fixed vocabulary of every explanation."""

    # stages of a decision, in their order
    RECOMMENDED = "recommended"
    DRAIN_TIME = "drain_time"
    NOT_ENOUGH_HISTORY = "not_enough_history"
    LATENCY = "latency"
    COUNT_AT_LEAST = "count_at_least"
    FALLBACK = "fallback"
    WITHIN_TOLERANCE = "within_tolerance"
    STRANDED = "stranded"
    WOKEN = "woken"
    JOBS_LEFT = "jobs_left"
    SCALE_UP_STABILIZED = "scale_up_stabilized"
    SCALE_DOWN_STABILIZED = "scale_down_stabilized"
    SCALE_UP_LIMITED = "scale_up_limited"
    SCALE_DOWN_LIMITED = "scale_down_limited"
    ETA_SOON = "eta_soon"
    TOO_FEW_DYNOS = "too_few_dynos"
    TOO_MANY_DYNOS = "too_many_dynos"
    WEB_KEPT = "web_kept"
    HEROKU_LIMIT = "heroku_limit"
    COOLDOWN_UP = "cooldown_up"
    COOLDOWN_DOWN = "cooldown_down"
    BUSY_DYNOS = "busy_dynos"
    BUSY_UNKNOWN = "busy_unknown"
    MANUAL_LEASE = "manual_lease"
    PAUSED = "paused"
    RELEASED_RECENTLY = "released_recently"
    # holds of one process type
    COUNT_NULL = "count_null"
    COUNT_INVALID = "count_invalid"
    COUNT_MISSING = "count_missing"
    LATENCY_UNKNOWN = "latency_unknown"
    NOT_IN_FORMATION = "not_in_formation"
    RELEASE_PHASE = "release_phase"
    POLICY_INVALID = "policy_invalid"
    # holds of a whole app
    COUNTS_UNAVAILABLE = "counts_unavailable"
    COUNTS_MALFORMED = "counts_malformed"
    NOT_AUTHORIZED = "not_authorized"
    FORBIDDEN = "forbidden"
    PAYMENT_REQUIRED = "payment_required"
    APP_NOT_ON_HEROKU = "app_not_on_heroku"
    HEROKU_REFUSED = "heroku_refused"
    HEROKU_UNAVAILABLE = "heroku_unavailable"
    RATE_LIMITED = "rate_limited"
    CALLS_LOW = "calls_low"
    LEASE_LOST = "lease_lost"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    INTERNAL_ERROR = "internal_error"
    # changes that are not ours
    CHANGED_ELSEWHERE = "changed_elsewhere"
    # the end of a hold
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A number that is not known, and why. Never zero.

    Attributes:
        reason: Why.
        detail: The particulars, in a few words.
        at_least: What is known of it all the same: it may be this or more.
    """

    reason: Reason
    detail: str = ""
    at_least: Count = 0


#: A count, or why it is not known.
Counted = Count | Unknown


@dataclass(frozen=True, slots=True)
class Reading:
    """What an app said of one process type.

    Of all but the count, None means that the app does not speak of it.

    Attributes:
        count: Jobs that need a worker.
        latency: Seconds since the oldest job that waits could have begun.
        busy: Numbers of the dynos that run a job; empty if none does.
        next_eta: Seconds until the next job that is not due yet will be.
        stranded: Jobs of the count whose worker is gone while there is no other.
        is_ambiguous: Whether the count may be seconds of latency: HireFire's form
            has a number and does not say of what.
    """

    count: Counted
    latency: float | Unknown | None = None
    busy: frozenset[int] | Unknown | None = None
    next_eta: float | None = None
    stranded: int = 0
    is_ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class ProcessType:
    """One row of a formation: how many dynos of which size.

    Attributes:
        quantity: Dynos that Heroku was asked to run.
        size: Heroku's name of the dyno type, such as "Standard-1X".
    """

    quantity: int
    size: str = ""


#: Process type name to its row.
Formation = Mapping[str, ProcessType]


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a decision: the quantity it left (dynos), and why."""

    quantity: int
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one process type, and every stage that led there.

    Attributes:
        process_type: Heroku's name of the process type.
        current: Dynos now; None if the formation has no such process type.
        count: The count it rests on; None if unknown.
        trail: The stages in order, never empty.
        held: True if nothing may be changed, whatever the count.
        recommended: Dynos for the count alone, before all limits; None if the
            count is unknown.
        asks_for_release: Whether it removes dynos unless the app was released
            since that was last asked.
        dry_run: Whether it is only said, and not done.
    """

    process_type: str
    current: int | None
    count: Count | None
    trail: tuple[Step, ...]
    held: bool = False
    recommended: int | None = None
    asks_for_release: bool = False
    dry_run: bool = False

    @property
    def desired(self) -> int | None:
        """Dynos after all stages; the current quantity if held."""
        return self.current if self.held else self.trail[-1].quantity

    @property
    def reason(self) -> Reason:
        """The reason of the last stage that spoke."""
        return self.trail[-1].reason

    @property
    def changes(self) -> bool:
        """Whether another quantity is desired than there is."""
        return not self.held and self.desired != self.current

    @property
    def is_to_be_made(self) -> bool:
        """Whether Heroku has to be asked, and may be."""
        return self.changes and not self.dry_run

    @property
    def is_up(self) -> bool:
        """Whether it adds dynos."""
        return self.changes and (self.desired or 0) > (self.current or 0)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that may last over several evaluations.

    Attributes:
        reason: Why nothing is changed.
        since: When the first evaluation of the row was held (aware, UTC).
        times: Evaluations held in a row.
        detail: The particulars of the last one.
        recorded: Whether an event tells of it already.
    """

    reason: Reason
    since: datetime
    times: int = 1
    detail: str = ""
    recorded: bool = False


class EventKind(StrEnum):
    """What an event tells."""

    SCALED = "scaled"
    DRY_RUN = "dry_run"
    HELD = "held"
    RESUMED = "resumed"
    CHANGED_ELSEWHERE = "changed_elsewhere"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal.

    Attributes:
        at: When (aware, UTC).
        app: The app's name.
        process_type: None if it concerns the whole app.
        kind: What happened.
        from_quantity: Dynos before; None where no dynos changed.
        to_quantity: Dynos after.
        count: The count it rests on; None if unknown.
        reason: A word of `Reason`.
        detail: The particulars, in a sentence.
    """

    at: datetime
    app: str
    process_type: str | None
    kind: EventKind
    reason: Reason
    from_quantity: int | None = None
    to_quantity: int | None = None
    count: Count | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Heroku's refusal to act for one app; it is not asked again at once.

    Attributes:
        reason: Why.
        detail: Heroku's words.
        until: No call for this app before that time (aware, UTC).
        times: Refusals in a row.
        revision: Of the app's row at that time. When a person changes the row, as
            by another key, it is tried again.
    """

    reason: Reason
    detail: str
    until: datetime
    times: int = 1
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of one process type, beside its dynos.

    Attributes:
        failures: Unknown counts in a row, this one included.
        scaled_up_at: When we last added dynos (aware, UTC).
        scaled_down_at: When we last removed some.
        changed_by_hand_at: When it was noticed that somebody else had changed
            the quantity.
        interrupted: Whether the count was unknown since the last decision on one.
        recommended_up: The recommendations of the window for scaling up.
        recommended_down: The same for scaling down.
        drained: How fast its dynos work, if the policy asks for that.
        told: In a dry run, the quantity that was last recorded.
        busy_since: Since when busy dynos hold others back from being removed.
    """

    failures: int = 0
    scaled_up_at: datetime | None = None
    scaled_down_at: datetime | None = None
    changed_by_hand_at: datetime | None = None
    interrupted: bool = False
    recommended_up: tuple[Slice, ...] = ()
    recommended_down: tuple[Slice, ...] = ()
    drained: Drained | None = None
    told: int | None = None
    busy_since: datetime | None = None


#: What is remembered of a process type at first sight.
NOTHING = Past()
#: The key of a hold that concerns the whole app in `Memory.holds`.
WHOLE_APP = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of one app between two evaluations.

    It may be lost at any time: the next evaluation then reads the formation
    anew, and nothing is scaled because of the loss.

    Attributes:
        formation: The formation as last heard from Heroku; None if it was not
            heard yet.
        read_at: When it was read (aware, UTC); None if it has to be read before
            anything is decided.
        limits: Most dynos that Heroku allows a process type, as learned from
            a refusal; forgotten at the next read.
        reported: Process types that the app's API has named so far.
        holds: Process type, or `WHOLE_APP`, to the hold that is under way.
        refusal: Heroku's refusal that is still in force.
        slow: Whether the last exchange with the app failed or took long.
        unconfirmed: Changes that Heroku was asked for, if it is not known what
            came of it; the next read tells whether they were made.
        unwritten: Events that the journal could not take yet.
        since: From when on this is remembered (aware, UTC); None if nothing is.
        pasts: Process type to what is remembered of it.
        released_at: When the app was last released, as last heard.
        unanswered: Polls in a row that the app did not answer.
        rest: Seconds for which it is not polled again.
        stuck: Whether Heroku did not take what was decided, or could not be asked.
    """

    formation: Formation | None = None
    read_at: datetime | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    reported: frozenset[str] = frozenset()
    holds: Mapping[str, Hold] = field(default_factory=dict)
    refusal: Refusal | None = None
    slow: bool = False
    unconfirmed: tuple[Event, ...] = ()
    unwritten: tuple[Event, ...] = ()
    since: datetime | None = None
    pasts: Mapping[str, Past] = field(default_factory=dict)
    released_at: datetime | None = None
    unanswered: int = 0
    rest: float = 0.0
    stuck: bool = False

    def in_doubt(self, asked: tuple[Event, ...] = ()) -> Memory:
        """Return the memory of an app whose dynos may have changed.

        The formation is read before the next decision, and compared with the one
        that was heard last: what is neither that nor what was `asked` for, is
        somebody else's.
        """
        return replace(self, read_at=None, unconfirmed=asked)
