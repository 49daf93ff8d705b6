"""Soak test of a deployment: `python -m benchmarks.soak --minutes 15`.

Samples memory, connections, descriptors and Redis' keys every minute; what grows,
leaks.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

import click
import psutil

from benchmarks.footprint import postgres_connections
from benchmarks.stage.deployment import Deployment, Setup, deployment
from benchmarks.stage.fleet import HANGS, fleet
from benchmarks.stage.report import show
from devtools.postgres_server import postgres_server
from devtools.redis_server import redis_server

#: Minutes after the start that do not count: threads start and caches fill up.
WARM_UP = 2
#: Shares of the apps whose count changes each minute, and of those that hang.
CHANGING, HANGING = 0.05, 0.01
NOTE = """\
`beat` and `worker`, {apps:,} apps, SLEEP_PERIOD={period}, PostgreSQL. Each minute
{changing:.0%} of the apps change their count, and the dynos follow; {hanging:.0%}
hang. First and last: medians of the first and the last five samples after {warm_up}
minutes, one sample a minute. Growth: least-squares slope through all samples. Polled:
{polled:.1%} of the due polls of the apps that do not hang."""


@dataclass(frozen=True)
class Look:
    """A deployment at one moment; memory in MB."""

    pss: float
    private: float
    redis_memory: float
    redis: int
    postgres: int
    keys: int
    descriptors: int
    threads: int


VALUES: tuple[tuple[str, Callable[[Look], float], int], ...] = (
    ("memory of beat and worker (PSS), MB", lambda it: it.pss, 1),
    ("memory that is theirs alone (USS), MB", lambda it: it.private, 1),
    ("memory of Redis, MB", lambda it: it.redis_memory, 2),
    ("connections to Redis", lambda it: it.redis, 0),
    ("connections to PostgreSQL", lambda it: it.postgres, 0),
    ("keys in Redis", lambda it: it.keys, 0),
    ("open descriptors", lambda it: it.descriptors, 0),
    ("threads", lambda it: it.threads, 0),
)


def look(running: Deployment) -> Look:
    """Sample everything that may leak."""
    pids = [pid for process in running.processes for pid in process.pids()]
    return Look(
        pss=running.pss(),
        private=running.private(),
        redis_memory=running.redis.info("memory")["used_memory"] / 1e6,
        redis=len(running.clients()),
        postgres=postgres_connections(running.setup.database),
        keys=running.redis.dbsize(),
        descriptors=running.descriptors(),
        threads=sum(psutil.Process(pid).num_threads() for pid in pids),
    )


def soak(apps: int, minutes: int, period: int) -> tuple[list[Look], float]:
    """Return a sample for each minute, and the share of due polls that happened."""
    source = random.Random(5)
    hanging = int(apps * HANGING)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(postgres_server())
        redis = stack.enter_context(redis_server())
        served = stack.enter_context(fleet(apps))
        for number in range(hanging):
            served.counts[number] = HANGS
        setup = Setup(
            period=period,
            database=postgres.create_database(),
            pinned=False,
            settings={"FORMATION_TTL": "600", "COUNT_BOUNDARY": "1"},
        )
        running = stack.enter_context(deployment(folder, served, redis, setup))
        running.wait_for_ticks(1)
        begin, polls, looks = time.monotonic(), sum(served.asked[hanging:]), []
        for minute in range(minutes):
            for number in source.sample(range(hanging, apps), int(apps * CHANGING)):
                served.counts[number] = source.randint(0, 5)
            time.sleep(max(0.0, begin + 60 * (minute + 1) - time.monotonic()))
            looks.append(look(running))
        polled = sum(served.asked[hanging:]) - polls
        due = (apps - hanging) * (time.monotonic() - begin) / period
    return looks, min(polled / due, 1.0)


def rows_of(looks: Sequence[Look]) -> list[tuple[str, str, str, str]]:
    """Return the rows of the table, for samples a minute apart."""
    rows = []
    for what, value, digits in VALUES:
        values = [value(one) for one in looks]
        slope = linear_regression(range(len(values)), values).slope
        first, last = median(values[:5]), median(values[-5:])
        rows.append(
            (
                what,
                f"{first:,.{digits}f}",
                f"{last:,.{digits}f}",
                f"{slope * 60:+,.{digits + 1}f}",
            )
        )
    return rows


@click.command()
@click.option("--minutes", type=click.IntRange(min=4), default=15, show_default=True)
@click.option("--apps", default=1_000, show_default=True)
@click.option("--period", default=10, show_default=True, help="SLEEP_PERIOD, seconds.")
def main(minutes: int, apps: int, period: int) -> None:
    """Print what grows."""
    looks, polled = soak(apps, minutes, period)
    note = NOTE.format(
        apps=apps,
        period=period,
        changing=CHANGING,
        hanging=HANGING,
        warm_up=WARM_UP,
        polled=polled,
    )
    heads = ("what", "first", "last", "growth an hour")
    show(heads, rows_of(looks[WARM_UP:]), note)


if __name__ == "__main__":
    main()
