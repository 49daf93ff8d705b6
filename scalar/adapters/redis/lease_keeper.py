"""Renew the leases of evaluations that are under way.

A lease is short, so that another worker can soon take over the app of a worker that
died. One thread per process renews the leases in use; it starts with the first lease,
and so after any fork. An evaluation that hangs keeps its lease for a while only.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import redis

# Only the holder may renew its lease.
_RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
"""


class LeaseKeeper:
    """Renews leases every third of their duration, until they are dropped.

    Args:
        client: To Redis.
        seconds: How long a lease lasts.
        longest: Seconds after which a lease is no longer renewed: its evaluation hangs.
    """

    def __init__(self, client: redis.Redis, seconds: float, longest: float) -> None:
        self._redis = client
        self._seconds = seconds
        self._longest = longest
        self._renew = client.register_script(_RENEW)
        self._held: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def keep(self, redis_key: str, token: str) -> None:
        """Start renewing a lease."""
        with self._lock:
            self._held[redis_key] = (token, time.monotonic())
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="lease-keeper", daemon=True
                )
                self._thread.start()

    def drop(self, redis_key: str) -> None:
        """Stop renewing a lease."""
        with self._lock:
            self._held.pop(redis_key, None)

    def _run(self) -> None:
        while True:
            time.sleep(self._seconds / 3)
            # If Redis is unavailable the leases may expire; evaluations check that
            # before they act.
            with suppress(redis.RedisError):
                self._renew_old()

    def _renew_old(self) -> None:
        """Renew the leases that are older than a third of their duration."""
        now = time.monotonic()
        old, hung = now - self._seconds / 3, now - self._longest
        with self._lock:
            for key in [key for key, (_, at) in self._held.items() if at < hung]:
                del self._held[key]
            due = [(key, token) for key, (token, at) in self._held.items() if at < old]
        if not due:
            return
        with self._redis.pipeline(transaction=False) as pipe:
            for key, token in due:
                self._renew(
                    keys=[key], args=[token, int(self._seconds * 1000)], client=pipe
                )
            pipe.execute()
