"""Compare what agents report about Celery's jobs with the truth.

`python -m benchmarks.truth_table` sets up the situations of `agent/tests/situations`
with real workers and a real Redis, and lets our agent and those of HireFire and
Judoscale measure them. It prints one Markdown table, and exits with 1 if ours is wrong
anywhere.
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
number than the truth, 0 if nothing can be known, or no number if there is one.
The workers import our agent only when it is the one that measures.
hirefire-resource is called with `celery_app=`, as its documentation recommends; an
exception makes its answer an HTTP 500. judoscale is configured with the queues and to
track busy jobs, and its depth (qd) and busy jobs are added; it also scales by the wait
of the oldest job (qt). It does not support RabbitMQ.
"""


@dataclass(frozen=True)
class Cell:
    """What an agent reported.

    Attributes:
        faults: What is wrong with it; empty if it is right.
    """

    text: str
    faults: Sequence[str]

    def __str__(self) -> str:
        return f"**{self.text}**" if self.faults else self.text


def ask(name: str, row: Row, url: str) -> tuple[Scene, Cell]:
    """Set a situation up, and let one agent measure it."""
    with row.on(url, has_agent=name == OURS) as scene:
        try:
            with started(name, scene) as (agent, made):
                answer = made
                if not made.error:
                    if scene.spoil:
                        agent.ask()
                        scene.spoil()
                    answer = agent.ask()
        except NoAnswer:
            return scene, _failed("no answer", scene)
        if answer.error:
            return scene, _failed(answer.error, scene)
        return scene, READERS[name](answer.value, scene)


def _failed(text: str, scene: Scene) -> Cell:
    is_right = scene.truth.knowable is not Knowable.YES
    return Cell(text, [] if is_right else ["no number"])


def read_ours(value: Mapping[str, Any], scene: Scene) -> Cell:
    """Judge everything that our agent reports."""
    answer = {process: Work(**_tuples(work)) for process, work in value.items()}
    numbers = [
        f"unknown, at least {work.at_least}" if work.count is None else str(work.count)
        for work in answer.values()
    ]
    return Cell(", ".join(numbers), faults(scene, answer))


def _tuples(work: Mapping[str, Any]) -> dict[str, Any]:
    """Turn JSON's lists back into tuples."""
    return {
        name: tuple(part) if isinstance(part, list) else part
        for name, part in work.items()
    }


def read_hirefire(value: Mapping[str, int], scene: Scene) -> Cell:
    """Judge the queue sizes."""
    return Cell(", ".join(map(str, value.values())), _number_faults(value, scene))


def read_judoscale(value: Mapping[str, Mapping[str, int]], scene: Scene) -> Cell:
    """Judge the sum of depth and busy jobs; without both, nothing was sent."""
    sums = {}
    texts = []
    for process, answer in value.items():
        if "qd" in answer:
            sums[process] = answer["qd"] + answer.get("busy", 0)
            texts.append(
                f"{sums[process]} (qd {answer['qd']} busy {answer.get('busy')})"
            )
        elif answer:
            sums[process] = answer.get("busy", 0)
            texts.append(
                " ".join(f"{name} {number}" for name, number in answer.items())
            )
    if not sums:
        return _failed("sends nothing", scene)
    return Cell(", ".join(texts), _number_faults(sums, scene))


def _number_faults(answer: Mapping[str, int], scene: Scene) -> list[str]:
    if scene.truth.knowable is Knowable.NO:
        return [f"{dict(answer)}, expected unknown"]
    return [
        f"{process}: {answer.get(process)}, expected {count}"
        for process, count in scene.truth.counts.items()
        if answer.get(process) != count
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
    """Print the truth table, or only the rows of these NAMES."""
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
                # Only our agent's workers import it, so others may know less.
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
        print(f"Rows of RabbitMQ are skipped; {HOW_TO_SET_UP}.", file=sys.stderr)
    for fault in wrong:
        print(f"{OURS} is wrong in row {fault}", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
