"""Draw a story: the counts above, the dynos below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator

from plots.stage import play
from plots.story import Course, Story

# Okabe and Ito's colours, which colour-blind people can tell apart.
BLACK, ORANGE, BLUE, GREEN = "#333333", "#E69F00", "#0072B2", "#009E73"
GREY, PALE = "#999999", "#CC79A7"
STYLE = {
    "font.size": 9,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "svg.fonttype": "none",  # keep text as text: small and searchable files
    "path.simplify": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 9,
}


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
    """Return the times of the polls, and the end of the last one."""
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
    axes.set_ylim(top=axes.get_ylim()[1] * (1.12 if _has_text_above(story) else 1.0))


def _has_text_above(story: Story) -> bool:
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
    """Return a line's style: the first one is broad and pale, below the others."""
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
