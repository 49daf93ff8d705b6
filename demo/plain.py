"""Plain lines, for where there is no terminal."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from demo.history import History
from demo.shop import SCALED
from demo.view import shown, states_in_words
from demo.watch import Look

#: Seconds after which a line is printed even if nothing has changed.
AT_LEAST_EVERY = 3.0


class PlainLines:
    """Prints a line when dynos change, and at least every few seconds."""

    def __init__(self) -> None:
        self._shown: Mapping[str, object] = {}
        self._shown_at = -AT_LEAST_EVERY
        self._decisions = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: every line is out."""

    def show(self, history: History) -> None:
        """Print what is new, if it is time to."""
        look = history.now
        for decided in history.decisions[self._decisions :]:
            who = decided.process_type or "the whole app"
            print(f"{look.at:5.1f} s  decision  {who}  {decided.text}", flush=True)
        self._decisions = len(history.decisions)
        states = {name: look.states(name) for name in SCALED}
        if states != self._shown or look.at >= self._shown_at + AT_LEAST_EVERY:
            self._shown, self._shown_at = states, look.at
            print(line(look), flush=True)


def line(look: Look) -> str:
    """Return a look as a line."""
    parts = (
        f"{name}: count {shown(look.counts.get(name)):>2}, "
        f"dynos {states_in_words(look.states(name))}"
        for name in SCALED
    )
    return f"{look.at:5.1f} s  " + " | ".join(parts)
