"""What a plot shows: counts over time, and policies that follow them."""

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
#: Number of a poll, and dynos since the last one -> what the app reports.
Feed = Callable[[int, int], Reading]


@dataclass(frozen=True)
class Line:
    """One way to scale the same story.

    Attributes:
        label: Its name in the legend.
        policy: Its values, as texts.
        later: Number of a poll -> values that replace the policy then.
        wish: Draw the desired dynos instead of the actual ones.
    """

    label: str
    policy: Texts = field(default_factory=dict)
    later: Mapping[int, Texts] = field(default_factory=dict)
    wish: bool = False


@dataclass(frozen=True)
class Span:
    """A shaded time, from one poll to another, with its reason."""

    start: int
    end: int
    text: str
    on_counts: bool = False


@dataclass(frozen=True)
class Story:
    """What happens in one plot.

    Attributes:
        name: Name of the file.
        title: What the plot shows.
        feed: Creates the source of the counts, anew for each line.
        polls: Number of polls.
        lines: Before and after.
        dynos: Dynos at the start.
        start: The time of the first poll.
        every: Time between two polls.
        levels: Counts to draw as thin lines: multiples of the boundary.
        by_hand: Number of a poll -> dynos that a person sets before it.
        released: Number of the poll before which a release happens.
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
    """The outcome of one line: the count and the dynos at each poll."""

    counts: list[float | None]
    dynos: list[int]
