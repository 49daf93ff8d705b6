"""Find RQ's workers that are there although RQ's registries do not know them.

After Redis has lost its keys, and after a long pause, a worker works on and is in no
registry. But it listens to its channel, and waits for jobs when it has none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from rq.command import PUBSUB_CHANNEL_TEMPLATE

from scalar_agent.celery_server import Server, as_text
from scalar_agent.rq_redis import WorkerState

#: Seconds within which a worker listens again after Redis was away.
RETURN = 35.0
#: Seconds for which a list of workers is a good guess of who is there.
FRESH = 90.0

#: The commands with which a worker waits for a job.
WAITING = "blmove|blpop|brpoplpush"
CHANNEL = PUBSUB_CHANNEL_TEMPLATE % ""


@dataclass(frozen=True)
class Clients:
    """RQ's workers as Redis sees them.

    Attributes:
        server: The Redis server.
        listening: The names of the workers that listen to their channel.
        idle: How many clients wait for a job.
    """

    server: Server
    listening: frozenset[str] = frozenset()
    idle: int = 0

    @classmethod
    def of(cls, info: Any, clients: Any, channels: Any, *, db: int) -> Clients:
        """Return what INFO, CLIENT LIST and PUBSUB CHANNELS say; errors say nothing."""
        server = Server.of(info, clients, db)
        if isinstance(channels, Exception):
            return cls(server)
        names = (as_text(channel)[len(CHANNEL) :] for channel in channels)
        lines = [] if isinstance(clients, Exception) else as_text(clients).splitlines()
        waiting = re.compile(rf" flags=\w*b.* db={db} .* cmd=({WAITING}) ")
        idle = sum(bool(waiting.search(f"{line} ")) for line in lines)
        return cls(server, frozenset(names), idle)


class RqSilence:
    """What is known of RQ's workers, from one poll to the next."""

    def __init__(self) -> None:
        self._run_id = ""
        self._restarted_at = float("-inf")
        self._seen: frozenset[str] = frozenset()
        self._seen_at = float("-inf")

    def unheard(
        self, clients: Clients, workers: Collection[WorkerState], now: float
    ) -> Mapping[str, str]:
        """Return workers that may run jobs which RQ does not tell, and why.

        The name is empty if it is not known who.

        Args:
            clients: The workers as Redis sees them.
            workers: Those in RQ's registries.
            now: The time.
        """
        alive = {worker.name for worker in workers if worker.is_alive}
        busy = {worker.name for worker in workers if worker.is_alive and worker.is_busy}
        unknown = clients.listening - alive
        if unknown and clients.idle < len(clients.listening - busy):
            reason = "it is not registered with RQ, and may run a job"
            return {name: f"{name}: {reason}" for name in unknown}
        returning = self._returning(clients, alive, now)
        return {"": returning} if returning else {}

    def _returning(
        self, clients: Clients, alive: Collection[str], now: float
    ) -> Optional[str]:
        server = clients.server
        if self._run_id and server.run_id and server.run_id != self._run_id:
            self._restarted_at = now
        self._run_id = server.run_id or self._run_id
        born = self._restarted_at
        if server.age is not None:
            born = max(born, now - server.age)
        there = clients.listening | frozenset(alive)
        is_new = now - born < RETURN
        was_complete = born - self._seen_at < FRESH
        is_missed = not self._seen <= there if was_complete else not there
        if is_new and is_missed:
            return (
                f"Redis was restarted {now - born:.0f} s ago, so workers may be unheard"
            )
        self._seen, self._seen_at = there, now
        return None
