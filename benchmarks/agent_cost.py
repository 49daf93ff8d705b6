"""What one look at Celery's jobs costs: `python -m benchmarks.agent_cost`.

Our agent and those of HireFire and Judoscale look at a real Redis, one after the
other. One worker is alive; if there are jobs, it runs 2 and holds some. It prints
one Markdown table of medians, and ends with 1 if ours is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import click
from redis import Redis

from agent.tests.situations.facts import Scene
from agent.tests.situations.queued import queued_behind_a_worker
from agent.tests.situations.rows import Row
from benchmarks.rivals import (
    HIREFIRE,
    JUDOSCALE,
    JUDOSCALE_NOT_BUSY,
    OURS,
    Agent,
    install,
    label,
    started,
)
from devtools.redis_server import redis_server

AGENTS = (OURS, HIREFIRE, JUDOSCALE, JUDOSCALE_NOT_BUSY)
QUEUED = (0, 1_000, 100_000)
#: Every command is kept, with the address of the client that sent it.
LOG_ALL = {"slowlog-log-slower-than": "0", "slowlog-max-len": "100000"}
LEGEND = """
Medians of {times} looks after a first one; in brackets: times ours. Wall and CPU
are of the agent's process, in ms; commands and connections are those that Redis saw
of it, for one look. judoscale is told to track busy jobs, which is not its default;
"not busy" is its default.
"""


@dataclass(frozen=True)
class Cost:
    """What one look costs.

    Attributes:
        wall: Milliseconds until the answer.
        cpu: Milliseconds of the processor, in the agent's process.
        commands: That Redis carried out.
        connections: That were opened.
    """

    wall: float
    cpu: float
    commands: float
    connections: float
    said: str


def measure(name: str, row: Row, url: str, times: int) -> tuple[Scene, Cost]:
    """Bring a state about and let an agent look at it so many times."""
    with row.on(url, has_agent=name == OURS) as scene, Redis.from_url(url) as redis:
        # The worker opens what it needs to answer with before anybody is counted.
        scene.app.celery.control.ping(timeout=0.5)
        others = {client["addr"] for client in redis.client_list()}
        with started(name, scene) as (agent, made):
            if made.error:
                raise RuntimeError(f"{name} cannot be made: {made.error}")
            agent.ask()
            looks = [_look(agent, redis, others) for _ in range(times)]
    last = looks[-1]
    parts = {
        part: median(getattr(look, part) for look in looks)
        for part in ("wall", "cpu", "commands", "connections")
    }
    return scene, replace(last, **parts)


def _look(agent: Agent, redis: Redis, others: set[str]) -> Cost:
    before = redis.info("stats")["total_connections_received"]
    redis.slowlog_reset()
    said = agent.ask()
    log = redis.slowlog_get(100_000)
    after = redis.info("stats")["total_connections_received"]
    if said.error:
        raise RuntimeError(f"it failed: {said.error}")
    senders = [entry["client_address"].decode() for entry in log]
    own = agent.addresses()
    theirs = {client["addr"] for client in redis.client_list()} - own
    commands = sum(sender not in others | theirs for sender in senders)
    return Cost(
        said.wall * 1000, said.cpu * 1000, commands, after - before, _count(said.value)
    )


def _count(value: Any) -> str:
    """Return the number that an agent said of the only process type."""
    said = value["worker"]
    if isinstance(said, dict):
        count = said.get("count", said.get("qd", 0) + said.get("busy", 0))
        return str(count)
    return str(said)


def _cell(cost: Cost, ours: Cost, part: Callable[[Cost], float], digits: int) -> str:
    value, unit = part(cost), part(ours)
    ratio = f" ({value / unit:.2g}x)" if cost is not ours and unit else ""
    return f"{value:.{digits}f}{ratio}"


@click.command()
@click.option("--times", type=click.IntRange(min=5), default=5, show_default=True)
@click.option("--queued", multiple=True, type=int, default=QUEUED, show_default=True)
def main(times: int, queued: Sequence[int]) -> None:
    """Print what one look costs each agent."""
    install()
    print(
        "| queued | ack | agent | said | wall, ms | CPU, ms | commands | connections |"
    )
    print("|---:|---|---|---:|---:|---:|---:|---:|")
    wrong = []
    with redis_server(config=LOG_ALL) as redis:
        for number in queued:
            for acks_late in (False, True):
                ack = "late" if acks_late else "early"
                row = Row("", "", queued_behind_a_worker(number, acks_late=acks_late))
                ours: Cost | None = None
                for name in AGENTS:
                    scene, cost = measure(name, row, redis.url, times)
                    ours = ours or cost
                    truth = str(scene.truth.counts["worker"])
                    if name == OURS and cost.said != truth:
                        wrong.append(f"{number} {ack}: {cost.said}, is {truth}")
                    cells = [
                        f"{number:,}",
                        ack,
                        label(name),
                        cost.said if cost.said == truth else f"**{cost.said}**",
                        _cell(cost, ours, lambda it: it.wall, 1),
                        _cell(cost, ours, lambda it: it.cpu, 1),
                        _cell(cost, ours, lambda it: it.commands, 0),
                        _cell(cost, ours, lambda it: it.connections, 0),
                    ]
                    print(f"| {' | '.join(cells)} |", flush=True)
    print(LEGEND.format(times=times))
    for fault in wrong:
        print(f"{OURS} is wrong with {fault}", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
