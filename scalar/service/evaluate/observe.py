"""Gather the facts of an evaluation, and decide on them.

The counts are read at each poll; the formation, the last release and the
journal only where the decision needs them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from scalar.core.app import RegisteredApp
from scalar.core.app_state import NOTHING, WHOLE_APP, Memory, Past
from scalar.core.backoff import rest_after
from scalar.core.decision.decide import decide_all
from scalar.core.decision.decision import Decision
from scalar.core.decision.observation import AppFacts
from scalar.core.decision.update_state import note_decision, note_reading
from scalar.core.errors import CountsError
from scalar.core.policy.policy import NONE, Policy
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Cause, Reason
from scalar.ports.counts import NOTHING_REMOVED
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.platform_calls import urgency_of
from scalar.service.evaluate.platform_reads import (
    is_stale,
    read_formation,
    read_release,
    urgency,
)
from scalar.service.evaluate.recall import recall_from_journal, scaled_before
from scalar.service.parts import Parts

#: Seconds after which an app's answer counts as slow.
SLOW_AFTER = 1.0


def gather(
    parts: Parts,
    app: RegisteredApp,
    memory: Memory,
    *,
    read_anew: bool = False,
    keep: Mapping[str, int] = NOTHING_REMOVED,
) -> Evaluation:
    """Read the counts and, where it has to be, the formation; decide.

    Args:
        parts: The ports.
        app: The app to evaluate.
        memory: What is remembered of it.
        read_anew: Read the formation even if it is remembered.
        keep: Process type to the dynos that will be left of it; the others are to
            take no more jobs.
    """
    started = parts.clock.now()
    unknown: Cause | None = None
    try:
        readings = parts.counts.read(app.address, keep)
    except CountsError as exc:
        unknown = Cause(exc.reason, str(exc))
        memory = _knowing_names(parts, app, memory)
        readings = _all_unknown(app, memory, unknown)
    now = parts.clock.now()
    slow = unknown is not None or (now - started).total_seconds() > SLOW_AFTER
    memory = replace(
        memory,
        slow=slow,
        pasts=_noted(memory, readings),
        **_rest(parts, memory, answered=not unknown),
    )
    seen = Evaluation(memory, hold=unknown, tells_busy=_telling_busy(readings))
    if unknown and not _falls_back(parts, app, memory, readings):
        return seen
    if memory.since is None:
        leased = _respects_persons(parts, app, readings)
        seen = recall_from_journal(parts, app, seen, now, needed=leased)
    if read_anew or is_stale(parts, app, memory, now):
        seen = read_formation(parts, app, seen, urgency(memory, readings))
    if seen.hold is not unknown:
        return seen
    return _decide_on_fresh_facts(parts, app, seen, readings)


def _telling_busy(readings: Mapping[str, Reading]) -> frozenset[str]:
    return frozenset(name for name, said in readings.items() if said.busy is not None)


def _rest(parts: Parts, memory: Memory, *, answered: bool) -> dict[str, Any]:
    """Return for how long the app is not polled; an answer ends that at once."""
    if answered:
        return {"unanswered": 0, "rest": 0.0}
    unanswered = memory.unanswered + 1
    period, most = parts.options.sleep_period, parts.options.app_backoff_max
    jitter = random.random()  # noqa: S311 - to spread, not to hide
    return {
        "unanswered": unanswered,
        "rest": rest_after(unanswered, period, most, jitter),
    }


def _knowing_names(parts: Parts, app: RegisteredApp, memory: Memory) -> Memory:
    """Return the memory with the process types that a fallback is for.

    Where nothing is remembered and the app does not name them, the journal does.
    """
    whole = parts.policies.of(app, WHOLE_APP)
    falls_back = isinstance(whole, Policy) and whole.fallback_dynos is not None
    if memory.reported or not falls_back:
        return memory
    return replace(memory, reported=scaled_before(parts, app))


def _all_unknown(
    app: RegisteredApp, memory: Memory, why: Cause
) -> Mapping[str, Reading]:
    """Return an unknown count for every process type that there is to scale."""
    named = memory.reported | (app.policies.keys() - {WHOLE_APP})
    return dict.fromkeys(named, Reading(Unknown(why.reason, why.detail)))


def _noted(memory: Memory, readings: Mapping[str, Reading]) -> dict[str, Past]:
    """Return what is remembered of process types, with which counts are known.

    One that was left out is not. What there is not in the formation is not
    remembered.
    """
    missing = Reading(Unknown(Reason.COUNT_MISSING))
    named = memory.reported | readings.keys()
    there = named if memory.formation is None else memory.formation.keys()
    pasts = {name: past for name, past in memory.pasts.items() if name in there}
    for name in named & there:
        pasts[name] = note_reading(
            pasts.get(name, NOTHING), readings.get(name, missing).count
        )
    return _without_empty(pasts)


def _falls_back(
    parts: Parts, app: RegisteredApp, memory: Memory, names: Iterable[str]
) -> bool:
    """Return whether a policy says what to do while the counts are unknown."""
    return any(
        policy.fallback_dynos is not None
        and memory.pasts.get(name, NOTHING).failures >= policy.fallback_after
        for name, policy in _policies(parts, app, names)
    )


def _respects_persons(parts: Parts, app: RegisteredApp, names: Iterable[str]) -> bool:
    """Return whether a policy leaves a person's own change alone for a time."""
    return any(policy.manual_lease > NONE for _, policy in _policies(parts, app, names))


def _policies(
    parts: Parts, app: RegisteredApp, names: Iterable[str]
) -> Iterable[tuple[str, Policy]]:
    for name in names:
        policy = parts.policies.of(app, name)
        if not isinstance(policy, Cause):
            yield name, policy


def _decide_on_fresh_facts(
    parts: Parts, app: RegisteredApp, seen: Evaluation, readings: Mapping[str, Reading]
) -> Evaluation:
    """Decide; and again, if what the decision rests on had to be read anew.

    A policy that leaves a person's change alone needs to know of it before
    anything is changed; one that waits after a release, when that was.
    """
    held = seen.hold
    decisions = _decide(parts, app, seen, readings)
    changed = {d.process_type: d for d in decisions if d.is_to_be_made}
    if not seen.formation_is_fresh and _respects_persons(parts, app, changed):
        seen = read_formation(parts, app, seen, urgency_of(changed.values()), must=True)
        if seen.hold is not held:
            return seen
        decisions = _decide(parts, app, seen, readings)
    if any(_needs_release(d, seen.memory) for d in decisions):
        asked = read_release(parts, app, seen)
        decisions = _decide(parts, app, asked, readings)
        if asked.hold is not held and _nothing_else_to_do(decisions):
            return asked
        seen = replace(asked, hold=held)
    return _remembering(parts, app, replace(seen, decisions=decisions), readings)


def _needs_release(decision: Decision, memory: Memory) -> bool:
    """Return whether Heroku is asked; for a dry run once is enough."""
    for_real = not decision.dry_run or memory.released_at is None
    return decision.asks_for_release and for_real


def _nothing_else_to_do(decisions: Iterable[Decision]) -> bool:
    """Return whether all that is left waits to hear of the last release."""
    waiting = [d for d in decisions if d.asks_for_release and not d.dry_run]
    return bool(waiting) and not any(d.is_to_be_made for d in decisions)


def _decide(
    parts: Parts, app: RegisteredApp, seen: Evaluation, readings: Mapping[str, Reading]
) -> tuple[Decision, ...]:
    memory = seen.memory
    facts = AppFacts(
        at=parts.clock.now(),
        formation=memory.formation or {},
        limits=memory.limits,
        pasts=memory.pasts,
        expected=memory.reported,
        since=memory.since,
        released_at=memory.released_at,
    )
    return decide_all(lambda name: parts.policies.of(app, name), readings, facts)


def _remembering(
    parts: Parts, app: RegisteredApp, seen: Evaluation, readings: Mapping[str, Reading]
) -> Evaluation:
    """Return the evaluation with what has to be remembered of its decisions."""
    memory, now = seen.memory, parts.clock.now()
    decided = {d.process_type: d for d in seen.decisions}
    pasts = dict(memory.pasts)
    for name, policy in _policies(parts, app, decided):
        past = pasts.get(name, NOTHING)
        pasts[name] = note_decision(past, policy, decided[name], now)
    reported = memory.reported
    if seen.hold is None:
        reported |= readings.keys() & (memory.formation or {}).keys()
    memory = replace(memory, reported=reported, pasts=_without_empty(pasts))
    return replace(seen, memory=memory)


def _without_empty(pasts: Mapping[str, Past]) -> dict[str, Past]:
    return {name: past for name, past in pasts.items() if past != NOTHING}
