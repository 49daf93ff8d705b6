"""Show the demo's progress: a live screen in a terminal, otherwise plain lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from demo.history import Decision, Look
from demo.shop import SCALED, dynos_for

Looks = Sequence[Look]
Decisions = Sequence[Decision]
#: Shows all looks and decisions so far; the live screen has a heading.
Show = Callable[[Looks, Decisions, str], None]

#: Seconds after which a plain line is printed even if no dyno has changed.
AT_LEAST_EVERY = 3
#: Columns left of a plot.
LABEL = 12


@contextmanager
def display() -> Iterator[Show]:
    """Yield the function that shows the progress."""
    console = Console()
    plain = console.is_dumb_terminal or console.options.ascii_only
    if plain or not console.is_terminal:
        yield PlainLines().show
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:

        def show(looks: Looks, decisions: Decisions, head: str) -> None:
            if not console.is_terminal:
                raise OSError("the terminal was closed")
            live.update(screen(looks, decisions, head, console.size), refresh=True)

        yield show


class PlainLines:
    """Prints each decision, and a line when dynos change or time has passed."""

    def __init__(self) -> None:
        self._last: Look | None = None
        self._decisions = 0

    def show(self, looks: Looks, decisions: Decisions, _: str) -> None:
        """Print what is new."""
        look, last = looks[-1], self._last
        for _time, process_type, text in decisions[self._decisions :]:
            who = process_type or "the whole app"
            click.echo(f"{look.at:5.1f} s  decision  {who}  {text}")
        self._decisions = len(decisions)
        if last and last.states == look.states and look.at < last.at + AT_LEAST_EVERY:
            return
        self._last = look
        parts = (
            f"{x}: count {_text(look.counts[x]):>2}, dynos {in_words(look.states[x])}"
            for x in SCALED
        )
        click.echo(f"{look.at:5.1f} s  {' | '.join(parts)}")


def screen(
    looks: Looks, decisions: Decisions, head: str, size: tuple[int, int]
) -> Text:
    """Return the live screen. It needs 80 x 24 and fills a larger terminal."""
    look, (width, height) = looks[-1], size
    spare = max(0, height - 24)
    # At four looks a second; a column shows the last look of its second.
    by_second = {int(x.at): x for x in looks[-4 * width :]}
    now = int(look.at)
    columns = range(max(0, now - width + LABEL + 2), now + 1)
    seen = [by_second.get(second) for second in columns]
    lines = [head, ""]
    for name in SCALED:
        count, dynos = look.counts[name], in_words(look.states[name])
        asked = "?" if count is None else dynos_for(count)
        lines.append(
            f"[bold] {name:<8}[/][cyan] count {_text(count):<4}[/] "
            f"asks for {asked}   [green]dynos: {dynos}[/]"
        )
        counts = [x and x.counts[name] for x in seen]
        quantities = [x and x.quantities[name] for x in seen]
        lines += _plot("count", counts, 3 + spare // 4, "cyan")
        lines += [*_plot("dynos", quantities, 2 + spare // 8, "green"), ""]
    web = in_words(look.states["web"])
    lines.append(f"[bold] web[/]      dynos: {web}; the app reports no count for it")
    column = width // 2 - 1
    lines.append("".join(f"[bold] {f'Decisions: {x}':<{column}}[/]" for x in SCALED))
    recent = decisions[-8 * height :]
    texts = (
        [f" {d.time}  {d.text}" for d in recent if d.process_type in (name, None)]
        for name in SCALED
    )
    for row in zip_longest(*(map(reversed, texts)), fillvalue=""):
        lines.append("".join(f"{text:<{column}}" for text in row))
    text = Text.from_markup("\n".join(lines), overflow="ellipsis")
    text.no_wrap = True
    return text


def bars(values: Sequence[float | None], rows: int) -> list[str]:
    """Return a bar chart as lines, as high as the highest value.

    On the lowest line, a dot is 0 and a question mark an unknown value.
    """
    top = max(filter(None, values), default=1)
    columns = []
    for value in values:
        column = "?" if value is None else "·"
        if value:
            full, eighths = divmod(max(1, round(value / top * rows * 8)), 8)
            column = "█" * full + " ▁▂▃▄▅▆▇"[eighths]
        columns.append(column.ljust(rows)[:rows])
    return ["".join(row) for row in zip(*columns, strict=True)][::-1]


def in_words(states: Counter[str]) -> str:
    """Return how many dynos are in each state: "3 up, 1 starting"."""
    order = ("up", "starting", "stopping", "crashed")
    return ", ".join(f"{states[s]} {s}" for s in order if states[s]) or "none"


def _plot(
    what: str, values: Sequence[float | None], rows: int, style: str
) -> list[str]:
    top = max(filter(None, values), default=0)
    labels = [f"{what} {top:>3}", *[""] * (rows - 2), "0"]
    return [
        f"{label:>{LABEL - 1}}│[{style}]{bar}[/]"
        for label, bar in zip(labels, bars(values, rows), strict=True)
    ]


def _text(count: float | None) -> str:
    return "?" if count is None else str(count)
