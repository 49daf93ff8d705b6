"""What is remembered of an app between two evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scalar.core.drain_time import Drained
from scalar.core.event import Event
from scalar.core.formation import Formation
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
    """Heroku's refusal to act on one app: calls for it wait for a while.

    Attributes:
        cause: Why, in Heroku's words.
        until: No call for this app before this time (aware, UTC).
        times: Refusals in a row.
        revision: The app's revision at the time. A changed row, for instance with
            another key, is tried again at once.
    """

    cause: Cause
    until: datetime
    times: int = 1
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of a process type, beside its dynos.

    Attributes:
        failures: Unknown counts in a row, including the latest.
        scaled_up_at: When we last added dynos (aware, UTC).
        scaled_down_at: When we last removed dynos.
        changed_by_hand_at: When a manual change was last noticed.
        interrupted: Whether the count has been unknown since the last decision on a
            known one.
        recommended_up: Recommendations of the window for scaling up.
        recommended_down: Recommendations of the window for scaling down.
        drained: How fast its dynos work, where the policy has a `drain_time`.
        told: In a dry run, the quantity recorded last.
        busy_since: Since when busy dynos have kept others from being removed.
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
        refusal: Heroku's refusal that is still in force.
        slow: Whether the last exchange with the app failed or was slow.
        unconfirmed: Requested changes of unknown outcome; the next read shows
            whether they were made.
        unwritten: Events that the journal could not store yet.
        since: Since when this is remembered (aware, UTC); None if nothing is.
        pasts: What is remembered of each process type.
        released_at: When the app was last released, as last known.
        unanswered: Polls in a row that the app did not answer.
        rest: Seconds until it is polled again.
        stuck: Whether Heroku refused the last change, or could not be asked.
        platform_id: The platform's id of the app that all this is about; empty if it
            is not known.
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
    platform_id: str = ""

    def in_doubt(self, asked: tuple[Event, ...] = ()) -> Memory:
        """Return the memory of an app whose dynos may have changed.

        The formation is read before the next decision. A quantity that is neither
        the last known one nor the one `asked` for is somebody else's change.
        """
        return replace(self, read_at=None, unconfirmed=asked)
