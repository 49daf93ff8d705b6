"""Tell a person's change, which `manual_lease` protects, from one of a deploy.

A deploy script that scales is followed by nobody who would scale again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from scalar.core.app_state import NOTHING, Past
from scalar.core.decision.decision import Decision
from scalar.core.policy.policy import NONE, Policy
from scalar.core.reason import Reason
from scalar.ports.platform import Urgency
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.platform_calls import NotDone, attempt


def settle_leases(
    ctx: AppContext, seen: Evaluation, decisions: Iterable[Decision]
) -> Evaluation:
    """Return the evaluation without the leases that a deploy has begun.

    The platform is asked for the last release once for each manual change, and only
    if its lease keeps a decision back. While it does not answer, the lease holds.
    """
    if not ctx.platform.rules.tells_releases:
        return seen
    kept_back = [d for d in decisions if _is_kept_back(d)]
    unsettled = [
        (name, policy)
        for name, policy in ctx.valid_policies(d.process_type for d in kept_back)
        if policy.lease_after_release > NONE
        and not seen.memory.pasts.get(name, NOTHING).lease_is_sure
    ]
    if not unsettled:
        return seen
    urgency = Urgency.SCALE_UP if any(map(_is_up, kept_back)) else Urgency.SCALE_DOWN
    found = attempt(ctx, seen.memory, lambda platform: platform.describe(urgency))
    if isinstance(found, NotDone):
        return replace(seen, memory=found.memory)
    pasts = dict(seen.memory.pasts)
    for name, policy in unsettled:
        pasts[name] = _settled(pasts.get(name, NOTHING), policy, found.released_at)
    return replace(seen, memory=replace(seen.memory, pasts=pasts))


def _is_kept_back(decision: Decision) -> bool:
    return any(step.reason is Reason.MANUAL_LEASE for step in decision.trail)


def _is_up(decision: Decision) -> bool:
    """Return whether dynos would be added without the lease."""
    places = (
        i for i, s in enumerate(decision.trail) if s.reason is Reason.MANUAL_LEASE
    )
    before = decision.trail[max(next(places) - 1, 0)]
    return before.quantity > (decision.current or 0)


def _settled(past: Past, policy: Policy, released_at: datetime | None) -> Past:
    """Return the past with a lease that is sure, or without one."""
    made = past.made_by_hand_at or past.changed_by_hand_at
    by_deploy = (
        made is not None
        and released_at is not None
        and NONE <= made - released_at < policy.lease_after_release
    )
    if by_deploy:
        return replace(past, changed_by_hand_at=None, made_by_hand_at=None)
    return replace(past, lease_is_sure=True)
