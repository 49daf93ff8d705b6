"""Request coalescing: run the Lua scripts of many threads in shared round trips."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import redis
from redis.commands.core import Script
from redis.exceptions import NoScriptError

Value = str | int | float | bytes | memoryview


class _Call:
    """One thread's call of a script, and its reply."""

    __slots__ = ("command", "has_ended", "has_reply", "reply", "script")

    def __init__(self, script: Script, command: Sequence[bytes]) -> None:
        self.script = script
        self.command = command
        self.reply: Any = None
        self.has_reply = self.has_ended = False


class ScriptBatcher:
    """Runs scripts for all threads over one connection, a batch per round trip.

    A thread that finds the connection free sends all queued calls, its own included,
    and reads their replies; meanwhile the next batch queues up. Concurrent calls thus
    need few round trips, and a distant Redis does not limit a worker's throughput.
    The connection is kept, because checking one out of redis-py's pool and returning
    it takes as much CPU time as the rest of a call.
    """

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._pool = pool
        self._encode: Callable[[object], bytes] = pool.get_encoder().encode
        self._connection: Any = None
        self._queued: deque[_Call] = deque()
        self._in_flight = threading.Lock()

    def run(self, script: Script, keys: Sequence[str], args: Sequence[Value]) -> Any:
        """Run a script; return its reply.

        A connection found broken is reopened first. If it breaks during the round
        trip, that is an error, and the script may or may not have run.

        Raises:
            RedisError: Redis is unavailable, or rejects the script.
        """
        # What cannot be encoded must fail before it shares a round trip.
        command = ("EVALSHA", script.sha, len(keys), *keys, *args)
        call = _Call(script, [self._encode(value) for value in command])
        self._queued.append(call)
        with self._in_flight:
            if not call.has_ended:
                self._run_batch()
        if isinstance(call.reply, Exception):
            raise call.reply
        if not call.has_reply:
            raise redis.ConnectionError("the round trip was interrupted")
        return call.reply

    def _run_batch(self) -> None:
        batch = [self._queued.popleft() for _ in range(len(self._queued))]
        try:
            self._send(batch)
            self._load_missing_scripts(batch)
        except redis.RedisError as exc:
            for call in batch:
                if not call.has_reply:
                    call.reply = exc
        finally:
            for call in batch:
                call.has_ended = True

    def _load_missing_scripts(self, batch: Sequence[_Call]) -> None:
        """Repeat the calls whose script Redis did not know, after loading it."""
        missing = [call for call in batch if isinstance(call.reply, NoScriptError)]
        if missing:
            for call in missing:
                call.has_reply = False
            texts = {call.script.script for call in missing}
            self._pipeline([("SCRIPT", "LOAD", text) for text in texts])
            self._send(missing)

    def _send(self, batch: Sequence[_Call]) -> None:
        replies = self._pipeline([call.command for call in batch])
        for call, reply in zip(batch, replies, strict=True):
            call.reply = reply
            call.has_reply = True

    def _pipeline(self, commands: Sequence[Sequence[Value]]) -> list[Any]:
        """Send commands at once; return their replies, errors included."""
        connection = self._live_connection()
        try:
            connection.send_packed_command(connection.pack_commands(commands))
            return [self._read_reply(connection) for _ in commands]
        except BaseException:
            connection.disconnect()  # or the next batch would read our replies
            raise

    def _read_reply(self, connection: Any) -> Any:
        try:
            return connection.read_response()
        except redis.ResponseError as exc:
            return exc

    def _live_connection(self) -> Any:
        """Return the connection, checked as redis-py's pools check theirs."""
        if self._connection is None:
            self._connection = self._pool.get_connection()
        try:
            if self._connection.can_read():  # end of stream, or stray data
                self._connection.disconnect()
        except redis.ConnectionError:
            self._connection.disconnect()
        return self._connection
