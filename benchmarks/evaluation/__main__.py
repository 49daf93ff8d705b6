"""The command: one table, medians of the rounds, as ratios to the floor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
from rich.console import Console
from rich.table import Table

from benchmarks.evaluation.deployment import Deployment, deployment
from benchmarks.evaluation.fleet import Fleet, address, fleet
from benchmarks.evaluation.plain_loop import HOW
from devtools.certificates import Certificate, make_certificate
from devtools.redis_server import redis_server

#: Ticks before anything is measured: the first reads every formation.
WARM_UP = 2


@dataclass(frozen=True)
class Measured:
    """CPU seconds of one poll in the Celery path, and of one GET in each loop."""

    ours: float
    loops: dict[str, float]


def measure(apps: int, period: int, rounds: int, *, tls: bool) -> Measured:
    """Run the Celery path, then each plain loop, against the same fleet."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate = _certificate(folder, apps) if tls else None
        with fleet(apps, certificate, hosts=apps if tls else 1) as served:
            ca = str(certificate.ca) if certificate else ""
            ours = _celery_path(folder, served, period, rounds, ca)
            loops = {how: _loop(folder, served, how, rounds, ca) for how in HOW}
    return Measured(ours, loops)


def _certificate(folder: Path, apps: int) -> Certificate:
    return make_certificate(folder, addresses=map(address, range(apps)))


def _celery_path(
    folder: Path, served: Fleet, period: int, rounds: int, ca: str
) -> float:
    apps = len(served.urls)
    with (
        redis_server() as redis,
        deployment(folder, served, redis, period=period, ca=ca) as running,
    ):
        running.wait_for_polls(apps * WARM_UP, 30 + 3 * period * WARM_UP)
        return median(_round(running, apps, period) for _ in range(rounds))


def _round(running: Deployment, apps: int, period: int) -> float:
    """Return the CPU seconds for each poll, over as many polls as there are apps."""
    polls, cpu = running.fleet.polls(), running.cpu()
    running.wait_for_polls(polls + apps, 4 * period + 10)
    return (running.cpu() - cpu) / (running.fleet.polls() - polls)


def _loop(folder: Path, served: Fleet, how: str, rounds: int, ca: str) -> float:
    urls = folder / "urls.json"
    urls.write_text(json.dumps(served.urls))
    module = "benchmarks.evaluation.plain_loop"
    done = subprocess.run(
        [sys.executable, "-m", module, how, ca, str(urls), str(rounds)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
    )
    return float(median(json.loads(done.stdout))) / len(served.urls)


@click.command()
@click.option("--apps", default=1_000, show_default=True)
@click.option("--period", default=5, show_default=True, help="SLEEP_PERIOD, seconds.")
@click.option("--rounds", default=5, show_default=True)
def main(apps: int, period: int, rounds: int) -> None:
    """Print the CPU of an evaluation beside that of the GET alone."""
    table = Table(
        title=f"CPU per app and period, {apps} apps, median of {rounds} rounds"
    )
    for head in ("fleet", "what", "us", "of the floor"):
        table.add_column(head, justify="left" if head in ("fleet", "what") else "right")
    for label, tls in (("HTTP, one host", False), (f"HTTPS, {apps} hosts", True)):
        found = measure(apps, period, rounds, tls=tls)
        floor = found.loops["shared session"]
        rows = {**found.loops, "the whole evaluation": found.ours}
        for what, seconds in rows.items():
            table.add_row(label, what, f"{seconds * 1e6:.0f}", f"{seconds / floor:.2f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
