"""How many apps workers can poll in time: `python -m benchmarks.capacity`.

Polls that workers do not manage in a period wait for the next one, and every app is
polled less often. This counts the share of due polls that the apps received.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import click

from benchmarks.stage.cpus import ALL, REST, on
from benchmarks.stage.delay_proxy import far_away
from benchmarks.stage.deployment import Setup, deployment
from benchmarks.stage.fleet import fleet
from benchmarks.stage.report import show
from devtools.redis_server import redis_server

APPS, WORKERS = (1_000, 10_000), (1, 2)
NOTE = """\
SLEEP_PERIOD={period}, plain HTTP, Redis with {away:g} ms of added round trip. "In their
period": share of due polls that the apps received, median (worst) of {periods} periods.
CPU: of all workers, in CPU seconds per second. One worker has a CPU to itself; two
share both CPUs with the fleet, Redis, beat and the benchmark."""


@dataclass(frozen=True)
class Share:
    """Shares of the due polls, period by period, and the workers' CPU."""

    periods: list[float]
    cpu: float


def measure(  # noqa: PLR0917 - a fleet, a deployment, and how long
    apps: int,
    workers: int,
    period: int,
    periods: int,
    round_trip: float,
    base: Setup | None = None,
) -> Share:
    """Count the polls of several periods, each from one tick to the next."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        served = stack.enter_context(fleet(apps))
        redis = stack.enter_context(redis_server())
        url = redis.url
        if round_trip:
            port = stack.enter_context(far_away(redis.port, round_trip))
            url = f"redis://127.0.0.1:{port}/0"
        one = workers == 1
        setup = replace(
            base or Setup(),
            lines=("beat", *["worker"] * workers),
            period=period,
            redis_url=url,
            pinned=one,
        )
        with on(REST if one else ALL):
            running = stack.enter_context(deployment(Path(name), served, redis, setup))
            begin = running.wait_for_ticks(2)
            polls, cpu, shares = served.polls(), running.cpu(), []
            for _ in range(periods):
                end = running.wait_for_ticks(1)
                now = served.polls()
                shares.append(min((now - polls) / apps, 1.0))
                polls = now
            return Share(shares, (running.cpu() - cpu) / (end - begin))


@click.command()
@click.option("--apps", multiple=True, type=int, default=APPS, show_default=True)
@click.option("--workers", multiple=True, type=int, default=WORKERS, show_default=True)
@click.option("--period", default=10, show_default=True, help="SLEEP_PERIOD, seconds.")
@click.option("--periods", default=5, show_default=True)
@click.option(
    "--away", default=0.0, show_default=True, help="Added round trip to Redis, ms."
)
def main(
    apps: Sequence[int], workers: Sequence[int], period: int, periods: int, away: float
) -> None:
    """Print which share of the polls came in their period."""
    rows = []
    with on(REST):
        for number in apps:
            for count in workers:
                found = measure(number, count, period, periods, away / 1_000)
                middle, worst = median(found.periods), min(found.periods)
                rows.append(
                    (
                        f"{number:,}",
                        count,
                        f"{number / period:,.0f}",
                        f"{middle:.1%} ({worst:.1%})",
                        f"{found.cpu:.2f}",
                    )
                )
    show(
        ("apps", "workers", "polls due a second", "in their period", "CPU"),
        rows,
        NOTE.format(period=period, periods=periods, away=away),
    )


if __name__ == "__main__":
    main()
