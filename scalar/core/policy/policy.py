"""How one process type may be scaled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scalar.core.policy.schedule import Schedule

NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Policy:
    """How one process type may be scaled.

    With the defaults it is the project's own formula and nothing else. All
    quantities are dynos.

    Attributes:
        boundary: Counts that one dyno should carry; 0 means that one dyno
            serves any count.
        drain_time: Instead of a boundary: the time in which the present count
            should be worked off.
        jobs_per_second: Jobs that one dyno does in a second; None to learn it
            from how the count falls.
        latency_up: Instead of a boundary: dynos are added while the oldest job has
            waited for longer than this.
        latency_down: A dyno is removed while the oldest job has waited for less;
            None to remove some only while the count is 0.
        latency_step: Dynos added at once because of latency.
        boot_time: A job that is due in less than this gets a dyno now.
        wake_dynos: Fewest while the count is above 0.
        min_dynos: Fewest, whatever the count.
        max_dynos: Most, whatever the count; None for as many as Heroku allows.
        schedule: Other fewest and most at some times of the week.
        tolerance: A count that differs from what the current dynos should carry
            by no more than this part of it changes nothing.
        down_when_empty: Whether dynos are removed only while the count is 0.
        stabilization_up: The lowest recommendation of this time counts for
            scaling up.
        stabilization_down: The highest recommendation of this time counts for
            scaling down.
        max_step_up: Most dynos added at once; None for any number.
        max_step_down: Most dynos removed at once.
        cooldown_up: Time after a scale up without another one.
        cooldown_down: Time after any change without a scale down.
        release_grace: Time after a release of the app without a scale down.
        manual_lease: Time for which a person's own change is left alone.
        busy_limit: Longest time for which busy dynos hold others back from being
            removed; none for as long as they are busy.
        pause_up: Nothing is added before that time (aware, UTC).
        pause_down: Nothing is removed before that time (aware, UTC).
        fallback_dynos: Fewest while the count is unknown; None leaves all as it
            is.
        fallback_after: Unknown counts in a row from which that holds.
        dry_run: Whether it is only said, and not done.
        may_sleep: Whether scaling down may stop the last dyno.
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
    down_when_empty: bool = False
    stabilization_up: timedelta = NONE
    stabilization_down: timedelta = NONE
    max_step_up: int | None = None
    max_step_down: int | None = None
    cooldown_up: timedelta = NONE
    cooldown_down: timedelta = NONE
    release_grace: timedelta = NONE
    manual_lease: timedelta = NONE
    busy_limit: timedelta = NONE
    pause_up: datetime | None = None
    pause_down: datetime | None = None
    fallback_dynos: int | None = None
    fallback_after: int = 3
    dry_run: bool = False
    may_sleep: bool = True
