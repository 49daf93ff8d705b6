"""Draw the plots of policies.md: `python docs/plot_policies.py`.

Each plot is a story: counts that are made up here, and what the decision code
makes of them. Nothing of the decision is repeated here. A story is evaluated
poll by poll with `poll_and_scale`, its policy is stored as the texts that a
person types, and only the clock, the counts and Heroku are those in memory.
The files are the same at each run.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator

# Python puts the folder of a script on the path, and not the one it runs in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scalar.adapters.memory import (
    MemoryAccount,
    MemoryCoordinator,
    MemoryCounts,
    MemoryJournal,
    MemoryPlatform,
    MemoryRegistry,
    WalkedClock,
)
from scalar.model import WHOLE_APP, ProcessType, Reading, Reason, Unknown
from scalar.policy_book import PolicyBook
from scalar.secret import CountsUrl
from scalar.service.parts import Options, Parts
from scalar.service.policies import change_policy
from scalar.service.poll_and_scale import poll_and_scale

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
#: An ordinary Thursday.
START = datetime(2026, 1, 15, 9, tzinfo=UTC)
POLL = timedelta(seconds=10)
#: Polls in a minute.
MINUTE = 6

# Okabe and Ito's colours, which differ for colour-blind eyes as well.
BLACK, ORANGE, BLUE, GREEN = "#333333", "#E69F00", "#0072B2", "#009E73"
GREY, PALE = "#999999", "#CC79A7"
STYLE = {
    "font.size": 9,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "svg.fonttype": "none",  # text stays text: small files, and it can be searched
    "path.simplify": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 9,
}

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


class Stage:
    """One registered app with one process type, all in memory."""

    def __init__(self, story: Story) -> None:
        self.clock = WalkedClock(story.start)
        self.platform = MemoryPlatform()
        self.counts = MemoryCounts()
        self.registry = MemoryRegistry()
        url = CountsUrl.parse("https://shop.example/counts")
        self._address = url.address
        self.registry.add("shop", url, story.start)
        self.set_dynos(story.dynos)
        self.parts = Parts(
            self.clock,
            self.registry,
            MemoryJournal(),
            self.counts,
            self.platform,
            MemoryCoordinator(self.clock),
            MemoryAccount(),
            PolicyBook({}, scale_web_to_zero=False),
            Options(),
        )

    def set_dynos(self, quantity: int) -> None:
        """Set the dynos as a person does, behind our back."""
        self.platform.formations["shop"] = {"worker": ProcessType(quantity)}

    @property
    def dynos(self) -> int:
        """The dynos that Heroku runs."""
        return self.platform.formations["shop"]["worker"].quantity

    def set_policy(self, values: Texts) -> None:
        """Set the policy to these values, and no others."""
        before = self.registry.get("shop").policies.get(WHOLE_APP, {})
        gone = before.keys() - values.keys()
        change_policy(
            self.registry,
            self.parts.policies,
            "shop",
            WHOLE_APP,
            put=values,
            remove=gone,
        )

    def poll(self, reading: Reading) -> int:
        """Evaluate the app; return the dynos that are desired."""
        self.counts.answers[self._address] = {"worker": reading}
        done = poll_and_scale(self.parts, self.registry.key("shop"), "plot")
        if done is None or not done.decisions:
            return self.dynos
        desired = done.decisions[0].desired
        return self.dynos if desired is None else desired


def play(story: Story, line: Line) -> Course:
    """Return what comes of a story under one policy."""
    stage, feed = Stage(story), story.feed()
    stage.set_policy(line.policy)
    course = Course([], [])
    for number in range(story.polls):
        if number in line.later:
            stage.set_policy(line.later[number])
        if number in story.by_hand:
            stage.set_dynos(story.by_hand[number])
        if number == story.released:
            stage.platform.releases["shop"] = stage.clock.now()
        reading = feed(number, stage.dynos)
        desired = stage.poll(reading)
        course.counts.append(None if isinstance(reading, Unknown) else reading)
        course.dynos.append(desired if line.wish else stage.dynos)
        stage.clock.walk(story.every.total_seconds())
    return course


# Counts. A curve is given by its corners: (minute, count).


def series(
    *corners: tuple[float, float], noise: float = 0, seed: int = 1, per_minute=MINUTE
) -> list[int]:
    """Return whole counts along straight lines, with noise on those above 0."""
    random = Random(seed)
    result = []
    for number in range(round(corners[-1][0] * per_minute)):
        level = _along(corners, number / per_minute)
        if level > 0:
            level = max(level + random.uniform(-noise, noise), 1)
        result.append(round(level))
    return result


def _along(corners: Sequence[tuple[float, float]], minute: float) -> float:
    for (start, low), (end, high) in pairwise(corners):
        if start <= minute < end:
            return low + (high - low) * (minute - start) / (end - start)
    return corners[-1][1]


def scripted(counts: Sequence[Reading]) -> Callable[[], Feed]:
    """Return a source that says these counts, whatever the dynos."""
    return lambda: lambda number, _dynos: counts[number]


def backlog(
    arrivals: Callable[[float], float], rate: float, every: timedelta = POLL
) -> Callable[[], Feed]:
    """Return a source whose count is worked off by the dynos.

    Args:
        arrivals: Jobs that arrive in a second, at a minute.
        rate: Jobs that one dyno does in a second.
        every: Time between two polls.
    """

    def make() -> Feed:
        waiting = 0.0
        seconds = every.total_seconds()

        def feed(number: int, dynos: int) -> Reading:
            nonlocal waiting
            done = dynos * rate * seconds
            came = arrivals(number * seconds / 60) * seconds
            waiting = max(waiting + came - done, 0)
            return round(waiting)

        return feed

    return make


def with_dips(counts: list[int], polls: Iterable[int], to: int) -> list[int]:
    """Return the counts with others at some polls."""
    changed = list(counts)
    for number in polls:
        changed[number] = to
    return changed


# Drawing.


def draw(story: Story) -> Figure:
    """Return the figure of a story: counts above, dynos below."""
    courses = [play(story, line) for line in story.lines]
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    above.set_title(story.title)
    _draw_spans(story, above, below)
    _draw_counts(story, courses, above)
    _draw_dynos(story, courses, below)
    _draw_time(story, below)
    return figure


def _times(story: Story) -> list[float]:
    """Return the polls, and the end of the last one, on the time axis."""
    unit = timedelta(hours=1) if story.ticks is None else timedelta(minutes=1)
    return [number * story.every / unit for number in range(story.polls + 1)]


def _draw_spans(story: Story, above: Axes, below: Axes) -> None:
    times = _times(story)
    for span in story.spans:
        start, end = times[span.start], times[span.end]
        for axes in (above, below):
            axes.axvspan(start, end, color=PALE, alpha=0.16, linewidth=0)
        axes = above if span.on_counts else below
        axes.annotate(
            span.text,
            ((start + end) / 2, 0.98),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="top",
            fontsize=8.5,
            color="#7A3B60",
        )


def _draw_counts(story: Story, courses: Sequence[Course], axes: Axes) -> None:
    for level in story.levels:
        axes.axhline(level, color=GREY, linewidth=0.5, zorder=0)
    times = _times(story)
    for start, end, low, high in story.bands:
        area = ([times[start], times[end]], low, high)
        axes.fill_between(*area, color=BLUE, alpha=0.15, linewidth=0)
    shown = courses if story.counts_differ else courses[:1]
    for place, course in enumerate(shown):
        counts = [float("nan") if c is None else c for c in course.counts]
        color = _look(story, place)["color"] if story.counts_differ else BLACK
        axes.step(
            times,
            [*counts, counts[-1]],
            where="post",
            color=color,
            linewidth=1.1,
        )
    axes.set_ylabel("count")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    if len(story.levels) > 1:
        axes.set_yticks([0, *story.levels])
    axes.set_ylim(top=axes.get_ylim()[1] * (1.12 if _said_above(story) else 1.0))


def _said_above(story: Story) -> bool:
    return any(span.on_counts for span in story.spans)


def _draw_dynos(story: Story, courses: Sequence[Course], axes: Axes) -> None:
    times = _times(story)
    for place, (line, course) in enumerate(zip(story.lines, courses, strict=True)):
        axes.step(
            times,
            [*course.dynos, course.dynos[-1]],
            where="post",
            label=line.label,
            **_look(story, place),
        )
    most = max(max(course.dynos) for course in courses)
    axes.set_ylim(0, most * 1.42 + 0.5)
    axes.set_ylabel("dynos")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    below = any(not span.on_counts for span in story.spans)
    axes.legend(
        loc="upper left",
        ncols=len(story.lines),
        bbox_to_anchor=(0, 0.92 if below else 1.03),
        borderaxespad=0.2,
        handlelength=1.6,
        columnspacing=1.4,
    )


def _look(story: Story, place: int) -> dict[str, object]:
    """Return how a line is drawn: the first one broad and pale, under the others."""
    if story.lines[place].wish:
        return {"color": BLUE, "linewidth": 1.2, "linestyle": (0, (1.5, 1.5))}
    return (
        {"color": ORANGE, "linewidth": 3.2, "alpha": 0.75},
        {"color": BLUE, "linewidth": 1.6},
        {"color": GREEN, "linewidth": 1.6, "linestyle": (0, (4, 1.5))},
    )[place]


def _draw_time(story: Story, axes: Axes) -> None:
    times = _times(story)
    axes.set_xlim(times[0], times[-1])
    if story.ticks is not None:
        axes.set_xlabel("minutes")
        axes.xaxis.set_major_locator(MultipleLocator(story.ticks))
        return
    hours = range(0, round(times[-1]) + 1, 6)
    days = [story.start + timedelta(hours=hour) for hour in hours]
    axes.set_xticks(
        list(hours),
        [f"{d:%a}\n{d:%H:%M}" if d.hour == 0 else f"{d:%H:%M}" for d in days],
    )


# The stories.

BOUNDARY = {"boundary": "10"}
BEFORE = Line("before: boundary=10", BOUNDARY)


def after(label: str, **values: str) -> Line:
    """Return a line whose policy has a boundary of 10 beside other values."""
    return Line(label, {**BOUNDARY, **values})


def tens(most: int) -> list[int]:
    """Return the multiples of the boundary that are drawn."""
    return list(range(10, most + 1, 10))


def boundary() -> Story:
    """One dyno for anything, or one for each ten."""
    counts = series((0, 0), (3, 0), (13, 44), (18, 40), (27, 0), (30, 0), noise=2)
    return Story(
        "boundary",
        "boundary: a dyno more at each multiple",
        scripted(counts),
        len(counts),
        [Line("boundary=0 (the default)", {}), Line("boundary=10", BOUNDARY)],
        levels=tens(40),
    )


def min_max() -> Story:
    """The same count, between two and five."""
    counts = series((0, 0), (4, 0), (13, 78), (18, 74), (26, 0), (30, 0), noise=2)
    return Story(
        "min-max",
        "min=2, max=5: never fewer, never more",
        scripted(counts),
        len(counts),
        [BEFORE, after("min=2 max=5", min="2", max="5")],
        levels=range(20, 81, 20),
    )


def wake() -> Story:
    """A few jobs are worth three dynos at once."""
    counts = series((0, 0), (4, 0), (5, 8), (10, 30), (17, 420), (26, 6), (27, 0))
    counts += [0] * (3 * MINUTE)
    policy = {"boundary": "100"}
    return Story(
        "wake",
        "wake=3: from 0 to 3 at the first job",
        scripted(counts),
        len(counts),
        [
            Line("before: boundary=100", policy),
            Line("wake=3", {**policy, "wake": "3"}),
        ],
        levels=[100, 200, 300, 400],
    )


def tolerance() -> Story:
    """A count that plays around a multiple."""
    counts = series((0, 30), (20, 30), (20.1, 49), (30, 49), noise=2.6, seed=3)
    return Story(
        "tolerance",
        "tolerance=0.1: 27 to 33 is near enough to 3 dynos, 45 to 55 to 5",
        scripted(counts),
        len(counts),
        [BEFORE, after("tolerance=0.1", tolerance="0.1")],
        dynos=3,
        levels=tens(50),
        bands=[(0, 121, 27, 33), (121, 180, 45, 55)],
    )


def down_when_empty() -> Story:
    """Jobs that nobody may stop."""
    counts = series(
        *((0, 0), (2, 0), (2.2, 58), (12, 6), (16, 1), (18, 0), (20, 0)),
        *((20.2, 25), (26, 2), (27, 0), (30, 0)),
    )
    return Story(
        "down-when-empty",
        "down_when_empty=true: dynos go when nothing is left, and all at once",
        scripted(counts),
        len(counts),
        [BEFORE, after("down_when_empty=true", down_when_empty="true")],
        levels=tens(60),
    )


def stabilization_down() -> Story:
    """Dips that last a few polls."""
    counts = series((0, 44), (18, 44), (18.1, 6), (30, 6), noise=3, seed=2)
    dips = [n for start in (14, 31, 52, 70, 88) for n in range(start, start + 4)]
    return Story(
        "stabilization-down",
        "stabilization_down=5m: a dip is waited out, a real fall costs 5 minutes",
        scripted(with_dips(counts, dips, 5)),
        len(counts),
        [BEFORE, after("stabilization_down=5m", stabilization_down="5m")],
        dynos=5,
        levels=tens(40),
        spans=[Span(108, 138, "the window")],
    )


def stabilization_up() -> Story:
    """Peaks of a poll or two."""
    counts = series((0, 18), (16, 18), (16.2, 56), (30, 56), noise=2, seed=5)
    peaks = (20, 21, 45, 66, 67)
    return Story(
        "stabilization-up",
        "stabilization_up=2m: a short peak starts nothing",
        scripted(with_dips(counts, peaks, 68)),
        len(counts),
        [BEFORE, after("stabilization_up=2m", stabilization_up="2m")],
        dynos=2,
        levels=range(20, 61, 20),
        spans=[Span(96, 108, "window")],
    )


def max_step() -> Story:
    """From one dyno to eight, and back."""
    counts = series((0, 8), (1, 8), (1.1, 78), (4, 78), (4.1, 8), (7, 8), noise=1)
    return Story(
        "max-step",
        "max_step_up=2, max_step_down=1: so many at each poll, every 10 s",
        scripted(counts),
        len(counts),
        [
            BEFORE,
            after("max_step_up=2 max_step_down=1", max_step_up="2", max_step_down="1"),
        ],
        dynos=1,
        levels=range(20, 81, 20),
        ticks=1,
    )


def cooldown() -> Story:
    """A restless count, up and down again."""
    counts = series((0, 12), (12, 62), (16, 60), (26, 14), (30, 14), noise=6, seed=4)
    return Story(
        "cooldown",
        "cooldown_up=2m after a scale up, cooldown_down=5m after any change",
        scripted(counts),
        len(counts),
        [
            BEFORE,
            after(
                "cooldown_up=2m cooldown_down=5m", cooldown_up="2m", cooldown_down="5m"
            ),
        ],
        dynos=1,
        levels=tens(60),
    )


def drain_time() -> Story:
    """1,800 jobs at once, which one dyno does in an hour."""

    def burst(minute: float) -> float:
        return 180.0 if minute == 1 else 0.0

    rate = {"drain_time": "10m", "jobs_per_second": "0.5"}
    return Story(
        "drain-time",
        "drain_time=10m: 1,800 jobs come at minute 1; one dyno does 0.5 a second",
        backlog(burst, 0.5),
        30 * MINUTE,
        [
            Line("before: boundary=1000", {"boundary": "1000"}),
            Line("drain_time=10m", rate),
            Line(
                "and down_when_empty=true",
                {**rate, "down_when_empty": "true"},
            ),
        ],
        spans=[Span(1 * MINUTE, 11 * MINUTE, "10 minutes", on_counts=True)],
        counts_differ=True,
    )


def schedule() -> Story:
    """Friday to Sunday, every ten minutes."""
    random = Random(6)
    day = [0, 0, 0, 0, 0, 0, 6, 14, 22, 70, 125, 132, 105, 85, 118, 112, 75, 25]
    day += [16, 14, 12, 8, 6, 4]
    counts = [
        round(level * (1 if number < 1 else 0.45) * random.uniform(0.93, 1.07))
        for number in range(3)
        for level in day
        for _ in range(6)
    ]
    windows = "UTC: mon-fri 08:00-18:00 min=4 max=10; sat,sun 00:00-24:00 max=2"
    friday = [n * 6 for n in (8, 18)]
    return Story(
        "schedule",
        "schedule: Friday 08:00-18:00 min=4 max=10; Saturday and Sunday max=2",
        scripted(counts),
        len(counts),
        [BEFORE, after("with the schedule", schedule=windows)],
        start=datetime(2026, 1, 16, tzinfo=UTC),
        every=timedelta(minutes=10),
        levels=[50, 100],
        spans=[Span(*friday, "4 to 10"), Span(24 * 6, 72 * 6, "at most 2")],
        ticks=None,
    )


def pause() -> Story:
    """Somebody looks at the dynos, and they are to stay."""
    counts = series((0, 45), (8, 42), (11, 12), (16, 8), (20, 35), (23, 8), (30, 8))
    until = (START + timedelta(minutes=24)).isoformat()
    paused = {**BOUNDARY, "pause_down": until}
    return Story(
        "pause",
        "pause-app shop --down --for 20m, typed at minute 4",
        scripted(counts),
        len(counts),
        [BEFORE, Line("paused down", BOUNDARY, later={4 * MINUTE: paused})],
        dynos=5,
        levels=tens(40),
        spans=[Span(4 * MINUTE, 24 * MINUTE, "nothing is removed")],
    )


def dry_run() -> Story:
    """First only said, then done."""
    counts = series((0, 12), (6, 45), (12, 30), (20, 52), (26, 12), (30, 12), noise=2)
    dry = {**BOUNDARY, "dry_run": "true"}
    later = {15 * MINUTE: BOUNDARY}
    return Story(
        "dry-run",
        "dry_run=true until minute 15: what it would do is only said",
        scripted(counts),
        len(counts),
        [
            BEFORE,
            Line("dry_run=true", dry, later),
            Line("what it says", dry, later, wish=True),
        ],
        dynos=2,
        levels=tens(50),
        spans=[Span(0, 15 * MINUTE, "dry run")],
    )


def fallback() -> Story:
    """The app's API is away for ten minutes."""
    counts: list[Reading] = list(
        series((0, 8), (9, 8), (19, 60), (21, 58), (30, 5), noise=1)
    )
    silence = range(9 * MINUTE, 19 * MINUTE)
    for number in silence:
        counts[number] = Unknown(Reason.COUNT_NULL, "the app says null")
    return Story(
        "fallback",
        "fallback=3: after three unknown counts at least 3 dynos",
        scripted(counts),
        len(counts),
        [BEFORE, after("fallback=3", fallback="3")],
        dynos=1,
        levels=tens(60),
        spans=[Span(silence.start, silence.stop, "the count is unknown")],
    )


def manual_lease() -> Story:
    """Somebody sets eight dynos at minute ten."""
    counts = series((0, 14), (22, 14), (24, 36), (45, 34), (60, 34), noise=2, seed=9)
    return Story(
        "manual-lease",
        "manual_lease=30m: somebody asks for 8 dynos at minute 10",
        scripted(counts),
        len(counts),
        [BEFORE, after("manual_lease=30m", manual_lease="30m")],
        dynos=2,
        levels=tens(40),
        by_hand={10 * MINUTE: 8},
        spans=[Span(112, 292, "the lease, from when it is noticed")],
    )


def release_grace() -> Story:
    """A release restarts the workers, and for a minute nothing seems to wait."""
    counts = series((0, 46), (20, 45), noise=3, seed=8)
    quiet = range(6 * MINUTE, 6 * MINUTE + 10)
    return Story(
        "release-grace",
        "release_grace=5m: a release at minute 6, after which the queues look empty",
        scripted(with_dips(counts, quiet, 0)),
        len(counts),
        [BEFORE, after("release_grace=5m", release_grace="5m")],
        dynos=5,
        levels=tens(40),
        released=6 * MINUTE,
        spans=[Span(6 * MINUTE, 11 * MINUTE, "nothing is removed")],
    )


STORIES: tuple[Callable[[], Story], ...] = (
    boundary,
    min_max,
    wake,
    tolerance,
    down_when_empty,
    stabilization_down,
    stabilization_up,
    max_step,
    cooldown,
    drain_time,
    schedule,
    pause,
    dry_run,
    fallback,
    manual_lease,
    release_grace,
)


def main() -> None:
    """Draw all of them."""
    IMAGES.mkdir(exist_ok=True)
    # An unknown count is told of at each poll; here it is part of a story.
    logging.getLogger("scalar").setLevel(logging.ERROR)
    mpl.rcParams.update(STYLE)
    for make in STORIES:
        story = make()
        file = IMAGES / f"policy-{story.name}.svg"
        # Names of clips and markers come from it; otherwise they are random.
        mpl.rcParams["svg.hashsalt"] = story.name
        draw(story).savefig(file, metadata={"Date": None})
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
