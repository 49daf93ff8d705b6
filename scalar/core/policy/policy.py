"""How one process type may be scaled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scalar.core.policy.schedule import Schedule

NONE = timedelta(0)
#: A broker or an agent that is just back may count nothing at first.
SETTLE_TIME = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Policy:
    """How one process type may be scaled.

    The defaults are the project's own formula, and no scale down right after an
    unknown count. All quantities are dynos.

    Attributes:
        boundary: Jobs per dyno; 0 for one dyno, whatever the count.
        drain_time: Instead of a boundary: the time in which the current count
            should be worked off.
        jobs_per_second: Jobs per dyno and second; None to learn it from how the
            count falls.
        latency_up: Instead of a boundary: add dynos while the oldest job has waited
            longer than this.
        latency_down: Remove a dyno while the oldest job has waited for less than
            this; None to remove dynos only while the count is 0.
        latency_step: Dynos added at once because of latency.
        boot_time: Start a dyno now for a job that is due within this time.
        wake_dynos: Fewest dynos while the count is above 0.
        min_dynos: Fewest dynos, whatever the count.
        max_dynos: Most dynos, whatever the count; None for what the platform allows.
        schedule: Windows of the week with their own fewest and most dynos.
        tolerance: The relative difference between the count and what the current
            dynos should carry up to which nothing changes.
        tolerance_up: The same for a count above that; None for `tolerance`.
        tolerance_down: The same for a count below that; None for `tolerance`.
        down_when_empty: Whether to remove dynos only while the count is 0.
        stabilization_up: To scale up, the lowest recommendation of this time counts.
        stabilization_down: To scale down, the highest recommendation of this time
            counts.
        max_step_up: Most dynos added at once; None for no limit.
        max_step_down: Most dynos removed at once; None for no limit.
        cooldown_up: Time after a scale up before the next one.
        cooldown_down: Time after any change before a scale down.
        settle_time: Time for which a count that was unknown must be known again
            before a scale down.
        release_grace: Time after a release of the app before a scale down.
        manual_lease: Time for which a manual change is left alone.
        lease_after_release: Time after a release of the app in which a change is
            taken for the deploy's, and not left alone.
        lease_ended: Manual changes noticed until this time are not left alone any
            more (aware, UTC).
        manual_off: Whether a process type that a person has set to 0 stays at 0
            until somebody raises it.
        busy_limit: Longest time for which busy dynos keep others from being
            removed; 0 for as long as they are busy.
        pause_up: Add nothing before this time (aware, UTC).
        pause_down: Remove nothing before this time (aware, UTC).
        fallback_dynos: Fewest dynos while the count is unknown; None to leave the
            dynos as they are.
        fallback_after: Unknown counts in a row before the fallback applies.
        dry_run: Whether decisions are only recorded, not carried out.
        may_sleep: Whether a scale down may stop the last dyno of a process type that
            the platform keeps one of.
        notes: Which of its values yielded to a nearer one, for people.
        why_paused: Why scaling up and down is paused, if that is not its own doing.
    """

    boundary: int = 0
    drain_time: timedelta | None = None
    jobs_per_second: float | None = None
    latency_up: timedelta | None = None
    latency_down: timedelta | None = None
    latency_step: int = 1
    boot_time: timedelta = NONE
    wake_dynos: int = 0
    min_dynos: int = 0
    max_dynos: int | None = None
    schedule: Schedule | None = None
    tolerance: float = 0.0
    tolerance_up: float | None = None
    tolerance_down: float | None = None
    down_when_empty: bool = False
    stabilization_up: timedelta = NONE
    stabilization_down: timedelta = NONE
    max_step_up: int | None = None
    max_step_down: int | None = None
    cooldown_up: timedelta = NONE
    cooldown_down: timedelta = NONE
    settle_time: timedelta = SETTLE_TIME
    release_grace: timedelta = NONE
    manual_lease: timedelta = NONE
    lease_after_release: timedelta = timedelta(minutes=2)
    lease_ended: datetime | None = None
    manual_off: bool = False
    busy_limit: timedelta = NONE
    pause_up: datetime | None = None
    pause_down: datetime | None = None
    fallback_dynos: int | None = None
    fallback_after: int = 3
    dry_run: bool = False
    may_sleep: bool = False
    notes: tuple[str, ...] = ()
    why_paused: tuple[str, str] = ("", "")
