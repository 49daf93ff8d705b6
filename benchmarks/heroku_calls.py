"""Calls of the Heroku API per app: `python -m benchmarks.heroku_calls`.

A deployment at rest, then one whose apps change, against the local Heroku, which
counts the calls; for comparison, heroku3 as its documentation uses it.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import heroku3
import heroku3.api

from benchmarks.stage.cpus import REST, on
from benchmarks.stage.deployment import Setup, deployment
from benchmarks.stage.fleet import fleet
from benchmarks.stage.report import show
from devtools.redis_server import redis_server
from local_heroku.control import LocalHeroku
from local_heroku.process import start as local_heroku

#: Calls that an account has per hour, and how many the scaler leaves to people.
POOL, RESERVE = 4_500, 500
#: The default of FORMATION_TTL and of SLEEP_PERIOD, in seconds.
TTL, PERIOD = 600, 10
HOUR = 3_600
NOTE = """\
Ours: {apps} apps at rest for {rounds} times FORMATION_TTL={ttl}, polled every second
(scaled to FORMATION_TTL={real} in the table), and {apps} changes, one per app. Apps on
one account: how many leave {reserve} of the {pool:,} calls an hour to people and to
changes while at rest. heroku3: a new client for each poll, as in a fresh task; medians
of five. Its calls are, in order: {calls}."""


@dataclass(frozen=True)
class Calls:
    """Calls that count: of an app at rest in an hour, and of one change."""

    at_rest: float
    changing: float


def ours(apps: int, ttl: int, rounds: int) -> Calls:
    """Run a deployment, at rest and then with one change per app."""
    settings = {"FORMATION_TTL": str(ttl), "COUNT_BOUNDARY": "1"}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        served = stack.enter_context(fleet(apps))
        redis = stack.enter_context(redis_server())
        setup = Setup(period=1, settled=False, settings=settings)
        running = stack.enter_context(deployment(Path(name), served, redis, setup))
        # After one round the apps' reads are spread out as they will stay.
        time.sleep(ttl * 1.2)
        running.heroku.clear_requests()
        before, begin = running.heroku.cost(), time.monotonic()
        time.sleep(ttl * rounds)
        took = time.monotonic() - begin
        read = running.heroku.cost() - before
        source = random.Random(5)
        for number in source.sample(range(apps), apps):
            served.counts[number] = 2
        time.sleep(5)
        changed = running.heroku.cost(method="PATCH")
    per_ttl = read / apps / took * ttl
    return Calls(per_ttl * HOUR / TTL, changed / apps)


def with_heroku3(times: int) -> tuple[Calls, list[str]]:
    """Read and scale one app as heroku3's documentation does."""
    reading, changing, sequence = [], [], []
    with local_heroku("shop", pool=100_000) as heroku:
        heroku3.api.HEROKU_URL = heroku.url
        for number in range(times):
            heroku.clear_requests()
            process = heroku3.from_key(heroku.token).apps()["shop"]
            process = process.process_formation()["worker"]
            reading.append(_paid(heroku))
            process.scale(number + 2)
            changing.append(_paid(heroku) - reading[-1])
            sequence = [f"`{one.method} {one.path}`" for one in heroku.requests()]
    return Calls(median(reading) * HOUR / PERIOD, median(changing)), sequence


def _paid(heroku: LocalHeroku) -> int:
    return sum(request.cost for request in heroku.requests())


def rows_of(named: Iterable[tuple[str, Calls]]) -> list[tuple[str, str, str, str]]:
    """Return the rows of the table."""
    return [
        (
            what,
            f"{calls.at_rest:,.2f}",
            f"{calls.changing:.2f}",
            f"{(POOL - RESERVE) / calls.at_rest:,.1f}",
        )
        for what, calls in named
    ]


@click.command()
@click.option("--apps", default=200, show_default=True)
@click.option("--ttl", default=30, show_default=True, help="FORMATION_TTL, seconds.")
@click.option("--rounds", default=10, show_default=True, help="Times the TTL at rest.")
def main(apps: int, ttl: int, rounds: int) -> None:
    """Print the calls of an app at rest and of a change."""
    with on(REST):
        theirs, sequence = with_heroku3(5)
        found = ours(apps, ttl, rounds)
    show(
        ("what", "an hour at rest", "a change", "apps on one account"),
        rows_of((("this scaler", found), ("heroku3 at each poll", theirs))),
        NOTE.format(
            apps=apps,
            rounds=rounds,
            ttl=ttl,
            real=TTL,
            reserve=RESERVE,
            pool=POOL,
            calls=", ".join(sequence),
        ),
    )


if __name__ == "__main__":
    main()
