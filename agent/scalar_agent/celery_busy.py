"""Which dynos run a job, by the names and the answers of Celery's workers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Optional

from scalar_agent.celery_answers import CLOSING, Answers
from scalar_agent.dynos import (
    dyno_among,
    dyno_of,
    in_order,
    is_removed,
    number_of,
    process_type_of,
)

QueuesOf = Mapping[str, Collection[str]]


def busy_among(
    process: str,
    answers: Answers,
    queues: QueuesOf,
    *,
    keep: Mapping[str, int],
    asked: bool,
) -> tuple[Optional[tuple[str, ...]], str]:
    """Return the busy dynos of a process type, or None and why they are unknown.

    The reason is empty if they are not asked for, and no worker is named after its
    dyno. A dyno that may be removed and still consumes counts: it may start a job any
    moment.

    Args:
        process: The process type.
        answers: What the workers answered.
        queues: All process types and their queues.
        keep: Process type -> number of dynos to keep.
        asked: Whether somebody asks for the busy dynos.
    """
    dynos = {name: dyno_among(name, queues) for name in answers.names}
    if not asked and not any(dynos.values()):
        return None, ""
    for name in sorted(_working_for(queues.get(process, ()), answers)):
        if not dynos[name]:
            return None, (
                f"the name of worker {name!r} does not contain its dyno; start it "
                "with --hostname=$DYNO@%h"
            )
    busy = {dynos[name] for name in answers.busy()}
    busy |= {
        dyno
        for name in answers.consuming()
        if (dyno := dynos[name]) and is_removed(dyno, keep)
    }
    mine = {dyno for dyno in busy if dyno and process_type_of(dyno) == process}
    return tuple(sorted(mine, key=in_order)), ""


def has_unnumbered(names: Collection[str], processes: Collection[str]) -> bool:
    """Return whether one of these workers is on a dyno without a number.

    Args:
        names: Names of workers.
        processes: The process types that matter.
    """
    dynos = [dyno for name in names if (dyno := dyno_of(name))]
    return any(
        number_of(dyno) is None and process_type_of(dyno) in processes for dyno in dynos
    )


def _working_for(queues: Collection[str], answers: Answers) -> set[str]:
    """Return the workers that read one of these queues, or may do so.

    One that shuts down takes no further job, and its dyno is going.
    """
    found = set()
    for name, answer in answers.answers:
        if isinstance(answer, list):  # it does not say what it reads
            may_work = True
        elif read := answer.get("queues"):
            may_work = not set(queues).isdisjoint(read)
        else:
            may_work = name in answers.busy()
        if may_work and CLOSING not in name:
            found.add(name)
    return found
