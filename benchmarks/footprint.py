"""Memory and connections of a deployment at rest: `python -m benchmarks.footprint`.

Runs lines of the Procfile against real servers, with a fleet of apps whose
counts do not change, and looks at them after a few ticks. Memory is the
proportional set size (PSS): pages shared by several processes count in parts.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import psutil
from redis import Redis
from rich.console import Console
from rich.table import Table

from devtools.procfile import ProcfileProcess, start_process
from devtools.redis_server import redis_server
from local_heroku.process import start as local_heroku
from scalar.adapters.sql import schema
from scalar.adapters.sql.engine import make_engine
from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.url_box import UrlBox
from scalar.address import CountsAddress
from scalar.secret import Secret

WAYS = {"all-in-one": ("all-in-one",), "beat and worker": ("beat", "worker")}
BODY = b'{"worker": 1}'
PERIOD = 10
#: The first tick reads every formation; the others are the rest that is measured.
TICKS = 3


@dataclass(frozen=True)
class Row:
    """One deployment, measured.

    Attributes:
        pss: Megabytes of all its processes.
        connections: To Redis.
        calls: Of the Heroku API, in all ticks.
        polled: Polls that came in, of those that were due.
    """

    way: str
    apps: int
    pss: float
    connections: int
    calls: int
    polled: float


class _Fleet(ThreadingHTTPServer):
    """All the apps: any path has the same counts."""

    daemon_threads = True
    request_queue_size = 256
    polls = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a worker that was killed at the end."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.polls += 1  # type: ignore[attr-defined] # it is our _Fleet
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def fleet() -> Iterator[_Fleet]:
    """Serve the counts of all apps on a free port."""
    server = _Fleet(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def measure(way: str, apps: int) -> Row:
    """Run a deployment with so many apps for a few ticks, and look at it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(redis_server())
        heroku = stack.enter_context(local_heroku(boot_seconds=0, pool=100_000))
        server = stack.enter_context(fleet())
        database = f"sqlite:///{folder}/registry.sqlite3"
        engine = make_engine(database)
        schema.upgrade(engine)
        registry = SqlRegistry(engine, UrlBox(Secret("")))
        for number in range(apps):
            name = f"app-{number}"
            url = f"http://127.0.0.1:{server.server_port}/{name}"
            heroku.create_app(name, {"worker": 1})
            registry.add(name, CountsAddress.parse(url), datetime.now(UTC))
        engine.dispose()
        env = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database,
            "REDIS_URL": redis.url,
            "HEROKU_API_URL": heroku.url,
            "HEROKU_API_KEY": heroku.token,
            "SLEEP_PERIOD": str(PERIOD),
            "LOG_LEVEL": "DEBUG",
        }
        processes = [
            stack.enter_context(
                start_process(name, env, folder / f"{secrets.token_hex(4)}.log")
            )
            for name in WAYS[way]
        ]
        last = rf"(?s)(tick\.done.*?){{{TICKS + 1}}}"
        processes[-1].wait_for_log(last, timeout=PERIOD * (TICKS + 3))
        with Redis.from_url(redis.url) as client:
            connections = len(client.client_list()) - 1
        return Row(
            way,
            apps,
            sum(map(pss_of, processes)),
            connections,
            heroku.cost(),
            min(server.polls / (apps * TICKS), 1.0),
        )


def pss_of(process: ProcfileProcess) -> float:
    """Return the megabytes of a process and all below it."""
    return sum(
        psutil.Process(pid).memory_full_info().pss / 1e6 for pid in process.pids()
    )


@click.command()
@click.option("--apps", multiple=True, type=int, default=(10, 1_000), show_default=True)
def main(apps: Sequence[int]) -> None:
    """Print memory and connections for each way to deploy, and so many apps."""
    table = Table(title=f"At rest, SLEEP_PERIOD={PERIOD}, after {TICKS} ticks")
    for head in (
        "deployment",
        "apps",
        "PSS, MB",
        "connections",
        "Heroku calls",
        "polled",
    ):
        table.add_column(head, justify="left" if head == "deployment" else "right")
    for number in apps:
        for way in WAYS:
            row = measure(way, number)
            table.add_row(
                row.way,
                str(row.apps),
                f"{row.pss:.0f}",
                str(row.connections),
                str(row.calls),
                f"{row.polled:.0%}",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
