"""What is true of the jobs in a situation, and what an agent needs to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Optional

from agent.tests.situations.place import App

#: Seconds that may lie between what was so and what an agent says of times.
SLACK = 2.0


class Knowable(Enum):
    """Whether the count can be known by somebody who asks broker and workers."""

    YES = "yes"
    #: Only by luck; who cannot tell must say so, never a smaller number.
    PERHAPS = "perhaps"
    NO = "no"


@dataclass(frozen=True)
class Truth:
    """What is so, by process type where it says so.

    Attributes:
        counts: Jobs that need a worker now.
        knowable: Whether the counts can be known at all.
        at_least: Where they cannot: what the broker alone knows for certain.
        busy_dynos: Dynos that run a job; None if nobody has to say.
        stranded: Jobs that are with a killed worker, and nobody is there who
            would take them; None if nobody has to say.
        next_eta: When the next job of the future is due, in seconds of the
            epoch; None if there is none.
        is_crowded: Whether more waits than an agent can look at one by one; then
            it may leave open when the next job is due.
        oldest: When the oldest job that waits and is due could have been
            started, in seconds of the epoch; None if none waits or nobody has to say.
    """

    counts: Mapping[str, int]
    knowable: Knowable = Knowable.YES
    at_least: Mapping[str, int] = field(default_factory=dict)
    busy_dynos: Optional[Mapping[str, tuple[str, ...]]] = None
    stranded: Optional[Mapping[str, int]] = None
    next_eta: Optional[Mapping[str, float]] = None
    oldest: Optional[Mapping[str, float]] = None
    is_crowded: bool = False


@dataclass(frozen=True)
class Scene:
    """A situation that has come about and stays as it is.

    Attributes:
        app: The app, with its Celery app as the app's web process has it.
        queues: Process type to the queues that its workers read.
        options: What the agent is told besides.
        spoil: What goes wrong after a first look, which sees `before`.
        before: The counts before that.
    """

    app: App
    queues: Mapping[str, tuple[str, ...]]
    truth: Truth
    options: Mapping[str, Any] = field(default_factory=dict)
    spoil: Optional[Callable[[], None]] = None
    before: Optional[Mapping[str, int]] = None
