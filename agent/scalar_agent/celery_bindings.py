"""The bindings that Redis knows, for exchanges that the app's settings do not name."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from typing import Any, Callable

from scalar_agent.celery_server import as_text

#: Seconds after which the bindings of an exchange are read again.
FRESH = 60.0

#: Routing key, pattern (of a topic exchange) and queue.
Binding = tuple[str, str, str]


class Bindings:
    """Kombu's sets of bindings in Redis, each read now and then."""

    def __init__(
        self, redis: Any, key_of: Callable[[str], str], separator: str
    ) -> None:
        self._redis = redis
        self._key_of = key_of
        self._separator = separator
        self._known: dict[str, tuple[float, list[Binding]]] = {}

    def of(self, exchanges: Collection[str]) -> Mapping[str, list[Binding]]:
        """Return the bindings of some exchanges."""
        names = [name for name in exchanges if name]
        now = time.monotonic()
        old = [name for name in names if not self._is_fresh(name, now)]
        if old:
            with self._redis.pipeline(transaction=False) as pipe:
                for name in old:
                    pipe.smembers(self._key_of(name))
                for name, members in zip(old, pipe.execute()):
                    self._known[name] = now, [self._binding(x) for x in members]
        return {name: self._known[name][1] for name in names}

    def _is_fresh(self, name: str, now: float) -> bool:
        return name in self._known and now - self._known[name][0] < FRESH

    def _binding(self, member: Any) -> Binding:
        parts = [*as_text(member).split(self._separator), "", ""]
        return parts[0], parts[1], parts[2]


def queues_of(bindings: Collection[Binding], routing_key: str) -> frozenset[str]:
    """Return the queues that a message with a routing key goes to."""
    return frozenset(
        queue
        for key, pattern, queue in bindings
        if routing_key == key or (pattern and _matches(pattern, routing_key))
    )


def _matches(pattern: str, routing_key: str) -> bool:
    try:
        return bool(re.match(pattern, routing_key))
    except re.error:
        return False
