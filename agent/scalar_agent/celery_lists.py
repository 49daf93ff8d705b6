"""What is known of a Redis list beyond its oldest messages.

Producers add messages at its head and workers take them from its tail, and a message
does not change. So the places of known messages, counted from the head, move only by
the number of new ones; and it is enough to remember how many are known, the newest
one's tag and the times of those with an ETA or an expiry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scalar_agent.celery_found import Times

#: Messages with an ETA or an expiry to remember of one list: about 20 MB.
MOST_SPECIAL = 130_000


@dataclass
class ListMemory:
    """What is known of one list.

    Attributes:
        newest: The tag of the newest known message; empty if none is known.
        known: How many messages are known, from the newest on.
    """

    newest: str = ""
    known: int = 0
    _special: list[tuple[int, Times]] = field(default_factory=list)
    _pushed: int = 0

    def note(
        self,
        newest: str,
        new: int,
        known: int,
        special: Iterable[tuple[int, Times]],
    ) -> None:
        """Note what one look has found.

        Args:
            newest: The tag of the newest message.
            new: How many messages are new; -1 if the known ones are gone.
            known: How many are known now, without those at the tail, which every
                look reads anew.
            special: The places from the head and the times of those that were read
                now and have an ETA or an expiry.
        """
        if new < 0:
            self._special, self._pushed = [], 0
        else:
            self._pushed += new
            self._special = [
                (number, times)
                for number, times in self._special
                if self._pushed - number < known
            ]
        self._special += [(self._pushed - place, times) for place, times in special]
        self.newest, self.known = newest, known
        if len(self._special) > MOST_SPECIAL:
            self._special, self.newest, self.known = [], "", 0

    def special(self) -> list[Times]:
        """Return the times of the known messages with an ETA or an expiry."""
        return [times for _, times in self._special]
