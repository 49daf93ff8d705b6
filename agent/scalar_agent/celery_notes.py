"""Notes that agents and workers leave for each other in Redis.

They are fields of one hash, each a kind and a name, with the time of writing:

    seen NAME     an agent got an answer from this worker; "1" if it has the agent
    missed NAME   since when an agent has missed this worker
    ended NAME    this worker says that it has ended
    solo NAME     this worker says that it answers nobody while it runs a job
    queue NAME    this queue was in use

Nothing depends on them but how soon an agent knows something.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

#: The hash's key, without the app's prefix.
NOTES = "scalar_agent.notes"
#: Seconds until Redis drops the hash if nobody writes.
KEPT = 31 * 86_400
SEEN, MISSED, ENDED, SOLO, QUEUE = "seen", "missed", "ended", "solo", "queue"
#: Seconds after which a note on a worker means nothing any more.
OLD = {SEEN: 3_600.0, MISSED: 3_600.0, ENDED: 3_600.0, SOLO: 2 * 86_400.0}
OLD[QUEUE] = 30 * 86_400.0


class Notes:
    """The notes as read at one time, and the changes to write."""

    def __init__(self, fields: Mapping[str, str], now: float) -> None:
        self._read = dict(fields)
        self._now = now
        self.changed: dict[str, str] = {}
        self.dropped: set[str] = set()

    def names(self, kind: str) -> set[str]:
        """Return the names of which there is a note of this kind."""
        prefix = f"{kind} "
        names = {x[len(prefix) :] for x in self._read if x.startswith(prefix)}
        return {name for name in names if self.since(kind, name) is not None}

    def since(self, kind: str, name: str) -> Optional[float]:
        """Return when a note was written; None if there is none, or it is old."""
        when, _ = _parts(self._read.get(f"{kind} {name}", ""))
        if when is None or self._now - when > OLD[kind]:
            return None
        return when

    def has_agent(self, name: str) -> bool:
        """Return whether a worker that was seen has the agent."""
        return _parts(self._read.get(f"{SEEN} {name}", ""))[1] == "1"

    def write(self, kind: str, name: str, text: str = "", every: float = 5.0) -> None:
        """Note something now, unless that was done less than so long ago."""
        field = f"{kind} {name}"
        when, was = _parts(self._read.get(field, ""))
        if when is None or was != text or self._now - when >= every:
            self.changed[field] = note(self._now, text)

    def drop(self, kind: str, name: str) -> None:
        """Drop a note."""
        if f"{kind} {name}" in self._read:
            self.dropped.add(f"{kind} {name}")

    def drop_old(self) -> None:
        """Drop all that mean nothing any more."""
        for field in self._read:
            kind, _, name = field.partition(" ")
            if kind not in OLD or self.since(kind, name) is None:
                self.dropped.add(field)


def note(now: float, text: str = "") -> str:
    """Return the value of a note."""
    return f"{now:.3f} {text}".rstrip()


def write_as_worker(app: Any, changed: Mapping[str, str], *dropped: str) -> None:
    """Change the notes from a worker's process; do nothing if that fails."""
    try:
        options = {
            **app.conf.broker_transport_options,
            "socket_timeout": 1.0,
            "socket_connect_timeout": 1.0,
        }
        with app.connection_for_write(transport_options=options) as connection:
            if connection.transport.driver_type != "redis":
                return
            connection.ensure_connection(max_retries=1, interval_start=0)
            channel = connection.default_channel
            # Imported here: an app has the driver of its own broker only.
            from redis import Redis  # noqa: PLC0415

            pipe: Any
            key = channel.global_keyprefix + NOTES
            with Redis(connection_pool=channel.pool).pipeline() as pipe:
                if changed:
                    pipe.hset(key, mapping=dict(changed))
                if dropped:
                    pipe.hdel(key, *dropped)
                pipe.expire(key, KEPT)
                pipe.execute()
    except Exception:  # noqa: BLE001 - a note is not worth disturbing the worker
        return


def _parts(value: str) -> tuple[Optional[float], str]:
    when, _, text = value.partition(" ")
    try:
        return float(when), text
    except ValueError:
        return None, ""
