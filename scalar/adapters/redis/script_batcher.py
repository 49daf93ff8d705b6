"""Send what many threads want of Redis at the same moment in one round trip."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

import redis
from redis.commands.core import Script
from redis.exceptions import NoScriptError

Value = str | int | float | bytes | memoryview


class _Call:
    """A script that a thread wants to be run, and what came of it."""

    __slots__ = ("answer", "command", "has_ended", "is_answered", "script")

    def __init__(
        self, script: Script, keys: Sequence[str], args: Sequence[Value]
    ) -> None:
        self.script = script
        self.command = ("EVALSHA", script.sha, len(keys), *keys, *args)
        self.answer: Any = None
        self.is_answered = self.has_ended = False


class SharedTrips:
    """Runs scripts for all threads over one connection, several in each round trip.

    A thread that finds the connection free sends all that wait, its own among them,
    and reads all answers; meanwhile the next ones gather. So many calls at once are
    few round trips, and a Redis that is far away does not bound a worker. The
    connection is kept: a call of redis-py takes one of a pool and gives it back,
    which costs as much CPU time as all the rest of it.
    """

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._pool = pool
        self._connection: Any = None
        self._waiting: deque[_Call] = deque()
        self._on_the_way = threading.Lock()

    def run(self, script: Script, keys: Sequence[str], args: Sequence[Value]) -> Any:
        """Run a script, and return its answer.

        A connection that has broken is made anew. One that breaks meanwhile is an
        error: the script may have run or not.

        Raises:
            RedisError: Redis is away, or refuses the script.
        """
        call = _Call(script, keys, args)
        self._waiting.append(call)
        with self._on_the_way:
            if not call.has_ended:
                self._send_all_that_wait()
        if isinstance(call.answer, Exception):
            raise call.answer
        if not call.is_answered:
            raise redis.ConnectionError("the exchange was broken off")
        return call.answer

    def _send_all_that_wait(self) -> None:
        calls = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self._send(calls)
            self._load_what_is_missing(calls)
        except redis.RedisError as exc:
            for call in calls:
                if not call.is_answered:
                    call.answer = exc
        finally:
            for call in calls:
                call.has_ended = True

    def _load_what_is_missing(self, calls: Sequence[_Call]) -> None:
        """Send again what failed because Redis does not know its script (any more)."""
        missing = [call for call in calls if isinstance(call.answer, NoScriptError)]
        if missing:
            for call in missing:
                call.is_answered = False
            texts = {call.script.script for call in missing}
            self._ask([("SCRIPT", "LOAD", text) for text in texts])
            self._send(missing)

    def _send(self, calls: Sequence[_Call]) -> None:
        answers = self._ask([call.command for call in calls])
        for call, answer in zip(calls, answers, strict=True):
            call.answer = answer
            call.is_answered = True

    def _ask(self, commands: Sequence[Sequence[Value]]) -> list[Any]:
        """Send commands at once, and return their answers; refusals among them."""
        connection = self._unbroken_connection()
        try:
            connection.send_packed_command(connection.pack_commands(commands))
            return [self._answer(connection) for _ in commands]
        except BaseException:
            connection.disconnect()  # or its next reader would get our answers
            raise

    def _answer(self, connection: Any) -> Any:
        try:
            return connection.read_response()
        except redis.ResponseError as exc:
            return exc

    def _unbroken_connection(self) -> Any:
        """Return the connection, as one of redis-py's pools would hand it out."""
        if self._connection is None:
            self._connection = self._pool.get_connection()
        try:
            if self._connection.can_read():  # nothing is awaited: its end, or noise
                self._connection.disconnect()
        except redis.ConnectionError:
            self._connection.disconnect()
        return self._connection
