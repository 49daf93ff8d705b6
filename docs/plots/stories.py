"""The stories of policies.md, in its order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from plots.counts import backlog, scripted, series, with_dips
from plots.story import MINUTE, START, Line, Span, Story
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Reason

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
