"""The live view, for a terminal of 80 x 24 or larger."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from demo.history import History
from demo.plot import bars, by_second
from demo.shop import BOUNDARY, SCALED
from scalar.core.decision.boundary import recommend_by_boundary
from scalar.core.reading import Count

HEIGHT = 24
#: Lines of each plot, and of the decisions, at the least height.
COUNT_ROWS, DYNO_ROWS, DECISION_ROWS = 3, 2, 4
#: Columns left of a plot.
LABEL = 12
STATES = ("up", "starting", "stopping", "crashed")
STYLES = {"count": "cyan", "dynos": "green"}


class LiveView:
    """Draws the screen anew at every look; use it in a `with` block."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, history: History) -> None:
        """Show how the demo goes.

        Raises:
            OSError: The terminal was closed. SIGHUP need not tell of it: that
                goes to `make` alone where nothing but `make` runs in it.
        """
        if not self._console.is_terminal:
            raise OSError(errno.EIO, "the terminal was closed")
        width, height = self._console.size
        self._live.update(Group(*screen(history, width, height)), refresh=True)


def screen(history: History, width: int, height: int) -> list[Text]:
    """Return the lines of the screen, none of them longer than the width."""
    more = max(0, height - HEIGHT)
    count_rows, dyno_rows = COUNT_ROWS + more // 4, DYNO_ROWS + more // 8
    plots = 2 * (count_rows + dyno_rows - COUNT_ROWS - DYNO_ROWS)
    lines = _head(history)
    for name in SCALED:
        lines += [*_process_type(history, name, width, count_rows, dyno_rows), Text()]
    lines.append(_web(history))
    lines += _decisions(history, width, DECISION_ROWS + more - plots)
    for line in lines:
        line.no_wrap = True
        line.truncate(width - 1, overflow="ellipsis")
    return lines[:height]


def states_in_words(states: Counter[str]) -> str:
    """Return how many dynos are in each state: "3 up, 1 starting"."""
    return ", ".join(f"{states[s]} {s}" for s in STATES if states[s]) or "none"


def _head(history: History) -> list[Text]:
    end = "" if history.seconds is None else f" of {history.seconds}"
    return [
        Text.assemble(
            (" heroku-proc-scalar, demo", "bold"),
            f"   {history.now.at:.0f}{end} s   wave {history.waves} of load"
            "   (one column a second)",
        ),
        Text(
            " Heroku is simulated here: no account is needed. Ctrl-C ends everything.",
            "bold yellow",
        ),
        Text(f" Logs: {history.logs.folder}"),
        Text(),
    ]


def _process_type(
    history: History, name: str, width: int, count_rows: int, dyno_rows: int
) -> list[Text]:
    count = history.now.counts.get(name)
    columns = by_second(history.looks, width - LABEL - 1)
    counts = [look.counts.get(name) if look else None for look in columns]
    quantities = [look.quantities.get(name) if look else None for look in columns]
    return [
        Text.assemble(
            (f" {name:<8}", "bold"),
            (f" count {shown(count):<4}", STYLES["count"]),
            f" asks for {_asked(count)}   ",
            (f"dynos: {states_in_words(history.now.states(name))}", STYLES["dynos"]),
        ),
        *_plot("count", counts, count_rows),
        *_plot("dynos", quantities, dyno_rows),
    ]


def shown(count: Count | None) -> str:
    """Return a count as text."""
    return "?" if count is None else str(count)


def _asked(count: Count | None) -> str:
    return "?" if count is None else str(recommend_by_boundary(count, BOUNDARY))


def _plot(what: str, values: Sequence[Count | None], rows: int) -> list[Text]:
    """Return a plot with its scale, from 0 to the highest value shown."""
    top = max((value for value in values if value is not None), default=0)
    scale = [""] * (rows - 1) + ["0"]
    scale[0] = f"{what} {top:>3}"
    return [
        Text.assemble(f"{mark:>{LABEL - 1}}│", (row, STYLES[what]))
        for mark, row in zip(scale, bars(values, rows=rows, top=top or 1), strict=True)
    ]


def _web(history: History) -> Text:
    states = states_in_words(history.now.states("web"))
    return Text.assemble(
        (" web      ", "bold"), f"dynos: {states}; the app counts nothing for it"
    )


def _decisions(history: History, width: int, rows: int) -> list[Text]:
    """Return the newest decisions, in a column for each process type."""
    column = (width - 2) // len(SCALED)
    title = "".join(f"{f'Decisions: {name}':<{column}}" for name in SCALED)
    newest = [_newest(history, name, rows) for name in SCALED]
    return [
        Text(f" {title}", "bold"),
        *(
            Text(" " + "".join(f"{cell:<{column}}" for cell in cells))
            for cells in zip(*newest, strict=True)
        ),
    ]


def _newest(history: History, name: str, rows: int) -> list[str]:
    texts = [
        f"{decided.time}  {decided.text}"
        for decided in history.decisions
        if decided.process_type in (name, None)
    ][-rows:]
    return texts[::-1] + [""] * (rows - len(texts))
