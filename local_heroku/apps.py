"""Apps, with their formation, dynos and releases."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from local_heroku.accounts import Account
from local_heroku.sizes import DynoSize, Generation

RELEASE_TYPE = "release"


class DynoState(StrEnum):
    """The states of a dyno; only the control routes show `stopping`."""

    STARTING = "starting"
    UP = "up"
    CRASHED = "crashed"
    STOPPING = "stopping"


@dataclass(slots=True)
class FormationRow:
    """One process type: its quantity, its dyno size and its command."""

    id: str
    type: str
    command: str
    quantity: int
    size: DynoSize
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Release:
    """One version of an app."""

    id: str
    version: int
    description: str
    created_at: datetime


@dataclass(slots=True)
class Dyno:
    """One dyno; on Cedar a restart replaces it by another with the same name.

    `number` is None on Fir, where `name` ends in two parts that are made up.
    `due` is when its state next changes by itself: a starting dyno comes up,
    a stopping one is removed, one that is up is cycled. None for a crashed one.
    """

    id: str
    type: str
    number: int | None
    name: str
    command: str
    size: DynoSize
    release: Release
    state: DynoState
    created_at: datetime
    updated_at: datetime
    due: datetime | None


@dataclass(slots=True)
class App:
    """One app and everything in it."""

    id: str
    name: str
    web_url: str
    owner: Account
    created_at: datetime
    updated_at: datetime
    formation: dict[str, FormationRow] = field(default_factory=dict)
    dynos: list[Dyno] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    maintenance: bool = False
    generation: Generation = Generation.CEDAR

    @property
    def process_tier(self) -> str:
        """The tier of the app's dynos; Eco for an app without a formation."""
        for row in self.formation.values():
            return row.size.tier.process_tier
        return "eco"

    def listed_dynos(self, process_type: str | None = None) -> list[Dyno]:
        """Return the dynos that the Platform API lists, lowest number first."""
        listed = [
            dyno
            for dyno in self.dynos
            if dyno.state is not DynoState.STOPPING
            and process_type in {None, dyno.type}
        ]
        return sorted(listed, key=lambda dyno: (dyno.type, dyno.number or 0, dyno.name))
