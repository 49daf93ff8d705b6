"""What is true of Celery's jobs, and what agents say of them.

`python -m benchmarks.truth_table` brings about the situations of
`agent/tests/situations`, with real workers and a real Redis, and asks our agent
and those of HireFire and Judoscale. It prints one Markdown table, and ends with
1 if ours is wrong anywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
from scalar_agent.work import Work

from agent.tests.situations.brokers import HOW_TO_SET_UP, rabbitmq_url
from agent.tests.situations.facts import Knowable, Scene
from agent.tests.situations.rows import RABBITMQ, REDIS, Row
from agent.tests.situations.verdict import faults
from benchmarks.rivals import (
    HIREFIRE,
    JUDOSCALE,
    OURS,
    NoAnswer,
    install,
    label,
    started,
)
from devtools.redis_server import redis_server

AGENTS = (OURS, HIREFIRE, JUDOSCALE)
LEGEND = """
Numbers are jobs that need a worker now, by process type. **Bold** is wrong: another
number than the truth, 0 where nothing can be known, or no number where there is one.
Only where ours is asked do the workers import it.
hirefire-resource is asked with `celery_app=`, which its documentation recommends;
an exception makes its answer an HTTP 500. judoscale is told of the queues and to track
busy jobs, and its depth (qd) and busy jobs are added; it scales by the wait of the
oldest job (qt), too. It does not know RabbitMQ.
"""


@dataclass(frozen=True)
class Cell:
    """What an agent said.

    Attributes:
        faults: What is wrong with it; none if all is right.
    """

    text: str
    faults: Sequence[str]

    def __str__(self) -> str:
        return f"**{self.text}**" if self.faults else self.text


def ask(name: str, row: Row, url: str) -> tuple[Scene, Cell]:
    """Bring a situation about, and ask one agent."""
    with row.on(url, has_agent=name == OURS) as scene:
        try:
            with started(name, scene) as (agent, made):
                said = made
                if not made.error:
                    if scene.spoil:
                        agent.ask()
                        scene.spoil()
                    said = agent.ask()
        except NoAnswer:
            return scene, _failed("no answer", scene)
        if said.error:
            return scene, _failed(said.error, scene)
        return scene, READERS[name](said.value, scene)


def _failed(text: str, scene: Scene) -> Cell:
    is_right = scene.truth.knowable is not Knowable.YES
    return Cell(text, [] if is_right else ["no number"])


def read_ours(value: Mapping[str, Any], scene: Scene) -> Cell:
    """Judge all that our agent says."""
    said = {process: Work(**_tuples(work)) for process, work in value.items()}
    numbers = [
        f"unknown, at least {work.at_least}" if work.count is None else str(work.count)
        for work in said.values()
    ]
    return Cell(", ".join(numbers), faults(scene, said))


def _tuples(work: Mapping[str, Any]) -> dict[str, Any]:
    """Undo what JSON makes of tuples."""
    return {
        name: tuple(part) if isinstance(part, list) else part
        for name, part in work.items()
    }


def read_hirefire(value: Mapping[str, int], scene: Scene) -> Cell:
    """Judge the sizes."""
    return Cell(", ".join(map(str, value.values())), _number_faults(value, scene))


def read_judoscale(value: Mapping[str, Mapping[str, int]], scene: Scene) -> Cell:
    """Judge the sum of depth and busy jobs; without both, what it says of the wait."""
    sums = {}
    texts = []
    for process, said in value.items():
        if "qd" in said:
            sums[process] = said["qd"] + said.get("busy", 0)
            texts.append(f"{sums[process]} (qd {said['qd']} busy {said.get('busy')})")
        elif said:
            sums[process] = said.get("busy", 0)
            texts.append(" ".join(f"{name} {number}" for name, number in said.items()))
    if not sums:
        return _failed("sends nothing", scene)
    return Cell(", ".join(texts), _number_faults(sums, scene))


def _number_faults(said: Mapping[str, int], scene: Scene) -> list[str]:
    if scene.truth.knowable is Knowable.NO:
        return [f"it says {dict(said)} of what cannot be known"]
    return [
        f"{process}: {said.get(process)}, is {count}"
        for process, count in scene.truth.counts.items()
        if said.get(process) != count
    ]


READERS = {OURS: read_ours, HIREFIRE: read_hirefire, JUDOSCALE: read_judoscale}


def _truth(scene: Scene) -> str:
    counts = ", ".join(map(str, scene.truth.counts.values()))
    return {
        Knowable.YES: counts,
        Knowable.PERHAPS: f"{counts} or unknown",
        Knowable.NO: f"unknown ({counts})",
    }[scene.truth.knowable]


@click.command()
@click.argument("names", nargs=-1)
def main(names: Sequence[str]) -> None:
    """Print the truth table, or the rows of these NAMES."""
    install()
    heads = [label(agent) for agent in AGENTS]
    print(f"| row | situation | truth | {' | '.join(heads)} |")
    print("|---|---|---|" + "---|" * len(AGENTS))
    right = dict.fromkeys(AGENTS, 0)
    wrong: list[str] = []
    with redis_server() as redis, rabbitmq_url() as amqp:
        urls = dict.fromkeys(REDIS, redis.url)
        urls |= {row: amqp for row in RABBITMQ if amqp}
        rows = [row for row in urls if not names or row.name in names]
        for row in rows:
            cells = []
            truth = ""
            for agent in AGENTS:
                scene, cell = ask(agent, row, urls[row])
                cells.append(str(cell))
                # The others' workers do without our agent, and so may know less.
                truth = truth or _truth(scene)
                right[agent] += not cell.faults
                if agent == OURS:
                    wrong += [f"{row.name}: {fault}" for fault in cell.faults]
            print(f"| {row.name} | {row.text} | {truth} | {' | '.join(cells)} |")
            sys.stdout.flush()
    sums = " | ".join(f"{right[agent]} of {len(rows)}" for agent in AGENTS)
    print(f"| | right | | {sums} |")
    print(LEGEND)
    if amqp is None:
        print(f"Rows of RabbitMQ are left out: {HOW_TO_SET_UP}.", file=sys.stderr)
    for fault in wrong:
        print(f"{OURS} is wrong in {fault}", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
