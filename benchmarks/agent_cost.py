"""What one measurement of Celery's jobs costs: `python -m benchmarks.agent_cost`.

Our agent and those of HireFire and Judoscale measure the same jobs in a real Redis,
one after the other. One worker is alive; if there are jobs, it runs 2 and holds some.
Prints one Markdown table of medians, and exits with 1 if ours is wrong.
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
#: Log every command with the address of the client that sent it.
LOG_ALL = {"slowlog-log-slower-than": "0", "slowlog-max-len": "100000"}
LEGEND = """
Medians of {times} measurements after a first one; in brackets: multiples of ours. Wall
and CPU times of the agent's process in ms; commands and connections that Redis saw from
it, per measurement. judoscale tracks busy jobs, which is not its default; "not busy" is
its default.
"""


@dataclass(frozen=True)
class Cost:
    """What one measurement costs.

    Attributes:
        wall: Milliseconds until the answer.
        cpu: CPU milliseconds of the agent's process.
        commands: How many commands Redis executed.
        connections: How many connections were opened.
    """

    wall: float
    cpu: float
    commands: float
    connections: float
    answer: str


def measure(name: str, row: Row, url: str, times: int) -> tuple[Scene, Cost]:
    """Set a situation up, and let an agent measure it several times."""
    with row.on(url, has_agent=name == OURS) as scene, Redis.from_url(url) as redis:
        # Make the worker open its connections for answers before anything is counted.
        scene.app.celery.control.ping(timeout=0.5)
        others = {client["addr"] for client in redis.client_list()}
        with started(name, scene) as (agent, made):
            if made.error:
                raise RuntimeError(f"cannot create {name}: {made.error}")
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
    answer = agent.ask()
    log = redis.slowlog_get(100_000)
    after = redis.info("stats")["total_connections_received"]
    if answer.error:
        raise RuntimeError(f"the agent failed: {answer.error}")
    senders = [entry["client_address"].decode() for entry in log]
    own = agent.addresses()
    theirs = {client["addr"] for client in redis.client_list()} - own
    commands = sum(sender not in others | theirs for sender in senders)
    return Cost(
        answer.wall * 1000,
        answer.cpu * 1000,
        commands,
        after - before,
        _count(answer.value),
    )


def _count(value: Any) -> str:
    """Return the count that an agent reports for the only process type."""
    answer = value["worker"]
    if isinstance(answer, dict):
        count = answer.get("count", answer.get("qd", 0) + answer.get("busy", 0))
        return str(count)
    return str(answer)


def _cell(cost: Cost, ours: Cost, part: Callable[[Cost], float], digits: int) -> str:
    value, unit = part(cost), part(ours)
    ratio = f" ({value / unit:.2g}x)" if cost is not ours and unit else ""
    return f"{value:.{digits}f}{ratio}"


@click.command()
@click.option("--times", type=click.IntRange(min=5), default=5, show_default=True)
@click.option("--queued", multiple=True, type=int, default=QUEUED, show_default=True)
def main(times: int, queued: Sequence[int]) -> None:
    """Print what one measurement costs each agent."""
    install()
    heads = ("queued", "ack", "agent", "answer", "wall, ms", "CPU, ms")
    print(f"| {' | '.join((*heads, 'commands', 'connections'))} |")
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
                    if name == OURS and cost.answer != truth:
                        wrong.append(f"{number} {ack}: {cost.answer}, expected {truth}")
                    cells = [
                        f"{number:,}",
                        ack,
                        label(name),
                        cost.answer if cost.answer == truth else f"**{cost.answer}**",
                        _cell(cost, ours, lambda it: it.wall, 1),
                        _cell(cost, ours, lambda it: it.cpu, 1),
                        _cell(cost, ours, lambda it: it.commands, 0),
                        _cell(cost, ours, lambda it: it.connections, 0),
                    ]
                    print(f"| {' | '.join(cells)} |", flush=True)
    print(LEGEND.format(times=times))
    for fault in wrong:
        print(f"{OURS} is wrong for {fault}", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
