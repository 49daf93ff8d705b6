"""What still keeps a process type from being scaled, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from scalar.core.app_state import Past
from scalar.core.decision.protect import left_of_lease
from scalar.core.policy.policy import NONE, Policy
from scalar.core.recommendation_window import within


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that keeps dynos as they are.

    Attributes:
        value: The policy value that does it.
        until: Until when (aware, UTC).
        what: What it does, for people.
    """

    value: str
    until: datetime
    what: str


def still_holding(
    policy: Policy,
    past: Past,
    at: datetime,
    *,
    since: datetime | None,
    released_at: datetime | None,
) -> list[Holding]:
    """Return what still holds at a time.

    Args:
        policy: The policy.
        past: What is remembered of the process type.
        at: The time (aware).
        since: Since when anything is remembered.
        released_at: When the app was last released, as last asked for.
    """
    found = _all(policy, past, at, since, released_at)
    return sorted(
        (one for one in found if one.until > at),
        key=lambda one: (one.until, one.value),
    )


def _all(
    policy: Policy,
    past: Past,
    at: datetime,
    since: datetime | None,
    released_at: datetime | None,
) -> Iterator[Holding]:
    if (left := left_of_lease(policy, past, at)) > NONE:
        yield Holding("manual_lease", at + left, "a change by hand is left alone")
    for value, end, why in (
        ("pause_up", policy.pause_up, policy.why_paused[0]),
        ("pause_down", policy.pause_down, policy.why_paused[1]),
    ):
        what = "nothing is added" if value == "pause_up" else "nothing is removed"
        if end is not None:
            yield Holding(value, end, f"{what}: {why}" if why else what)
    if past.scaled_up_at and policy.cooldown_up > NONE:
        end = past.scaled_up_at + policy.cooldown_up
        yield Holding("cooldown_up", end, "nothing is added")
    changed = [t for t in (past.scaled_up_at, past.scaled_down_at, since) if t]
    if changed and policy.cooldown_down > NONE:
        end = max(changed) + policy.cooldown_down
        yield Holding("cooldown_down", end, "nothing is removed")
    if released_at and policy.release_grace > NONE:
        end = released_at + policy.release_grace
        yield Holding("release_grace", end, "nothing is removed")
    if past.known_since and policy.settle_time > NONE:
        end = past.known_since + policy.settle_time
        yield Holding("settle_time", end, "nothing is removed")
    yield from _windows(policy, past, at)


def _windows(policy: Policy, past: Past, at: datetime) -> Iterator[Holding]:
    """Return the stabilization windows that remember another recommendation."""
    span = policy.stabilization_down
    slices = within(past.recommended_down, span, at) if span > NONE else ()
    if slices and (most := max(s.highest for s in slices)) > slices[-1].lowest:
        last = max(s.until for s in slices if s.highest == most)
        yield Holding("stabilization_down", last + span, f"at least {most} dynos stay")
    span = policy.stabilization_up
    slices = within(past.recommended_up, span, at) if span > NONE else ()
    if slices and (least := min(s.lowest for s in slices)) < slices[-1].highest:
        last = max(s.until for s in slices if s.lowest == least)
        yield Holding("stabilization_up", last + span, f"no more than {least} dynos")
