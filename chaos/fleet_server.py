"""The process that simulates all apps: `python -m chaos.fleet_server SEED FOLDER`.

It serves `/APP/api/scalar_tasks/` by the script, or sick as commanded on standard
input, one JSON object per line:

    {"sick": {"app-03": "app hang"}}     exactly these are sick from now on
    {"freeze": true}                     the script stops

A part of the apps is served over HTTPS, with a certificate from the folder.

It answers each command with the time from which it holds. It logs every answer as a
line of JSON before sending it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from chaos.catalog import BY_NAME
from chaos.rules import rule_of
from chaos.script import BUSY, busy_at, counts_at, number_of
from chaos.sick_answers import SICK, Reply, of_status
from devtools.certificates import make_certificate

Note = Callable[[Mapping[str, int | None]], None]
#: The log's name in the folder of a run.
LOG = "fleet.jsonl"

#: The same machine under another name, which must not get a password.
OTHER_HOST = "localhost"
HOST = "127.0.0.1"
#: What every spelling of a secret differs in.
USER, PASSWORD = "fleet", "open sesame/+?&%=1"
SECRET = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
HEALTHY = "healthy"
#: Every so many apps one is served over HTTPS.
HTTPS_EVERY = 4
RICH = "application/vnd.scalar+json"


def is_https(app: int) -> bool:
    """Return whether an app is served over HTTPS."""
    return app % HTTPS_EVERY == 1


class Fleet:
    """All apps, and the faults of some."""

    def __init__(self, seed: int, log: TextIO) -> None:
        self._seed = seed
        self._log = log
        self._sick: dict[str, str] = {}
        self._well = asyncio.Event()
        self._frozen: float | None = None
        self._now = time.time()
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
        follows = place in {"loop", "elsewhere", "plain"}
        if not follows:
            app = path.split("/")[1]
        kind = self._sick.get(app, HEALTHY)
        secret = headers.get("authorization")
        away = place == "elsewhere"

        quiesced = _kept(headers.get("scalar-keep", ""))

        def note(counts: Mapping[str, int | None]) -> None:
            self._note(
                app,
                kind,
                counts,
                begins_poll=not follows and not quiesced,
                leaked=place == "plain" or (away and secret is not None),
                busy=self._busy(app),
                quiesced=quiesced,
            )

        reply = Reply(
            app,
            writer,
            lambda: self._counts(app),
            note,
            self._well,
            f"http://{OTHER_HOST}:{self.port}",
            secret=secret or "",
            plain=f"http://{HOST}:{self.port}/plain/{app}",
        )
        if place == "plain":
            reply.send_counts()
        elif not away and secret != SECRET:
            await of_status(401)(reply)
        elif (away or kind == HEALTHY) and rule_of(number_of(app)).tells_busy:
            self._send_rich(app, reply, note)
        elif away or kind == HEALTHY:
            reply.send_counts()
        else:
            status = BY_NAME[kind].status
            await (of_status(status) if status else SICK[kind])(reply)
        return reply.keep

    def _send_rich(self, app: str, reply: Reply, note: Note) -> None:
        """Answer as this project's agent does."""
        counts = self._counts(app)
        note(dict(counts))
        busy = self._busy(app)
        rows = {
            name: {
                "count": count,
                "busy_dynos": [f"{name}.{n}" for n in range(1, busy[name] + 1)],
            }
            for name, count in counts.items()
        }
        body = json.dumps({"version": 1, "process_types": rows}).encode()
        reply.send(body, media_type=RICH)

    def _busy(self, app: str) -> Mapping[str, int]:
        number = number_of(app)
        rule = rule_of(number)
        if not rule.tells_busy:
            return {}
        if self._frozen is not None and time.time() > self._frozen + BUSY:
            return dict.fromkeys(rule.process_types, 0)  # their jobs end all the same
        seconds = self._now - self.began
        return busy_at(self._seed, number, rule.process_types, seconds)

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
        **more: object,
    ) -> None:
        # The time of the counts, so that the checker finds the same in the script.
        at = time.time() if self._frozen is not None else self._now
        line = {"at": at, "app": app, "kind": kind, "counts": counts, **more}
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()


def _kept(header: str) -> dict[str, int]:
    """Return how many dynos will be kept, as the header of a second look says."""
    pairs = (part.strip().split("=") for part in header.split(",") if part)
    return {name: int(number) for name, number in pairs}


async def run(seed: int, folder: Path, log: TextIO) -> None:
    """Serve until standard input ends."""
    fleet = Fleet(seed, log)
    server = await asyncio.start_server(fleet.serve, HOST, 0, backlog=256)
    fleet.port = server.sockets[0].getsockname()[1]
    certificate = make_certificate(folder, HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    secured = await asyncio.start_server(fleet.serve, HOST, 0, backlog=256, ssl=context)
    told = {
        "port": fleet.port,
        "https": secured.sockets[0].getsockname()[1],
        "ca": str(certificate.ca),
        "began": fleet.began,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    commands = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(commands)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await commands.readline():
        at = fleet.command(json.loads(line))
        sys.stdout.write(json.dumps({"at": at}) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Read the seed and the folder from the command line."""
    folder = Path(sys.argv[2])
    with (folder / LOG).open("w", encoding="utf-8") as log:
        asyncio.run(run(int(sys.argv[1]), folder, log))


if __name__ == "__main__":
    main()
