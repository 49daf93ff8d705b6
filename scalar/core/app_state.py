"""What is remembered of an app between two evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from scalar.core.drain_time import Drained
from scalar.core.event import Event
from scalar.core.formation import Formation, ProcessType
from scalar.core.reading import Count
from scalar.core.reason import Cause, Reason
from scalar.core.recommendation_window import Slice


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold, which may last for several evaluations.

    Attributes:
        reason: Why nothing is changed.
        since: When the hold began (aware, UTC).
        times: Evaluations held in a row.
        detail: Details of the latest one, for people.
        recorded: Whether the hold has been recorded as an event.
    """

    reason: Reason
    since: datetime
    times: int = 1
    detail: str = ""
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Heroku's refusal to act on an app or a process type: calls wait for a while.

    Attributes:
        cause: Why, in Heroku's words.
        until: No call before this time (aware, UTC).
        times: Refusals in a row.
        revision: The app's revision at the time. A changed row, for instance with
            another key, is tried again at once.
    """

    cause: Cause
    until: datetime
    times: int = 1
    revision: int = 0


class Stopped(StrEnum):
    """Who is to answer for it if a process type has no dyno."""

    BY_US = "us"
    BY_HAND = "hand"


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of a process type, beside its dynos.

    Attributes:
        failures: Unknown counts in a row, including the latest.
        scaled_up_at: When we last added dynos (aware, UTC).
        scaled_down_at: When we last removed dynos.
        changed_by_hand_at: When a manual change was last noticed; None if a deploy
            made it.
        made_by_hand_at: When that change was made, by the platform's clock; None if
            the platform does not say.
        lease_is_sure: Whether it is known that no deploy made that change.
        stopped: Who stopped it, if it has no dyno; None if that is not known.
        interrupted: Whether the count has been unknown since the last decision on a
            known one.
        recommended_up: Recommendations of the window for scaling up.
        recommended_down: Recommendations of the window for scaling down.
        drained: How fast its dynos work, where the policy has a `drain_time`.
        told: In a dry run, the quantity recorded last.
        busy_since: Since when busy dynos have kept others from being removed.
        known_since: Since when the count is known again after it was unknown; None
            if it has not been unknown.
    """

    failures: int = 0
    scaled_up_at: datetime | None = None
    scaled_down_at: datetime | None = None
    changed_by_hand_at: datetime | None = None
    made_by_hand_at: datetime | None = None
    lease_is_sure: bool = False
    stopped: Stopped | None = None
    interrupted: bool = False
    recommended_up: tuple[Slice, ...] = ()
    recommended_down: tuple[Slice, ...] = ()
    drained: Drained | None = None
    told: int | None = None
    busy_since: datetime | None = None
    known_since: datetime | None = None

    def not_after(self, at: datetime) -> Past:
        """Return the past with each time in the future moved to `at`."""
        if self == NOTHING:
            return self
        return replace(
            self,
            scaled_up_at=_not_after(self.scaled_up_at, at),
            scaled_down_at=_not_after(self.scaled_down_at, at),
            changed_by_hand_at=_not_after(self.changed_by_hand_at, at),
            busy_since=_not_after(self.busy_since, at),
            known_since=_not_after(self.known_since, at),
            recommended_up=_slices_not_after(self.recommended_up, at),
            recommended_down=_slices_not_after(self.recommended_down, at),
        )


@dataclass(frozen=True, slots=True)
class Absent:
    """A process type that the latest read of the formation left out.

    Attributes:
        row: What the formation last said of it.
        since: When it was first missing (aware, UTC).
    """

    row: ProcessType
    since: datetime


#: What is remembered of a process type at first sight.
NOTHING = Past()

#: The key of a hold that concerns the whole app in `Memory.holds`.
WHOLE_APP = ""

#: How long a change of unknown outcome is looked for at each evaluation.
IN_DOUBT_FOR = timedelta(minutes=1)
#: How long a quantity that we asked for counts as ours when it shows up.
ASKED_FOR = timedelta(days=1)
#: How long a process type that the formation leaves out is remembered.
ABSENT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of an app between two evaluations.

    It may be lost at any time. The next evaluation then reads the formation
    again, and the loss on its own scales nothing.

    Attributes:
        formation: The formation as last known; None if it was never read.
        read_at: When it was read (aware, UTC); None if it must be read before
            anything is decided.
        limits: Most dynos of a process type, as learned from a refusal; forgotten
            at the next read.
        reported: Process types that the app has reported so far.
        holds: The current hold of each process type, or of `WHOLE_APP`.
        absent: Process types that the formation left out lately.
        refusal: Heroku's refusal of the whole app that is still in force.
        refusals: Heroku's refusals of single process types.
        doubtful: Whether another Redis server has stored this, so that the latest
            changes may be missing; the formation is read before the next change.
        slow: Whether the last exchange with the app failed or was slow.
        unconfirmed: Requested changes of unknown outcome. Heroku may carry them out
            late, so reads look for them.
        since: Since when this is remembered (aware, UTC); None if nothing is.
        pasts: What is remembered of each process type.
        released_at: When the app was last released, as last known.
        unanswered: Polls in a row that the app did not answer.
        rest: Seconds until it is polled again.
        stuck: Whether Heroku refused the last change, or could not be asked.
        maintenance_at: When the platform last said that the app is in maintenance
            mode; None if it is not, as last known.
        leased_until: Until when a manual change is left alone, at the latest; None
            if there is none.
        platform_id: The platform's id of the app that all this is about; empty if it
            is not known.
        counts: While something is held, the counts as last reported; empty else, so
            that a count alone is nothing to store.
    """

    formation: Formation | None = None
    read_at: datetime | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    reported: frozenset[str] = frozenset()
    holds: Mapping[str, Hold] = field(default_factory=dict)
    absent: Mapping[str, Absent] = field(default_factory=dict)
    refusal: Refusal | None = None
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    doubtful: bool = False
    slow: bool = False
    unconfirmed: tuple[Event, ...] = ()
    since: datetime | None = None
    pasts: Mapping[str, Past] = field(default_factory=dict)
    released_at: datetime | None = None
    unanswered: int = 0
    rest: float = 0.0
    stuck: bool = False
    maintenance_at: datetime | None = None
    leased_until: datetime | None = None
    platform_id: str = ""
    counts: Mapping[str, Count] = field(default_factory=dict)

    def in_doubt(self, asked: tuple[Event, ...] = ()) -> Memory:
        """Return the memory of an app whose dynos may have changed.

        The formation is read before the next decision. A quantity that is neither
        the last known one nor one `asked` for is somebody else's change.
        """
        new = {(event.process_type, event.to_quantity) for event in asked}
        older = tuple(
            event
            for event in self.unconfirmed
            if (event.process_type, event.to_quantity) not in new
        )
        return replace(self, read_at=None, unconfirmed=(*older, *asked))

    def waits_for_outcome(self, at: datetime) -> bool:
        """Return whether a change may still be carried out late."""
        return any(at - event.at < IN_DOUBT_FOR for event in self.unconfirmed)

    def not_after(self, at: datetime) -> Memory:
        """Return the memory with each time in the future moved to `at`.

        Another clock wrote such a time. A span that begins now, rather than in the
        future, ends after its length; one that began in the future must not count as
        over.
        """
        return replace(
            self,
            read_at=None if _is_later(self.read_at, at) else self.read_at,
            since=_not_after(self.since, at),
            released_at=_not_after(self.released_at, at),
            pasts={name: past.not_after(at) for name, past in self.pasts.items()},
            holds={
                name: replace(hold, since=min(hold.since, at))
                for name, hold in self.holds.items()
            },
            unconfirmed=tuple(
                replace(event, at=min(event.at, at)) for event in self.unconfirmed
            ),
        )


def _is_later(moment: datetime | None, at: datetime) -> bool:
    return moment is not None and moment > at


def _not_after(moment: datetime | None, at: datetime) -> datetime | None:
    return at if _is_later(moment, at) else moment


def _slices_not_after(slices: tuple[Slice, ...], at: datetime) -> tuple[Slice, ...]:
    if not slices or slices[-1].until <= at:
        return slices
    return tuple(
        replace(s, since=min(s.since, at), until=min(s.until, at)) for s in slices
    )
