"""What each of our own parts of Celery gains: `python -m benchmarks.celery_parts`.

Each part is replaced alone by Celery's, kombu's or redis-py's own
(`benchmarks/stock_parts.py`). Three tables: the CPU of an evaluation, the polls of
10,000 apps on one worker, and the memory of beat as a thread.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
from celery import Celery

from benchmarks import capacity
from benchmarks.stage.cpus import REST, on
from benchmarks.stage.delay_proxy import far_away
from benchmarks.stage.deployment import Deployment, Setup, deployment
from benchmarks.stage.fleet import fleet
from benchmarks.stage.report import show
from benchmarks.stock_parts import VARIABLE
from devtools.redis_server import redis_server
from scalar.adapters.redis.connection import PREFIX

OURS = "all ours"
#: Name in the table -> the parts to replace; none shows the noise.
PARTS: dict[str, tuple[str, ...]] = {
    "none (noise)": (),
    "transport": ("transport",),
    "request": ("request",),
    "transport and request": ("transport", "request"),
    "pool": ("pool",),
    "publisher": ("publisher",),
    "script batcher": ("script batcher",),
    "all": ("transport", "request", "pool", "publisher", "script batcher"),
}
#: The parts that may matter with a distant Redis.
FAR = ("transport", "script batcher")
MILLISECONDS_AWAY = 2
MEASURES = ("evaluation", "capacity", "memory")
#: SLEEP_PERIOD of the capacity table.
PERIOD = 10
#: SLEEP_PERIOD of the evaluation table, whose ticks this program sends: longer than any
#: tick takes, so that no reservation ends before its evaluation.
LONG = 60
#: Ticks before measuring: they open connections and start threads.
WARM_UP = 2

EVALUATION = """\
"Without": with Celery's, kombu's or redis-py's own in place of our part; the transport
keeps its guard against forged messages. Two deployments take turns, {ticks} ticks at a
time, {rounds} rounds; each tick is sent when the previous one has ended. CPU: user and
system time of the worker's process per app and tick, with {apps:,} apps; tick: seconds
to the end of its last evaluation; both are medians of the rounds. A ratio is the median
of the rounds' ratios (least to most). Plain HTTP, one host; the worker and everything
else have a CPU each."""
CAPACITY = """\
{apps:,} apps, one worker with a CPU to itself, SLEEP_PERIOD={period}, plain HTTP, Redis
on this machine. "In their period": share of due polls that the apps received, median
(worst) of {periods} periods."""
MEMORY = """\
The line `all-in-one`, {apps:,} apps, SLEEP_PERIOD={period}: PSS of all its processes,
and connections to Redis; medians of {looks} samples, one after each tick from the third
on."""


@dataclass(frozen=True)
class Turn:
    """Some ticks of one deployment.

    Attributes:
        cpu: Seconds of the worker's CPU for each poll.
        took: Seconds of one tick, to the end of its last evaluation.
    """

    cpu: float
    took: float


#: Turns with our part, and without it, round by round.
Rounds = list[tuple[Turn, Turn]]


@dataclass(frozen=True)
class Bench:
    """A deployment that gets its ticks from this program."""

    running: Deployment
    sender: Celery

    def turn(self, ticks: int) -> Turn:
        """Send some ticks; return what they took."""
        polls, cpu, begin = self.running.fleet.polls(), self.running.cpu(), _now()
        for _ in range(ticks):
            self._tick()
        took = _now() - begin
        polled = self.running.fleet.polls() - polls
        return Turn((self.running.cpu() - cpu) / polled, took / ticks)

    def _tick(self) -> None:
        """Send a tick, and wait until all its evaluations have ended.

        Raises:
            TimeoutError: An evaluation did not end.
        """
        apps, redis = len(self.running.fleet.urls), self.running.redis
        wanted = self.running.fleet.polls() + apps
        redis.delete(f"{PREFIX}tick:due")  # else the guard refuses a tick this soon
        self.sender.send_task("scalar.fan_out", queue="tick", expires=LONG)
        self.running.wait_for_polls(wanted, LONG)
        end = _now() + LONG
        while redis.keys(f"{PREFIX}lease:*"):
            if _now() > end:
                raise TimeoutError("evaluations did not end")
            time.sleep(0.01)


def evaluation(
    stock: Sequence[str], apps: int, rounds: int, ticks: int, away: float
) -> Rounds:
    """Run a deployment with our parts and one without some of them in turns."""
    with ExitStack() as stack:
        ours = stack.enter_context(_bench((), apps, away))
        other = stack.enter_context(_bench(stock, apps, away))
        for one in (ours, other):
            one.turn(WARM_UP)
        found: Rounds = []
        for place in range(rounds):
            # They start in turns, so that a machine that slows down favours neither.
            if place % 2:
                without, with_it = other.turn(ticks), ours.turn(ticks)
            else:
                with_it, without = ours.turn(ticks), other.turn(ticks)
            found.append((with_it, without))
        return found


@contextmanager
def _bench(stock: Sequence[str], apps: int, away: float) -> Iterator[Bench]:
    """Run a worker with some stock parts, with its own fleet and servers."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        served = stack.enter_context(fleet(apps))
        redis = stack.enter_context(redis_server())
        url = redis.url
        if away:
            port = stack.enter_context(far_away(redis.port, away))
            url = f"redis://127.0.0.1:{port}/0"
        setup = _setup(stock, lines=("worker",), period=LONG, redis_url=url)
        running = stack.enter_context(deployment(folder, served, redis, setup))
        sender = stack.enter_context(Celery(broker=redis.url, set_as_current=False))
        sender.conf.broker_transport_options = {"global_keyprefix": f"{PREFIX}celery:"}
        yield Bench(running, sender)


def _setup(
    stock: Sequence[str],
    lines: tuple[str, ...] = (),
    period: int = 0,
    redis_url: str = "",
) -> Setup:
    """Return a deployment whose workers use some stock parts."""
    return Setup(
        lines,
        period,
        redis_url=redis_url,
        settings={VARIABLE: ",".join(stock)},
        replaced={"scalar.tasks": "benchmarks.stock_parts"},
    )


def row_of(part: str, away: float, rounds: Rounds) -> tuple[str, ...]:
    """Return the row of one part in the table of evaluations."""
    with_it, without = zip(*rounds, strict=True)
    cpu = [other.cpu / ours.cpu for ours, other in rounds]
    took = [other.took / ours.took for ours, other in rounds]
    return (
        part,
        f"{away * 1_000:g} ms",
        f"{median(turn.cpu for turn in with_it) * 1e6:,.0f}",
        f"{median(turn.cpu for turn in without) * 1e6:,.0f}",
        f"{median(cpu):.2f} ({min(cpu):.2f} to {max(cpu):.2f})",
        f"{median(turn.took for turn in with_it):.2f}",
        f"{median(turn.took for turn in without):.2f}",
        f"{median(took):.2f}",
    )


def show_evaluations(parts: Sequence[str], apps: int, rounds: int, ticks: int) -> None:
    """Print the table of evaluations."""
    cases = [(part, 0.0) for part in parts]
    cases += [(part, MILLISECONDS_AWAY / 1_000) for part in parts if part in FAR]
    rows = []
    for part, away in cases:
        found = evaluation(PARTS[part], apps, rounds, ticks, away)
        rows.append(row_of(part, away, found))
        click.echo(f"evaluation: {' | '.join(rows[-1])}", err=True)
    show(
        (
            *("part", "Redis away", "CPU with, us", "CPU without, us"),
            *("without / with", "tick with, s", "tick without, s", "without / with"),
        ),
        rows,
        EVALUATION.format(apps=apps, rounds=rounds, ticks=ticks),
    )


def show_capacity(parts: Sequence[str], apps: int, periods: int) -> None:
    """Print the table of polls; all of our parts are measured first and last."""
    without = [part for part in parts if PARTS[part]]
    rows = []
    for part in (OURS, *without, OURS):
        base = _setup(PARTS.get(part, ()))
        found = capacity.measure(apps, 1, PERIOD, periods, 0.0, base)
        middle, worst = median(found.periods), min(found.periods)
        rows.append((part, f"{middle:.1%} ({worst:.1%})", f"{found.cpu:.2f}"))
        click.echo(f"capacity: {' | '.join(rows[-1])}", err=True)
    show(
        ("without", "in their period", "CPU"),
        rows,
        CAPACITY.format(apps=apps, period=PERIOD, periods=periods),
    )


def show_memory(apps: int, looks: int, period: int) -> None:
    """Print the memory of beat as a thread and as a child of the worker."""
    rows = []
    for option in ("--with-beat", "-B"):
        setup = Setup(
            ("all-in-one",), period, pinned=False, replaced={"--with-beat": option}
        )
        with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
            served = stack.enter_context(fleet(apps))
            redis = stack.enter_context(redis_server())
            running = stack.enter_context(deployment(Path(name), served, redis, setup))
            running.wait_for_ticks(WARM_UP)
            pss, clients = [], []
            for _ in range(looks):
                running.wait_for_ticks(1)
                pss.append(running.pss())
                clients.append(len(running.clients()))
        rows.append((f"`{option}`", f"{median(pss):.0f}", f"{median(clients):.0f}"))
    show(
        ("beat", "PSS, MB", "Redis"),
        rows,
        MEMORY.format(apps=apps, period=period, looks=looks),
    )


def _now() -> float:
    return time.monotonic()


@click.command()
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(list(PARTS)),
    help="Only this part; may be repeated.",
)
@click.option(
    "--measure",
    "measures",
    multiple=True,
    type=click.Choice(MEASURES),
    help="Only this table; may be repeated.",
)
@click.option("--apps", default=1_000, show_default=True, help="In evaluation.")
@click.option("--rounds", default=5, show_default=True, help="In evaluation.")
@click.option("--ticks", default=2, show_default=True, help="In one turn of a round.")
@click.option("--many", default=10_000, show_default=True, help="Apps in capacity.")
@click.option(
    "--periods", default=4, show_default=True, help="In capacity; samples of memory."
)
def main(
    *,
    parts: Sequence[str],
    measures: Sequence[str],
    apps: int,
    rounds: int,
    ticks: int,
    many: int,
    periods: int,
) -> None:
    """Print what the scaler costs with and without each of its parts of Celery."""
    parts = parts or list(PARTS)
    measures = measures or MEASURES
    with on(REST):
        if "evaluation" in measures:
            show_evaluations(parts, apps, rounds, ticks)
        if "capacity" in measures:
            show_capacity(parts, many, periods)
        if "memory" in measures:
            show_memory(apps, looks=periods, period=PERIOD // 2)


if __name__ == "__main__":
    main()
