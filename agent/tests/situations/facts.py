"""The true numbers of a situation, and what an agent needs to measure it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Optional

from agent.tests.situations.place import App

#: Tolerance, in seconds, for the times that an agent reports.
SLACK = 2.0


class Knowable(Enum):
    """Whether the count can be known from the broker and the workers."""

    YES = "yes"
    #: Only by luck; otherwise the answer must be unknown, never a smaller number.
    PERHAPS = "perhaps"
    NO = "no"


@dataclass(frozen=True)
class Truth:
    """What is true; mappings are by process type.

    Attributes:
        counts: Jobs that need a worker now.
        knowable: Whether the counts can be known at all.
        at_least: If they cannot: what the broker alone knows for certain.
        busy_dynos: Dynos that run a job; None if not checked.
        stranded: Jobs held by a killed worker while no live one would take them;
            None if not checked.
        next_eta: When the next future job is due, in seconds since 1970; None if
            there is none.
        is_crowded: Whether more jobs wait than an agent can inspect; then it need
            not know when the next one is due.
        oldest: When the oldest waiting job became ready to start, in seconds since
            1970; None if none waits or it is not checked.
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
    """A situation that has been set up and does not change.

    Attributes:
        app: The app, with its Celery app as the app's web process has it.
        queues: Process type -> the queues that its workers read.
        options: Further arguments of the agent.
        spoil: Breaks something after a first measurement, which gives `before`.
        before: The counts before that.
        is_new: Whether it matters that the broker has just been started.
    """

    app: App
    queues: Mapping[str, tuple[str, ...]]
    truth: Truth
    options: Mapping[str, Any] = field(default_factory=dict)
    spoil: Optional[Callable[[], None]] = None
    before: Optional[Mapping[str, int]] = None
    is_new: bool = False
