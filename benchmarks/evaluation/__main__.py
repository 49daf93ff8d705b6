"""The command: one table, medians of the rounds, as multiples of the floor."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import certifi
import click

from benchmarks.evaluation.plain_loop import HOW
from benchmarks.stage.cpus import MEASURED, REST, on
from benchmarks.stage.delay_proxy import far_away
from benchmarks.stage.deployment import Deployment, Setup, deployment
from benchmarks.stage.fleet import Fleet, address, fleet
from benchmarks.stage.report import show
from devtools.certificates import make_certificate
from devtools.redis_server import redis_server

FLOOR, NAIVE = "shared session", "requests.get"
#: Rounds before measuring: the first one opens the connections.
WARM_UP = 2
NOTE = """\
User and system CPU time of the worker's process per app and period; medians of {rounds}
rounds over {apps:,} apps. The worker and the loops run on one CPU, everything else on
the other. The loops have 50 threads; over HTTPS they trust certifi's authorities and
the fleet's. The loops other than the floor poll {few} apps, because they are slow."""


@dataclass(frozen=True)
class Case:
    """A fleet and a way to reach Redis.

    Attributes:
        label: What the table says.
        tls: Whether each app has its own HTTPS host, or all share one over HTTP.
        round_trip: Seconds added to a round trip to Redis.
    """

    label: str
    tls: bool = False
    round_trip: float = 0.0


@dataclass(frozen=True)
class Measured:
    """CPU seconds per poll in the Celery path, and per GET in each loop."""

    ours: float
    loops: dict[str, float]


def measure(case: Case, apps: int, few: int, period: int, rounds: int) -> Measured:
    """Run the Celery path, then each plain loop, against the same fleet."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, ca, bundle, certificate = Path(name), "", "", None
        if case.tls:
            certificate = make_certificate(folder, addresses=map(address, range(apps)))
            ca, bundle = str(certificate.ca), str(folder / "bundle.pem")
            usual = Path(certifi.where()).read_text()
            Path(bundle).write_text(usual + certificate.ca.read_text())
        hosts = apps if case.tls else 1
        served = stack.enter_context(fleet(apps, certificate, hosts=hosts))
        setup = Setup(period=period, settings={"TLS_CA_FILE": ca})
        ours = _celery_path(folder, served, setup, case.round_trip, rounds)
        loops = {
            how: _loop(
                folder,
                served.urls[: None if how == FLOOR else few],
                how,
                rounds,
                bundle,
            )
            for how in HOW
        }
    return Measured(ours, loops)


def _celery_path(
    folder: Path, served: Fleet, setup: Setup, round_trip: float, rounds: int
) -> float:
    apps = len(served.urls)
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server())
        if round_trip:
            port = stack.enter_context(far_away(redis.port, round_trip))
            setup = replace(setup, redis_url=f"redis://127.0.0.1:{port}/0")
        running = stack.enter_context(deployment(folder, served, redis, setup))
        running.wait_for_polls(apps * WARM_UP, 60 + 3 * setup.period * WARM_UP)
        return median(_round(running, apps) for _ in range(rounds))


def _round(running: Deployment, apps: int) -> float:
    """Return the CPU seconds per poll, over as many polls as there are apps."""
    polls, cpu = running.fleet.polls(), running.cpu()
    running.wait_for_polls(polls + apps, 6 * running.setup.period + 10)
    return (running.cpu() - cpu) / (running.fleet.polls() - polls)


def _loop(
    folder: Path, urls: Sequence[str], how: str, rounds: int, bundle: str
) -> float:
    listed = folder / "urls.json"
    listed.write_text(json.dumps(urls))
    module = "benchmarks.evaluation.plain_loop"
    with on(MEASURED):
        done = subprocess.run(
            [sys.executable, "-m", module, how, bundle, str(listed), str(rounds)],
            capture_output=True,
            text=True,
            check=True,
        )
    return float(median(json.loads(done.stdout))) / len(urls)


def rows_of(label: str, found: Measured) -> list[tuple[str, str, str, str, str]]:
    """Return the rows of the table for one case."""
    floor, naive = found.loops[FLOOR], found.loops[NAIVE]
    named = {**found.loops, "**the whole evaluation**": found.ours}
    return [
        (
            label,
            what,
            f"{seconds * 1e6:,.0f}",
            f"{seconds / floor:.2f}",
            f"{naive / seconds:.1f}",
        )
        for what, seconds in named.items()
    ]


@click.command()
@click.option("--apps", default=1_000, show_default=True)
@click.option("--few", default=100, show_default=True, help="Apps in the slow loops.")
@click.option("--period", default=5, show_default=True, help="SLEEP_PERIOD, seconds.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--only", default="", help="Only cases whose name starts like this.")
def main(apps: int, few: int, period: int, rounds: int, only: str) -> None:
    """Print the CPU of an evaluation and of the GET alone."""
    cases = (
        Case("HTTP, one host"),
        Case(f"HTTPS, {apps:,} hosts", tls=True),
        Case("HTTP, Redis 2 ms away", round_trip=0.002),
    )
    rows = []
    with on(REST):
        for case in cases:
            if case.label.startswith(only):
                found = measure(case, apps, min(few, apps), period, rounds)
                rows += rows_of(case.label, found)
    show(
        ("fleet", "what", "CPU, us", "of the floor", "cheaper than requests.get"),
        rows,
        NOTE.format(apps=apps, rounds=rounds, few=min(few, apps)),
    )


if __name__ == "__main__":
    main()
