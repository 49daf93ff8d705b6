"""What a plot tells: counts over time, and the policies that follow them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scalar.core.reading import Reading

#: An ordinary Thursday.
START = datetime(2026, 1, 15, 9, tzinfo=UTC)
POLL = timedelta(seconds=10)
#: Polls in a minute.
MINUTE = 6

Texts = Mapping[str, str]
#: From the number of a poll and the dynos since the last one to what an app says.
Feed = Callable[[int, int], Reading]


@dataclass(frozen=True)
class Line:
    """One way to scale the same story.

    Attributes:
        label: Its name in the legend.
        policy: Its values, as texts.
        later: Number of a poll to values that take the place of them then.
        wish: Whether what would be done is drawn, not what is.
    """

    label: str
    policy: Texts = field(default_factory=dict)
    later: Mapping[int, Texts] = field(default_factory=dict)
    wish: bool = False


@dataclass(frozen=True)
class Span:
    """A time that is shaded, from one poll to another, and why."""

    start: int
    end: int
    text: str
    on_counts: bool = False


@dataclass(frozen=True)
class Story:
    """What happens in one plot.

    Attributes:
        name: Of the file.
        title: What is to be seen.
        feed: Makes the source of the counts, new for each line.
        polls: How many there are.
        lines: Before and after.
        dynos: At the beginning.
        start: The time of the first poll.
        every: Time between two polls.
        levels: Counts that are drawn as thin lines: multiples of the boundary.
        by_hand: Number of a poll to the dynos that a person asks for before it.
        released: Number of the poll before which the app is released.
        spans: Shaded times.
        bands: Counts that change nothing: from and to which poll, from and to
            which count.
        counts_differ: Whether the dynos work the counts off, so that each line
            has counts of its own.
        ticks: Minutes between two ticks of the time axis; None for hours.
    """

    name: str
    title: str
    feed: Callable[[], Feed]
    polls: int
    lines: Sequence[Line]
    dynos: int = 0
    start: datetime = START
    every: timedelta = POLL
    levels: Sequence[float] = ()
    by_hand: Mapping[int, int] = field(default_factory=dict)
    released: int | None = None
    spans: Sequence[Span] = ()
    bands: Sequence[tuple[int, int, float, float]] = ()
    counts_differ: bool = False
    ticks: int | None = 5


@dataclass(frozen=True)
class Course:
    """What one line of a story came to: for each poll the count and the dynos."""

    counts: list[float | None]
    dynos: list[int]
