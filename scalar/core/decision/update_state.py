"""Update what is remembered of a process type between evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from scalar.core.app_state import Past
from scalar.core.decision.decision import Decision
from scalar.core.decision.spans import left_of
from scalar.core.drain_time import learn
from scalar.core.policy.policy import NONE, Policy
from scalar.core.reading import Counted, Unknown
from scalar.core.reason import Reason
from scalar.core.recommendation_window import Slice, recent, remember

#: Reasons for which busy dynos hold others back.
HELD_BACK = frozenset({Reason.BUSY_DYNOS, Reason.BUSY_UNKNOWN})


def note_reading(past: Past, count: Counted, at: datetime) -> Past:
    """Return the past after a count was read at a time, before the decision."""
    if isinstance(count, Unknown):
        failures = past.failures + 1
        return replace(past, failures=failures, interrupted=True, known_since=None)
    return replace(past, failures=0, known_since=at) if past.failures else past


def note_decision(past: Past, policy: Policy, decision: Decision, at: datetime) -> Past:
    """Return the past after a decision, with only what the policy needs.

    Args:
        past: What was remembered before.
        policy: The policy of the process type.
        decision: What was decided.
        at: The time (aware, UTC).
    """
    if decision.hold or decision.current is None or decision.count is None:
        return past
    drained = None
    if policy.drain_time is not None and policy.jobs_per_second is None:
        drained = learn(past.drained, at, decision.count, decision.current)
    up, down = policy.stabilization_up, policy.stabilization_down
    settled = left_of(policy.settle_time, at, past.known_since) <= NONE
    return replace(
        past,
        interrupted=False,
        known_since=None if settled else past.known_since,
        drained=drained,
        busy_since=_busy_since(past, policy, decision, at),
        recommended_up=_with(past.recommended_up, up, past, decision, at),
        recommended_down=_with(past.recommended_down, down, past, decision, at),
    )


def _busy_since(
    past: Past, policy: Policy, decision: Decision, at: datetime
) -> datetime | None:
    """Return since when busy dynos have held others back; None if they do not.

    Once `busy_limit` is over, the time is kept for as long as fewer dynos are
    wanted: with a limited step it takes several evaluations to remove them.
    """
    held = any(step.reason in HELD_BACK for step in decision.trail)
    fewer = (decision.recommended or 0) < (decision.current or 0)
    since = past.busy_since
    if since is None or since > at:  # in the future: another clock wrote it
        return at if held else None
    waited = fewer and at - since >= policy.busy_limit > NONE
    return since if held or waited else None


def _with(
    slices: Sequence[Slice],
    window: timedelta,
    past: Past,
    decision: Decision,
    at: datetime,
) -> tuple[Slice, ...]:
    """Return the recommendations of a window, including this one.

    With no history, the current quantity counts as the first one (as in the
    Kubernetes HPA), so that a restart cannot scale down.
    """
    if window <= NONE or decision.recommended is None:
        return ()
    if not recent(slices, window, at, interrupted=past.interrupted):
        slices = remember((), window, at, decision.current or 0)
    return remember(slices, window, at, decision.recommended)
