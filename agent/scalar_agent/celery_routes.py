"""Find the queues that a message belongs to, by the app's own bindings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from celery import Celery
from kombu.transport.virtual.exchange import STANDARD_EXCHANGE_TYPES

from scalar_agent.celery_bindings import Binding, queues_of

#: How Kombu begins the names of the queues of a `Broadcast`.
BROADCAST = "bcast."


class Routes:
    """The bindings of an app's queues, and of queues that it may still create.

    Attributes:
        missing: Requested queues that the app neither has nor may create.
        known: The queues by their names.
    """

    def __init__(self, app: Celery, names: Iterable[str]) -> None:
        queues: Any = app.amqp.queues
        known = {**queues}
        self.missing: set[str] = set()
        for name in names:
            if name in known:
                continue
            if queues.create_missing:
                # Not queues[name]: that adds the queue, and a worker would consume it.
                known[name] = queues.new_missing(name)
            else:
                self.missing.add(name)
        self.known = known
        self._learned: Mapping[str, list[Binding]] = {}
        self._kinds: dict[str, str] = {}
        self._tables: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for queue in known.values():
            for binding in queue.bindings or [queue]:
                self._bind(queue.name, binding.exchange, binding.routing_key)

    def queues(self, exchange: str, routing_key: str) -> frozenset[str]:
        """Return the queues that a message sent like this goes to."""
        if not exchange:
            return frozenset([routing_key])
        found = self._found(exchange, routing_key)
        # Each worker has a queue of its own for what is sent to all; the exchange
        # has the name by which the queue is known.
        is_broadcast = any(queue.startswith(BROADCAST) for queue in found)
        return found | {exchange} if is_broadcast else found

    def _found(self, exchange: str, routing_key: str) -> frozenset[str]:
        kind = _TYPES[self._kinds.get(exchange, "direct")]
        table = self._tables.get(exchange, [])
        found = frozenset(kind.lookup(table, exchange, routing_key, None))
        return found or queues_of(self._learned.get(exchange, ()), routing_key)

    def learn(self, bindings: Mapping[str, list[Binding]]) -> None:
        """Use the bindings of further exchanges."""
        self._learned = {**self._learned, **bindings}

    def _bind(self, queue: str, exchange: Any, routing_key: str) -> None:
        kind = self._kinds.setdefault(exchange.name, exchange.type)
        self._tables[exchange.name].append(
            _TYPES[kind].prepare_bind(queue, exchange.name, routing_key, {})
        )


class _Kinds(dict):  # type: ignore[type-arg]
    def __missing__(self, kind: str) -> Any:
        return self["direct"]


#: How each type of exchange routes; an unknown type routes like direct.
_TYPES: Any = _Kinds({name: cls(None) for name, cls in STANDARD_EXCHANGE_TYPES.items()})
