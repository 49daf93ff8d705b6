"""The facts that a decision rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scalar.core.app_state import NOTHING, Past
from scalar.core.formation import Formation
from scalar.core.platform_rules import HEROKU, PlatformRules
from scalar.core.policy.policy import Policy
from scalar.core.reading import Count, Counted, DynoId, Reading, Unknown
from scalar.core.reason import Reason

#: Cap for a latency in seconds: not every count fits into a float.
MOST_SECONDS = 10**12


@dataclass(frozen=True, slots=True)
class Observation:
    """What the decision about one process type rests on.

    Attributes:
        count: Jobs that need a worker; of an unknown count the least that is known.
        quantity: Dynos now.
        at: The time (aware, UTC).
        limit: Most dynos that the platform allows this process type; None if
            unknown.
        past: What is remembered of the process type.
        since: Since when things are remembered. A loss of memory counts as a
            change, so that it does not shorten a cooldown.
        released_at: When the app was last released; None if unknown.
        latency: Seconds since the oldest waiting job could have started; None if
            unknown.
        is_latency: Whether the count is in fact a latency. A value of 0 then does
            not mean that no job runs.
        busy: The dynos that run a job; None if the app does not report them.
        next_eta: Seconds until the next scheduled job is due.
        stranded: Jobs of the count that a killed worker left behind while no other
            worker runs.
        unknown: Why the count, or a latency that the policy needs, is unknown; None
            if the policy can be applied.
        keeps_one: Whether the last dyno stays, unless the policy lets it go.
        rules: What the platform does by nature with dynos of this size.
    """

    count: Count
    quantity: int
    at: datetime
    limit: int | None = None
    past: Past = NOTHING
    since: datetime | None = None
    released_at: datetime | None = None
    latency: float | None = None
    is_latency: bool = False
    busy: frozenset[DynoId] | Unknown | None = None
    next_eta: float | None = None
    stranded: int = 0
    unknown: Unknown | None = None
    keeps_one: bool = False
    rules: PlatformRules = HEROKU


@dataclass(frozen=True, slots=True)
class AppFacts:
    """What the decisions about all process types of an app share.

    Attributes:
        at: The time (aware, UTC).
        formation: The app's process types and their dynos.
        limits: Most dynos that the platform allows, as far as learned, by process
            type.
        pasts: What is remembered of each process type.
        expected: Process types that the app reported before. One that is missing
            from its answer is held.
        since: Since when things are remembered.
        released_at: When the app was last released; None if unknown.
        rules: What the app's platform does by nature.
    """

    at: datetime
    formation: Formation
    limits: Mapping[str, int]
    pasts: Mapping[str, Past]
    expected: frozenset[str] = frozenset()
    since: datetime | None = None
    released_at: datetime | None = None
    rules: PlatformRules = HEROKU


def observe(
    facts: AppFacts, process_type: str, policy: Policy, reading: Reading
) -> Observation:
    """Return the facts about one process type of the formation."""
    row, count = facts.formation[process_type], reading.count
    rules = facts.rules.of_size(row.size)
    latency = _latency(policy, reading)
    unknown = count if isinstance(count, Unknown) else None
    if latency is None and _needs_latency(policy, count, row.quantity):
        unknown = _unknown_latency(reading)
    return Observation(
        count.at_least if isinstance(count, Unknown) else count,
        row.quantity,
        facts.at,
        limit=rules.limit(row.size, facts.limits.get(process_type)),
        past=facts.pasts.get(process_type, NOTHING),
        since=facts.since,
        released_at=facts.released_at,
        latency=latency,
        is_latency=policy.latency_up is not None and reading.is_ambiguous,
        busy=reading.busy,
        next_eta=reading.next_eta,
        stranded=reading.stranded,
        unknown=unknown,
        keeps_one=process_type in rules.keep_one,
        rules=rules,
    )


def _latency(policy: Policy, reading: Reading) -> float | None:
    """Return the latency in seconds; HireFire's number may be one."""
    if reading.is_ambiguous and not isinstance(reading.count, Unknown):
        return float(min(reading.count, MOST_SECONDS)) if policy.latency_up else None
    return None if isinstance(reading.latency, Unknown) else reading.latency


def _needs_latency(policy: Policy, count: Counted, quantity: int) -> bool:
    """Return whether the decision depends on the latency.

    It does only while dynos work on jobs: the first job wakes a dyno and a count
    of 0 stops them all, whatever the latency.
    """
    if policy.latency_up is None or isinstance(count, Unknown):
        return False
    return count > 0 and quantity > 0


def _unknown_latency(reading: Reading) -> Unknown:
    if isinstance(reading.latency, Unknown):
        return reading.latency
    return Unknown(Reason.LATENCY_UNKNOWN, "the app reports counts but no latency")
