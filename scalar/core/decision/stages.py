"""The stages of a decision, in the order in which they are applied.

The order is that of the Kubernetes HPA: recommend, stabilize, limit the step,
clamp; then whatever else may keep a process type as it is. `docs/policies.md`
("The order of the stages") describes this order.

A stage takes the quantity that the stage before it left, and returns a `Step`:
its own quantity, the reason and the details. Except for the first, a stage that
changes nothing leaves no trace in the decision. Every stage is monotonic in the
incoming quantity and in the count, so a larger count never gets fewer dynos.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scalar.core.decision.bounds import clamp, keep_last_dyno, keep_to_limit
from scalar.core.decision.damp import cool_down, limit_step, stabilize
from scalar.core.decision.decision import Step
from scalar.core.decision.observation import Observation
from scalar.core.decision.protect import (
    keep_busy_dynos,
    keep_until_empty,
    pause,
    respect_manual_change,
    stay_off,
    wait_after_release,
    wait_until_settled,
)
from scalar.core.decision.recommend import (
    boot_for_eta,
    limit_for_stranded,
    recommend,
    tolerate,
    wake,
    wake_at_once,
)
from scalar.core.policy.policy import Policy

Stage = Callable[[Policy, Observation, int], Step]

#: The stages that turn a count into a recommendation, which is what the
#: stabilization windows remember.
RECOMMENDING: tuple[Stage, ...] = (
    recommend,  # latency_up, else drain_time, else boundary
    tolerate,  # tolerance
    limit_for_stranded,
    wake,
)

PIPELINE: tuple[Stage, ...] = (
    *RECOMMENDING,
    keep_until_empty,  # down_when_empty
    stabilize,  # stabilization_up, stabilization_down
    limit_step,  # max_step_up, max_step_down
    wake_at_once,  # wake, from 0
    boot_for_eta,  # boot_time
    clamp,  # min, max, schedule
    keep_last_dyno,
    keep_to_limit,
    cool_down,  # cooldown_up, cooldown_down
    keep_busy_dynos,  # busy_limit
    respect_manual_change,  # manual_lease
    stay_off,  # manual_off
    pause,  # pause_up, pause_down
    wait_after_release,  # release_grace
    wait_until_settled,  # settle_time
)

#: The stages that need no count. They apply while it is unknown, to add dynos only.
FOR_UNKNOWN: tuple[Stage, ...] = (
    *(boot_for_eta, clamp, keep_to_limit),
    *(respect_manual_change, stay_off, pause),
)


def run(
    stages: Iterable[Stage],
    policy: Policy,
    observed: Observation,
    trail: tuple[Step, ...] = (),
) -> tuple[Step, ...]:
    """Return the trail, extended by a step for each stage that made a difference.

    The very first stage always leaves its step.
    """
    for stage in stages:
        before = trail[-1].quantity if trail else observed.quantity
        step = stage(policy, observed, before)
        if not trail or step.quantity != before:
            trail = (*trail, step)
    return trail
