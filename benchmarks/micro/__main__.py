"""The command: one table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from benchmarks.micro.fan_out import BY_HAND
from benchmarks.micro.steps import seconds_of, steps
from benchmarks.stage.cpus import MEASURED, REST, on
from benchmarks.stage.deployment import register
from benchmarks.stage.report import show
from devtools.redis_server import redis_server

FLEETS = (1_000, 10_000)
NOTE = """\
Medians of {rounds}; microseconds of CPU time, for the fan-out also of wall-clock time
and per app. "The least" is the least code that yields the step's result."""


def fan_out(apps: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Return the seconds (wall-clock, CPU) per message, for each way."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        redis = stack.enter_context(redis_server())
        database = f"sqlite:///{Path(name)}/registry.sqlite3"
        register(database, [f"https://app-{n}.example/counts" for n in range(apps)])
        with on(MEASURED):
            module = "benchmarks.micro.fan_out"
            done = subprocess.run(
                [sys.executable, "-m", module, str(apps), str(rounds)],
                env={
                    **os.environ,
                    "REDIS_URL": redis.url,
                    "DATABASE_URL": database,
                    "LOG_LEVEL": "WARNING",
                },
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
    took: dict[str, tuple[float, float]] = json.loads(done.stdout.splitlines()[-1])
    return took


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f}"


@click.command()
@click.option("--rounds", type=click.IntRange(min=5), default=5, show_default=True)
@click.option(
    "--apps", multiple=True, type=int, default=FLEETS, help="Sizes of the fan-out."
)
def main(rounds: int, apps: Sequence[int]) -> None:
    """Print what each step takes."""
    rows: list[tuple[str, str, str, str, str]] = []
    with on(REST):
        for step in steps():
            with on(MEASURED):
                ours = seconds_of(step.ours, rounds)
                least = seconds_of(step.floor, rounds)
            size = f"{step.size} process types" if step.size > 1 else "1 process type"
            rows.append((step.what, size, _us(ours), step.least, _us(least)))
        for number in apps:
            took = fan_out(number, rounds)
            wall, cpu = took[BY_HAND]
            floor = f"{_us(cpu)} (clock {_us(wall)})"
            for what, (wall, cpu) in took.items():
                if what != BY_HAND:
                    ours_and_cpu = f"{_us(cpu)} (clock {_us(wall)})"
                    rows.append(
                        (what, f"{number:,} apps", ours_and_cpu, BY_HAND, floor)
                    )
    rows.sort(key=lambda row: row[0])
    show(
        ("step", "of", "us", "the least", "us"),
        rows,
        NOTE.format(rounds=rounds),
    )


if __name__ == "__main__":
    main()
