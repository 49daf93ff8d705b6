"""Events on their way to the journal (a transactional outbox).

`StateStore.finish` adds the events of an evaluation in the same step that stores its
memory. They are removed once the journal has them, so that neither a database that is
away nor a worker that dies loses any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scalar.core.event import Event

#: Most events that wait, of all apps together: about 10 MB in Redis. The oldest ones
#: are dropped for newer ones.
MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Backlog:
    """The outbox after an evaluation has added its events.

    Attributes:
        waiting: How many events wait, those of the evaluation included.
        dropped: How many of the oldest ones were dropped for them.
    """

    waiting: int
    dropped: int = 0


class Outbox(Protocol):
    """The events that the journal may not have yet, of all apps.

    Every method may raise `CoordinationError`.
    """

    def waiting(self, most: int) -> Sequence[Event]:
        """Return up to `most` events, the oldest first."""
        ...

    def remove(self, events: Sequence[Event]) -> None:
        """Remove events by their ids."""
        ...
