"""What the use cases and queries need: the ports and some settings."""

from __future__ import annotations

from dataclasses import dataclass

from scalar.core.actor import NOBODY, Actor
from scalar.ports.chance import Chance
from scalar.ports.clock import Clock
from scalar.ports.coordination import HealthStore, StateStore, TickGate
from scalar.ports.counts import CountSource
from scalar.ports.journal import Journal
from scalar.ports.outbox import Outbox
from scalar.ports.platform import Platforms
from scalar.ports.policies import Policies
from scalar.ports.registry import AppReader, Registry, StoredSecrets


@dataclass(frozen=True, slots=True)
class Options:
    """The settings that the use cases need.

    Attributes:
        sleep_period: Seconds between two ticks.
        formation_ttl: Seconds after which a formation is read again.
        events_keep_days: Days after which events are deleted.
        app_backoff_max: Longest time in seconds between two evaluations of an app
            that does not answer; 0 to evaluate it like the others.
        held_apps_most: The share of the apps that may be held while all counts as well.
    """

    sleep_period: int
    formation_ttl: int
    events_keep_days: int
    app_backoff_max: float
    held_apps_most: float = 0.25


@dataclass(frozen=True, slots=True)
class Parts:
    """One implementation of each port.

    Attributes:
        actor: Who orders what is ordered with them.
    """

    clock: Clock
    chance: Chance
    apps: AppReader
    registry: Registry
    secrets: StoredSecrets
    journal: Journal
    outbox: Outbox
    counts: CountSource
    platforms: Platforms
    ticks: TickGate
    states: StateStore
    health: HealthStore
    policies: Policies
    options: Options
    actor: Actor = NOBODY
