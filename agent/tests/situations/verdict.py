"""Find what is wrong in an agent's answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from agent.tests.situations.facts import SLACK, Knowable, Scene, Truth
from scalar_agent.work import Work


def faults(scene: Scene, answer: Mapping[str, Work]) -> list[str]:
    """Return each fault as a short sentence; nothing if the answer is right."""
    if answer.keys() != scene.truth.counts.keys():
        return [
            f"process types {sorted(answer)}, expected {sorted(scene.truth.counts)}"
        ]
    return [
        f"{process}: {fault}"
        for process, work in answer.items()
        for fault in _faults(process, work, scene.truth)
    ]


def _faults(process: str, work: Work, truth: Truth) -> Iterator[str]:
    yield from _count_faults(process, work, truth)
    if truth.busy_dynos is not None and work.busy_dynos != truth.busy_dynos[process]:
        yield f"busy dynos {work.busy_dynos}, expected {truth.busy_dynos[process]}"
    if truth.stranded is not None and work.stranded != truth.stranded[process]:
        yield f"stranded {work.stranded}, expected {truth.stranded[process]}"
    if truth.knowable is Knowable.YES:
        yield from _eta_faults(process, work, truth)
        yield from _latency_faults(process, work, truth)
    for part in ("count", "latency", "busy_dynos", "next_eta", "stranded"):
        if part in work.unknown and getattr(work, part) is not None:
            yield f"{part} is both known and unknown"


def _count_faults(process: str, work: Work, truth: Truth) -> Iterator[str]:
    count = truth.counts[process]
    if work.count is None:
        if truth.knowable is Knowable.YES:
            yield f"count unknown ({work.unknown.get('count')}), expected {count}"
        if not work.unknown.get("count"):
            yield "count unknown without a reason"
        least = truth.at_least.get(process)
        if work.at_least > count:
            yield f"at least {work.at_least}, but there are only {count}"
        elif least is not None and work.at_least != least:
            yield f"at least {work.at_least}, expected {least}"
    elif truth.knowable is Knowable.NO:
        yield f"count {work.count}, expected unknown"
    elif work.count != count:
        yield f"count {work.count}, expected {count}"


def _eta_faults(process: str, work: Work, truth: Truth) -> Iterator[str]:
    if "next_eta" in work.unknown:
        if truth.is_crowded:
            return
        yield f"next ETA unknown ({work.unknown['next_eta']})"
        return
    due = truth.next_eta[process] if truth.next_eta else None
    if due is None and work.next_eta is not None:
        yield f"next ETA in {work.next_eta} s, expected none"
    elif due is not None and not _is_about(work.next_eta, due - time.time()):
        yield f"next ETA in {work.next_eta} s, expected {due - time.time():.1f} s"


def _latency_faults(process: str, work: Work, truth: Truth) -> Iterator[str]:
    if truth.oldest is None:
        return
    age = time.time() - truth.oldest[process]
    if not _is_about(work.latency, age):
        yield f"latency {work.latency} s, expected {age:.1f} s"


def _is_about(seconds: float | None, right: float) -> bool:
    return seconds is not None and abs(seconds - right) < SLACK
