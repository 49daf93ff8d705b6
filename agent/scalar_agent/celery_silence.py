"""How much the silence of workers can be believed now.

A worker that is not heard need not be gone. After a broker has restarted, or
connections have broken, it needs some time to reconnect, and works on meanwhile. And
one that waits for jobs in Redis and answers nobody is there, whatever the reason.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Optional

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_server import Server

#: Seconds within which a worker is heard again after its broker was away: Celery
#: waits for up to 30 s between two attempts to connect.
RETURN = 35.0
#: Seconds that the clocks of workers and broker may differ.
SKEW = 2.0
#: Seconds for which a complete list of workers is a good guess of who is there.
FRESH = 90.0

UNHEARD = "a client waits for jobs in Redis, but no worker answers"


class Silence:
    """What is known of the broker and its clients, from one poll to the next."""

    def __init__(self) -> None:
        self._run_id = ""
        self._broken_at = float("-inf")
        self._restarted_at = float("-inf")
        self._complete_at = float("-inf")
        self._complete: frozenset[str] = frozenset()
        #: Clients that wait for jobs and are no workers of the app.
        self._others: Optional[int] = None

    def note_reconnected(self, now: float) -> None:
        """Note that our connection broke; those of the workers may have, too."""
        self._broken_at = now

    def note_server(self, server: Server, now: float) -> None:
        """Note which server answers, and whether it is the same as before."""
        if server.run_id and self._run_id and server.run_id != self._run_id:
            self._restarted_at = now
        self._run_id = server.run_id or self._run_id

    def note_ended(self, name: str) -> None:
        """Note that a worker has ended, so nobody waits for it."""
        self._complete -= {name}

    def note_answers(
        self, answers: Answers, server: Server, now: float, *, is_complete: bool
    ) -> None:
        """Note who has answered, and whether everybody who is known has."""
        names = answers.names
        if not is_complete or self.returning(answers, server, now):
            return
        self._complete, self._complete_at = frozenset(names), now
        if names and server.readers is not None:
            self._others = max(0, server.readers - len(names))

    def returning(self, answers: Answers, server: Server, now: float) -> Optional[str]:
        """Return why workers may not have been heard yet; None if they have been.

        If everybody is heard who was there shortly before, nobody else is missed.
        Nor if all who answer have started since: then the broker is new, and was not
        restarted.

        Args:
            answers: The workers' answers.
            server: The broker.
            now: The time.
        """
        born = self._restarted_at
        if server.age is not None:
            born = max(born, now - server.age)
        since = max(born, self._broken_at)
        if now - since >= RETURN:
            return None
        if self._broken_at < born and answers.names:
            began = answers.began_at
            if self._restarted_at < born and (began is None or began > born - SKEW):
                return None
        if since - self._complete_at < FRESH and self._complete.issubset(answers.names):
            return None
        what = "the broker was restarted" if since == born else "connections broke"
        return f"{what} {max(0.0, now - since):.0f} s ago, so workers may be unheard"

    def is_new(self, server: Server, now: float) -> bool:
        """Return whether a broker has started so lately that workers may be unheard.

        Args:
            server: The broker.
            now: The time.
        """
        born = self._restarted_at
        if server.age is not None:
            born = max(born, now - server.age)
        return now - born < RETURN

    def has_restarted(self, names: Collection[str], server: Server) -> bool:
        """Return whether jobs may run that the broker has forgotten, unheard.

        Args:
            names: The workers that have answered.
            server: The broker.
        """
        return (
            self._restarted_at > self._complete_at
            and not self._complete.issubset(names)
            and server.readers != 0
        )

    def unexplained(
        self, answered: int, server: Server, *, holds_jobs: bool = True
    ) -> bool:
        """Return whether a client waits for jobs that may be an unheard worker.

        Clients beside the workers that answered are taken for others' as long as
        they do not become more. If nobody answers and no job is held, only one that
        waits still is taken for a worker: whoever has asked the workers something
        leaves such a client, too.

        Args:
            answered: How many workers are known to be there.
            server: The broker.
            holds_jobs: Jobs are held.
        """
        if server.readers is None:
            return False
        is_sure = bool(answered) or holds_jobs
        others = (server.readers if is_sure else server.waiting) - answered
        if self._others is None:
            return answered == 0 and others > 0
        return others > self._others
