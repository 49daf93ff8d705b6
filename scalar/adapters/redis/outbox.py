"""The outbox in Redis: what the journal may not have yet, by id and by age."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis

from scalar.adapters.redis import event_json, redis_keys, scripts
from scalar.adapters.redis.connection import translate_errors
from scalar.adapters.redis.memory_json import UNREADABLE
from scalar.core.event import Event


class RedisOutbox:
    """The `Outbox` that all workers share; the coordinator's `finish` adds to it."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._send_back = client.register_script(scripts.SEND_BACK)

    def waiting(self, most: int) -> Sequence[Event]:
        """Return up to `most` events, the oldest first."""
        with translate_errors():
            ids: Any = self._redis.zrange(redis_keys.OUTBOX, 0, most - 1)
            if not ids:
                return []
            texts: Any = self._redis.hmget(redis_keys.OUTBOX_EVENTS, ids)
        events, unreadable = [], []
        for one, text in zip(ids, texts, strict=True):
            try:
                events.append(event_json.load(text or ""))
            except UNREADABLE:
                unreadable.append(one)
        if unreadable:
            with translate_errors():
                self._send_back(keys=[redis_keys.OUTBOX], args=unreadable)
        return events

    def remove(self, events: Sequence[Event]) -> None:
        """Remove events by their ids."""
        ids = [event.id for event in events]
        if not ids:
            return
        with translate_errors(), self._redis.pipeline() as pipe:
            pipe.zrem(redis_keys.OUTBOX, *ids)
            pipe.hdel(redis_keys.OUTBOX_EVENTS, *ids)
            pipe.execute()
