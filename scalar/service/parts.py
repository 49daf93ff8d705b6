"""What the use cases are given: the ports, and the settings they need."""

from __future__ import annotations

from dataclasses import dataclass

from scalar.model import Policy
from scalar.ports import (
    Account,
    Clock,
    Coordinator,
    CountSource,
    Journal,
    Platform,
    Registry,
)

#: The process type that answers for the app, on most apps.
WEB = "web"


@dataclass(frozen=True, slots=True)
class Options:
    """The settings that the use cases need.

    Attributes:
        boundary: Counts that one dyno carries; see `Policy.boundary`.
        scale_web_to_zero: Whether the last `web` dyno may be stopped.
        sleep_period: Seconds between two ticks.
        formation_ttl: Seconds after which a formation is read again.
        concurrency: Apps that one Celery worker polls at a time.
        events_keep_days: Days after which events are deleted.
    """

    boundary: int = 0
    scale_web_to_zero: bool = False
    sleep_period: int = 10
    formation_ttl: int = 600
    concurrency: int = 50
    events_keep_days: int = 90

    def policy_of(self, process_type: str) -> Policy:
        """Return the policy of a process type."""
        may_sleep = process_type != WEB or self.scale_web_to_zero
        return Policy(self.boundary, may_sleep=may_sleep)


@dataclass(frozen=True, slots=True)
class Parts:
    """One implementation of each port."""

    clock: Clock
    registry: Registry
    journal: Journal
    counts: CountSource
    platform: Platform
    coordinator: Coordinator
    account: Account
    options: Options
