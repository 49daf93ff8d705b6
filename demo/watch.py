"""Look at the app from outside: its dynos at Heroku, its counts at its API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from demo import shop
from demo.parts import PartFailed
from demo.verdict import Sample
from local_heroku.control import ControlError, DynoView, LocalHeroku
from scalar.core.errors import CountsMalformed
from scalar.core.reading import Count, Unknown
from scalar.formats.plain import parse_counts

#: Seconds to connect, and to answer; the loop waits for it.
TIMEOUT = (1, 2)


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one moment.

    Attributes:
        at: Seconds since the demo began.
        dynos: All dynos, those that are stopping too.
        quantities: Process type -> what the formation says.
        counts: Process type -> its count; None if it is not known.
    """

    at: float
    dynos: tuple[DynoView, ...] = ()
    quantities: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, Count | None] = field(default_factory=dict)

    def states(self, process_type: str) -> Counter[str]:
        """Return how many dynos of a process type are in each state."""
        return Counter(dyno.state for dyno in self.dynos if dyno.type == process_type)

    @property
    def quiet(self) -> bool:
        """Whether no scaled process type has a job or a dyno."""
        return all(
            self.counts.get(name) == 0 and not self.states(name) for name in shop.SCALED
        )

    def samples(self) -> list[Sample]:
        """Return it as samples for the verdict, one for each process type."""
        return [
            Sample(self.at, name, self.counts.get(name), self.quantities[name])
            for name in shop.SCALED
        ]


class Watcher:
    """Looks at the app, at no cost of its Heroku account."""

    def __init__(self, heroku: LocalHeroku, counts_url: str) -> None:
        self._heroku = heroku
        self._counts_url = counts_url
        self._session = requests.Session()
        self._session.trust_env = False

    def look(self, at: float) -> Look:
        """Look now.

        The quantity comes first: what the scaler read before it changed the
        quantity then lies between the counts of the last look and of this one.

        Raises:
            PartFailed: The local Heroku does not answer.
        """
        dynos, quantities = self.dynos(), self._quantities()
        return Look(at, dynos, quantities, self.counts())

    def dynos(self) -> tuple[DynoView, ...]:
        """Return the app's dynos.

        Raises:
            PartFailed: The local Heroku does not answer.
        """
        try:
            return tuple(self._heroku.dynos(shop.NAME))
        except (requests.RequestException, ControlError) as exc:
            raise _no_answer(exc) from exc

    def counts(self) -> dict[str, Count | None]:
        """Return the app's counts; None where one is not known."""
        try:
            with self._session.get(self._counts_url, timeout=TIMEOUT) as answer:
                answer.raise_for_status()
                readings = parse_counts(answer.content)
        except (requests.RequestException, CountsMalformed):
            return dict.fromkeys(shop.SCALED)
        return {
            name: None if isinstance(reading, Unknown) else reading
            for name, reading in readings.items()
        }

    def close(self) -> None:
        """Give up the connection to the app."""
        self._session.close()

    def _quantities(self) -> dict[str, int]:
        try:
            return self._heroku.formation(shop.NAME)
        except (requests.RequestException, ControlError) as exc:
            raise _no_answer(exc) from exc


def _no_answer(error: Exception) -> PartFailed:
    return PartFailed("the local Heroku", f"does not answer: {type(error).__name__}")
