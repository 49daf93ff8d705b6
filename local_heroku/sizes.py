"""The dyno sizes and their scaling limits.

Limits: Dev Center, "Scaling your dyno formation" and "Dyno tiers". Those of Fir are
not documented; an app may have as many dynos there as elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import NAMESPACE_DNS, uuid5


class Generation(StrEnum):
    """The generation of the platform that an app runs on, with its own sizes."""

    CEDAR = "cedar"
    FIR = "fir"

    @property
    def id(self) -> str:
        """The generation's uuid, the same in every run."""
        return str(uuid5(NAMESPACE_DNS, f"{self.value}.generation.local-heroku"))


class Tier(StrEnum):
    """The tier of a size; only Standard and Performance may be mixed."""

    ECO = "eco"
    BASIC = "basic"
    STANDARD = "standard"
    PERFORMANCE = "performance"
    FIR = "fir"

    @property
    def process_tier(self) -> str:
        """The tier's name in the `process_tier` of an app."""
        if self in {Tier.STANDARD, Tier.PERFORMANCE, Tier.FIR}:
            return "production"
        return self.value


@dataclass(frozen=True, slots=True)
class DynoSize:
    """One dyno size.

    `per_type` and `per_app` limit the dynos of a process type and of a whole
    app; `memory` is in GB, `cents` is the price of a month.
    """

    name: str
    tier: Tier
    per_type: int
    per_app: int
    memory: float
    cents: int

    @property
    def generation(self) -> Generation:
        """The generation whose apps may use it."""
        return Generation.FIR if self.tier is Tier.FIR else Generation.CEDAR

    @property
    def id(self) -> str:
        """The size's uuid, the same in every run."""
        return str(uuid5(NAMESPACE_DNS, f"{self.name}.dyno-size.local-heroku"))


SIZES: tuple[DynoSize, ...] = (
    DynoSize("Eco", Tier.ECO, 1, 2, 0.5, 500),
    DynoSize("Basic", Tier.BASIC, 1, 100, 0.5, 700),
    DynoSize("Standard-1X", Tier.STANDARD, 100, 100, 0.5, 2500),
    DynoSize("Standard-2X", Tier.STANDARD, 100, 100, 1, 5000),
    DynoSize("Performance-M", Tier.PERFORMANCE, 10, 100, 2.5, 25000),
    DynoSize("Performance-L", Tier.PERFORMANCE, 10, 100, 14, 50000),
    DynoSize("Performance-L-RAM", Tier.PERFORMANCE, 10, 100, 30, 50000),
    DynoSize("Performance-XL", Tier.PERFORMANCE, 10, 100, 62, 75000),
    DynoSize("Performance-2XL", Tier.PERFORMANCE, 10, 100, 126, 150000),
    DynoSize("dyno-1c-0.5gb", Tier.FIR, 100, 100, 0.5, 2500),
    DynoSize("dyno-2c-1gb", Tier.FIR, 100, 100, 1, 5000),
    DynoSize("dyno-1c-4gb", Tier.FIR, 100, 100, 4, 8000),
    DynoSize("dyno-2c-8gb", Tier.FIR, 100, 100, 8, 16000),
    DynoSize("dyno-4c-16gb", Tier.FIR, 100, 100, 16, 32000),
    DynoSize("dyno-32c-64gb", Tier.FIR, 100, 100, 64, 240000),
)


def sizes_of(generation: Generation) -> tuple[DynoSize, ...]:
    """Return the sizes that an app of a generation may use."""
    return tuple(size for size in SIZES if size.generation is generation)


def default_size(generation: Generation) -> DynoSize:
    """Return the size of a new process type: half a gigabyte, as many as wanted."""
    sizes = sizes_of(generation)
    return next(size for size in sizes if size.per_type > 1)


def find_size(name_or_id: str) -> DynoSize | None:
    """Return the size with this name, in any case, or this uuid."""
    key = name_or_id.lower()
    for size in SIZES:
        if key in {size.name.lower(), size.id}:
            return size
    return None
