"""The process that simulates all apps: `python -m chaos.fleet_server SEED LOG`.

It serves `/APP/api/scalar_tasks/` by the script, or sick as commanded on standard
input, one JSON object per line:

    {"sick": {"app-03": "app hang"}}     exactly these are sick from now on
    {"freeze": true}                     the script stops

It answers each command with the time from which it holds. It logs every answer as a
line of JSON before sending it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from chaos.catalog import BY_NAME
from chaos.rules import rule_of
from chaos.script import counts_at, number_of
from chaos.sick_answers import SICK, Reply, of_status

#: The same machine under another name, which must not get a password.
OTHER_HOST = "localhost"
HOST = "127.0.0.1"
USER, PASSWORD = "fleet", "open-sesame"
SECRET = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
HEALTHY = "healthy"


class Fleet:
    """All apps, and the faults of some."""

    def __init__(self, seed: int, log: TextIO) -> None:
        self._seed = seed
        self._log = log
        self._sick: dict[str, str] = {}
        self._well = asyncio.Event()
        self._frozen: float | None = None
        self.began = time.time()
        self.port = 0

    def command(self, command: Mapping[str, Any]) -> float:
        """Carry out a command; return the time from which it holds."""
        at = time.time()
        if "sick" in command:
            self._sick = dict(command["sick"])
            self._well.set()
            self._well = asyncio.Event()
        if command.get("freeze"):
            self._frozen = at
        return at

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer the requests of one connection."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                keep = await self._answer(head, writer)
                if writer.is_closing():
                    break
                await writer.drain()
                if not keep:
                    break
        with suppress(OSError):
            writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> bool:
        request, _, rest = head.partition("\r\n")
        path = request.split(" ")[1]
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in rest.splitlines())
        }
        place, _, app = path.strip("/").rpartition("/")
        follows = place in {"loop", "elsewhere"}
        if not follows:
            app = path.split("/")[1]
        kind = self._sick.get(app, HEALTHY)
        secret = headers.get("authorization")
        away = place == "elsewhere"

        def note(counts: Mapping[str, int | None]) -> None:
            self._note(
                app,
                kind,
                counts,
                begins_poll=not follows,
                leaked=away and secret is not None,
            )

        reply = Reply(
            app,
            writer,
            lambda: self._counts(app),
            note,
            self._well,
            f"http://{OTHER_HOST}:{self.port}",
        )
        if not away and secret != SECRET:
            await of_status(401)(reply)
        elif away or kind == HEALTHY:
            reply.send_counts()
        else:
            status = BY_NAME[kind].status
            await (of_status(status) if status else SICK[kind])(reply)
        return reply.keep

    def _counts(self, app: str) -> Mapping[str, int]:
        number = number_of(app)
        self._now = time.time() if self._frozen is None else self._frozen
        seconds = self._now - self.began
        return counts_at(self._seed, number, rule_of(number).process_types, seconds)

    def _note(
        self,
        app: str,
        kind: str,
        counts: Mapping[str, int | None],
        **more: bool,
    ) -> None:
        # The time of the counts, so that the checker finds the same in the script.
        at = time.time() if self._frozen is not None else self._now
        line = {"at": at, "app": app, "kind": kind, "counts": counts, **more}
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()


async def run(seed: int, log: TextIO) -> None:
    """Serve until standard input ends."""
    fleet = Fleet(seed, log)
    server = await asyncio.start_server(fleet.serve, HOST, 0, backlog=256)
    fleet.port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"port": fleet.port, "began": fleet.began}) + "\n")
    sys.stdout.flush()
    commands = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(commands)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await commands.readline():
        at = fleet.command(json.loads(line))
        sys.stdout.write(json.dumps({"at": at}) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Read the seed and the log's path from the command line."""
    with Path(sys.argv[2]).open("w", encoding="utf-8") as log:
        asyncio.run(run(int(sys.argv[1]), log))


if __name__ == "__main__":
    main()
