"""What is remembered of one app from one evaluation to the next."""

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


@dataclass(frozen=True, slots=True)
class Refusal:
    """Heroku's refusal to act for one app; it is not asked again at once.

    Attributes:
        cause: Why, in Heroku's words.
        until: No call for this app before that time (aware, UTC).
        times: Refusals in a row.
        revision: Of the app's row at that time. When a person changes the row, as
            by another key, it is tried again.
    """

    cause: Cause
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
