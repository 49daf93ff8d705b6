"""Everything that was seen of a demo so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from demo.decisions import Decided
from demo.figures import Figures, figures
from demo.logs import Logs
from demo.shop import BOUNDARY, PERIOD, SCALED
from demo.verdict import Sample, Verdict, judge
from demo.watch import Look


@dataclass(slots=True)
class History:
    """What the views show and the summary is made of.

    Attributes:
        seconds: How long the demo lasts; None if it has no end.
        logs: Where the parts log.
        looks: In the order of time.
        decisions: In the order of time.
        enqueued: Process type -> jobs put on its queue.
        waves: How many waves of load have begun.
    """

    seconds: int | None
    logs: Logs
    looks: list[Look] = field(default_factory=list)
    decisions: list[Decided] = field(default_factory=list)
    enqueued: Counter[str] = field(default_factory=Counter)
    waves: int = 0

    @property
    def now(self) -> Look:
        """The last look; an empty one if there was none."""
        return self.looks[-1] if self.looks else Look(0.0)

    @property
    def quiet(self) -> bool:
        """Whether there was no job and no dyno at the last look."""
        return bool(self.looks) and self.now.quiet

    @property
    def last_known_at(self) -> float:
        """When a count was last known, in seconds; 0 if none was."""
        known = (
            look.at
            for look in reversed(self.looks)
            if any(look.counts.get(name) is not None for name in SCALED)
        )
        return next(known, 0.0)

    def verdict(self) -> Verdict:
        """Return whether the dynos followed the counts."""
        return judge(self._samples(), SCALED, boundary=BOUNDARY, period=PERIOD)

    def figures(self) -> dict[str, Figures]:
        """Return the figures of each process type that is scaled."""
        samples = self._samples()
        return {
            name: figures([s for s in samples if s.process_type == name], BOUNDARY)
            for name in SCALED
        }

    def _samples(self) -> list[Sample]:
        return [sample for look in self.looks for sample in look.samples()]
