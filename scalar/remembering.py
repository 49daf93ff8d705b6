"""What is remembered of a process type from one evaluation to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from scalar.drain import learn
from scalar.history import Slice, remember, within
from scalar.model import Decision, Past, Reading, Unknown
from scalar.policy import NONE, Policy


def note_reading(past: Past, reading: Reading) -> Past:
    """Return what is remembered after a reading, before the decision on it."""
    failures = past.failures + 1 if isinstance(reading, Unknown) else 0
    return replace(past, failures=failures)


def note_decision(past: Past, policy: Policy, decision: Decision, at: datetime) -> Past:
    """Return what is remembered after a decision, as far as the policy needs it.

    Args:
        past: What was remembered so far.
        policy: What it has to be remembered for.
        decision: What was decided.
        at: The time (aware, UTC).
    """
    if decision.held or decision.current is None or decision.count is None:
        return past
    drained = None
    if policy.drain_time is not None:
        drained = learn(past.drained, at, decision.count, decision.current)
    return replace(
        past,
        drained=drained,
        recommended=_recommended(past, policy, decision, at),
    )


def _recommended(
    past: Past, policy: Policy, decision: Decision, at: datetime
) -> tuple[Slice, ...]:
    """Return the recommendations of the windows, with this one.

    Where nothing is remembered, the current quantity is a first one (as the
    Kubernetes HPA does), so that a restart cannot scale down.
    """
    window = policy.longest_window
    if window <= NONE or decision.recommended is None:
        return ()
    slices = within(past.recommended, window, at)
    if not slices:
        slices = remember((), window, at, decision.current or 0)
    return remember(slices, window, at, decision.recommended)
