"""The stages of a decision, in the order of the Kubernetes HPA.

Recommend, stabilize, limit the step, clamp, cool down; then what else may hold
a process type as it is. A stage returns the quantity that it leaves, the reason
and the particulars; a stage that leaves the quantity as it was, says nothing.

Every stage but the first gives at least as many dynos for a larger quantity, so
a larger count never gets fewer dynos.
"""

from __future__ import annotations

from collections.abc import Callable

from scalar.core.decision.bounds import clamp, keep_to_limit, keep_web
from scalar.core.decision.damp import cool_down, limit_step, stabilize
from scalar.core.decision.decision import Step
from scalar.core.decision.observation import Observation
from scalar.core.decision.protect import (
    keep_busy_dynos,
    keep_while_busy,
    pause,
    respect_person,
)
from scalar.core.decision.recommend import (
    boot_for_eta,
    tolerate,
    wake,
    wake_at_once,
    wake_for_stranded,
)
from scalar.core.policy.policy import Policy
from scalar.core.reading import Count

Stage = Callable[[Policy, Observation, int], Step]

CountedStage = Callable[[Policy, Observation, Count, int], Step]

#: What these leave is the recommendation that a window remembers.
RECOMMENDING: tuple[CountedStage, ...] = (tolerate, wake_for_stranded, wake)

KEEPING: tuple[CountedStage, ...] = (keep_while_busy,)

DAMPING: tuple[Stage, ...] = (stabilize, limit_step)

WAKING: tuple[CountedStage, ...] = (wake_at_once, boot_for_eta)

LIMITING: tuple[Stage, ...] = (
    clamp,
    keep_web,
    keep_to_limit,
    cool_down,
    keep_busy_dynos,
    respect_person,
    pause,
)

#: What also holds for a count that is not known.
FOR_UNKNOWN: tuple[Stage, ...] = (clamp, keep_to_limit, respect_person, pause)
