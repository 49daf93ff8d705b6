"""Memory and connections of a deployment at rest: `python -m benchmarks.footprint`.

Runs lines of the Procfile against real servers, PostgreSQL too, with a fleet of
apps whose counts do not change. Memory is the proportional set size (PSS): a page
shared by several processes counts in part for each.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import psycopg2

from benchmarks.stage.deployment import Deployment, Setup, deployment
from benchmarks.stage.fleet import fleet
from benchmarks.stage.report import show
from devtools.postgres_server import postgres_server
from devtools.redis_server import redis_server

WAYS = {"all-in-one": ("all-in-one",), "beat and worker": ("beat", "worker")}
APPS = (10, 1_000, 10_000)
#: Two ticks let all threads start; the others are measured.
WARM_UP, LOOKS = 2, 5
NOTE = """\
SLEEP_PERIOD={period}; memory is the median of {looks} samples, one after each tick from
the third on; connections are the highest number in a sample. "Which": their names at
Redis and the last command of each."""


@dataclass(frozen=True)
class Look:
    """A deployment at one moment.

    Attributes:
        pss: Megabytes of all its processes.
        redis: Kinds of connections to Redis, and how many of each.
        postgres: Connections to PostgreSQL.
    """

    pss: float
    redis: Mapping[str, int]
    postgres: int


@dataclass(frozen=True)
class Row:
    """One deployment, measured.

    Attributes:
        polled: Share of the due polls.
    """

    way: str
    apps: int
    looks: Sequence[Look]
    polled: float

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        most = max((look.redis for look in self.looks), key=lambda it: sum(it.values()))
        return (
            f"`{self.way}`",
            f"{self.apps:,}",
            f"{median(look.pss for look in self.looks):.0f}",
            str(sum(most.values())),
            str(max(look.postgres for look in self.looks)),
            f"{self.polled:.0%}",
            ", ".join(f"{number} {name}" for name, number in sorted(most.items())),
        )


def measure(way: str, apps: int, period: int) -> Row:
    """Run a deployment for some ticks, and sample it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(postgres_server())
        redis = stack.enter_context(redis_server())
        served = stack.enter_context(fleet(apps))
        setup = Setup(WAYS[way], period, postgres.create_database(), pinned=False)
        running = stack.enter_context(deployment(folder, served, redis, setup))
        running.wait_for_ticks(WARM_UP)
        polls, looks = served.polls(), []
        for _ in range(LOOKS):
            running.wait_for_ticks(1)
            looks.append(look(running))
        polled = min((served.polls() - polls) / (apps * LOOKS), 1.0)
    return Row(way, apps, looks, polled)


def look(running: Deployment) -> Look:
    """Sample the processes and the servers' lists of connections."""
    names = _named(running.clients())
    return Look(running.pss(), names, postgres_connections(running.setup.database))


def postgres_connections(url: str) -> int:
    """Count the connections to a database, except this one."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND datname = current_database()"
            )
            found = cursor.fetchone()
    finally:
        connection.close()
    return int(found[0])


def _named(clients: Iterable[Mapping[str, str]]) -> Counter[str]:
    return Counter(f"{one['name']} {one['cmd']}" for one in clients)


@click.command()
@click.option("--apps", multiple=True, type=int, default=APPS, show_default=True)
@click.option("--period", default=10, show_default=True, help="SLEEP_PERIOD, seconds.")
def main(apps: Sequence[int], period: int) -> None:
    """Print memory and connections for each way to deploy and number of apps."""
    heads = ("deployment", "apps", "PSS, MB", "Redis", "PostgreSQL", "polled", "which")
    rows = [measure(way, number, period).cells() for number in apps for way in WAYS]
    show(heads, rows, NOTE.format(period=period, looks=LOOKS))


if __name__ == "__main__":
    main()
