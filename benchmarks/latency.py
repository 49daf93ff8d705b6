"""From a count's change to the PATCH: `python -m benchmarks.latency`.

Apps change their count one after the other, each once; the local Heroku records when
it gets the PATCH. Some apps may hang meanwhile: they accept the connection and never
answer.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import click

from benchmarks.stage.cpus import REST, on
from benchmarks.stage.deployment import Setup, deployment
from benchmarks.stage.fleet import HANGS, Fleet, fleet
from benchmarks.stage.report import show
from devtools.redis_server import redis_server
from local_heroku.control import LocalHeroku

#: The count goes from 1 to HIGHER, which needs two dynos.
BOUNDARY, HIGHER = 10, 15
NOTE = """\
Seconds from the moment an app has the higher count to the PATCH at the local Heroku;
{changes:,} of {apps:,} apps change, {each:.0f} a second, SLEEP_PERIOD={period}, one
worker. p50, p95 and p99 of all changes. A change comes at a random time in its period,
so no scaler that polls this often has a mean below half a period."""


@dataclass(frozen=True)
class Case:
    """How many apps hang, and the settings for it."""

    label: str
    hanging: float
    settings: dict[str, str]


def measure(case: Case, apps: int, changes: int, seconds: int, period: int) -> Measured:
    """Let some apps change within some seconds."""
    source = random.Random(5)
    numbers = source.sample(range(apps), apps)
    hanging = int(apps * case.hanging)
    setup = Setup(
        period=period, settings={"COUNT_BOUNDARY": str(BOUNDARY), **case.settings}
    )
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        served = stack.enter_context(fleet(apps))
        redis = stack.enter_context(redis_server())
        for number in numbers[:hanging]:
            served.counts[number] = HANGS
        running = stack.enter_context(deployment(Path(name), served, redis, setup))
        running.wait_for_ticks(2)
        chosen = numbers[hanging : hanging + changes]
        changed = change(served, chosen, seconds)
        time.sleep(2 * period + 5)
        made = first_patches(running.heroku)
    waits = [made[n] - at for n, at in changed.items() if n in made]
    return Measured(waits, len(changed) - len(waits))


@dataclass(frozen=True)
class Measured:
    """Seconds to each PATCH, and how many changes got none."""

    waits: list[float]
    never: int


def change(served: Fleet, numbers: Sequence[int], seconds: float) -> dict[int, float]:
    """Change the counts at even intervals; return when each was changed."""
    begin, changed = time.time(), {}
    for place, number in enumerate(numbers):
        due = begin + seconds * place / len(numbers)
        time.sleep(max(0.0, due - time.time()))
        changed[number] = time.time()
        served.counts[number] = HIGHER
    return changed


def first_patches(heroku: LocalHeroku) -> dict[int, float]:
    """Return when each app was first scaled."""
    made: dict[int, float] = {}
    for request in heroku.requests(method="PATCH"):
        number = int((request.app or "").removeprefix("app-"))
        made.setdefault(number, request.at.timestamp())
    return made


@click.command()
@click.option("--apps", default=1_000, show_default=True)
@click.option("--changes", default=240, show_default=True)
@click.option("--seconds", default=120, show_default=True, help="For all changes.")
@click.option("--period", default=10, show_default=True, help="SLEEP_PERIOD, seconds.")
def main(apps: int, changes: int, seconds: int, period: int) -> None:
    """Print how long a change takes to reach Heroku."""
    cases = (
        Case("none", 0.0, {}),
        Case("1 %", 0.01, {}),
        Case("1 %, polled like the others", 0.01, {"APP_BACKOFF_MAX": "0"}),
    )
    rows = []
    with on(REST):
        for case in cases:
            found = measure(case, apps, changes, seconds, period)
            parts = quantiles(found.waits, n=100, method="inclusive")
            cells = [parts[49], parts[94], parts[98], max(found.waits)]
            rows.append((case.label, *(f"{one:.2f}" for one in cells), found.never))
    show(
        ("apps that hang", "p50, s", "p95, s", "p99, s", "longest, s", "no PATCH"),
        rows,
        NOTE.format(changes=changes, apps=apps, each=changes / seconds, period=period),
    )


if __name__ == "__main__":
    main()
