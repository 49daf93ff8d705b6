"""The steps of an evaluation that need no server, and the least for each."""

from __future__ import annotations

import json
import math
import time
import timeit
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from scalar.adapters.redis import memory_json
from scalar.core.app_state import Memory
from scalar.core.decision.decide import decide_all
from scalar.core.decision.observation import AppFacts
from scalar.core.formation import ProcessType
from scalar.core.policy.policy import Policy
from scalar.core.reading import Reading
from scalar.formats import parse_answer
from scalar.formats.rich import MEDIA_TYPE

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: Numbers of process types of an app.
SIZES = (1, 3, 20)
POLICY = Policy(boundary=10)
#: Approximate seconds per measurement.
LONG = 0.2


@dataclass(frozen=True)
class Step:
    """A step and the least code for it; both take no arguments."""

    what: str
    size: int
    ours: Callable[[], object]
    least: str
    floor: Callable[[], object]


def steps() -> Iterator[Step]:
    """Yield all steps, for each number of process types."""
    for size in SIZES:
        names = [f"worker{number}" for number in range(size)]
        counts = dict.fromkeys(names, 99)
        yield _deciding(counts)
        yield from _reading(counts)
        yield from _remembering(names)


def _deciding(counts: dict[str, int]) -> Step:
    readings = {name: Reading(count) for name, count in counts.items()}
    facts = AppFacts(
        NOW, {name: ProcessType(1, "Standard-1X") for name in counts}, {}, {}
    )
    return Step(
        "`decide_all`",
        len(counts),
        lambda: decide_all(lambda _: POLICY, readings, facts),
        "`ceil(count / boundary)`",
        lambda: {name: math.ceil(count / 10) for name, count in counts.items()},
    )


def _reading(counts: dict[str, int]) -> Iterator[Step]:
    plain = json.dumps(counts).encode()
    rich = json.dumps(
        {
            "version": 1,
            "process_types": {
                name: {"count": count, "latency": 1.5, "busy_dynos": []}
                for name, count in counts.items()
            },
        }
    ).encode()
    for what, body, kind in (
        ("`parse_answer`, plain", plain, "application/json"),
        ("`parse_answer`, the agent's", rich, MEDIA_TYPE),
    ):
        yield Step(
            what,
            len(counts),
            lambda body=body, kind=kind: parse_answer(body, kind),  # type: ignore[misc] # bound now
            "`json.loads`",
            lambda body=body: json.loads(body),  # type: ignore[misc] # bound now
        )


def _remembering(names: list[str]) -> Iterator[Step]:
    memory = Memory(
        formation={name: ProcessType(1, "Standard-1X") for name in names},
        read_at=NOW - timedelta(minutes=5),
        reported=frozenset(names),
        since=NOW - timedelta(days=1),
    )
    text = memory_json.dump(memory)
    data = json.loads(text)
    yield Step(
        "`memory_json.dump`",
        len(names),
        lambda: memory_json.dump(memory),
        "`json.dumps`",
        lambda: json.dumps(data),
    )
    yield Step(
        "`memory_json.load`",
        len(names),
        lambda: memory_json.load(text),
        "`json.loads`",
        lambda: json.loads(text),
    )


def seconds_of(call: Callable[[], object], rounds: int) -> float:
    """Return the median CPU seconds of a call, over rounds of many calls each."""
    timer = timeit.Timer(call, timer=time.process_time)
    once = max(timer.timeit(1_000) / 1_000, 1e-9)
    number = max(1, int(LONG / once))
    return median(timer.repeat(rounds, number)) / number
