"""The schedule of a run, determined by the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from chaos.catalog import (
    APP,
    BY_NAME,
    DATABASE_AWAY,
    DISK_FULL,
    HEROKU,
    HEROKU_LONG,
    HEROKU_PARTIAL,
    REDIS_EMPTIED,
    REFUSALS,
    SYSTEM,
    Family,
    Kind,
)

#: Sick apps per fault, and faults of apps at a time.
VICTIMS, SICK_KINDS = 2, 7
#: How many faults of the system overlap with a fault of Heroku.
PAIRS = 5


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault and the apps that it affects; none for the whole system."""

    kind: Kind
    apps: tuple[int, ...] = ()

    def __str__(self) -> str:
        names = ",".join(map(str, self.apps))
        return f"{self.kind.name} ({names})" if names else self.kind.name


@dataclass(frozen=True, slots=True)
class Step:
    """Faults that overlap; the next step begins after a rest.

    Attributes:
        main: Faults of the whole system or of Heroku.
        beside: Faults of apps at the same time.
    """

    main: tuple[Fault, ...]
    beside: tuple[Fault, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All of them."""
        return (*self.main, *self.beside)

    @property
    def requires_next(self) -> bool:
        """Whether the system stays blocked until the next step."""
        return any(fault.kind in HEROKU_LONG for fault in self.main)

    def __str__(self) -> str:
        return " + ".join(str(fault) for fault in self.faults)


def schedule(seed: int, apps: int, database: str, *, clock: bool) -> list[Step]:
    """Return the steps of a run, in order.

    Args:
        seed: The run's seed.
        apps: The number of apps.
        database: `sqlite`, whose disk can be full, or `postgresql`.
        clock: Whether the clock of our processes can be set.
    """
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    units = _system_faults(random, database, clock=clock)
    refused = random.sample(range(apps), len(REFUSALS))
    early = Step(tuple(Fault(k, (a,)) for k, a in zip(REFUSALS, refused, strict=True)))
    # A refused app backs off for a minute or more, so this comes early.
    units.insert(random.randrange(3), [early])
    *groups, alone = _sick_apps(random, apps)
    units.insert(random.randrange(len(units) + 1), [Step(alone)])
    steps = [step for unit in units for step in unit]
    _add_sick_apps(random, steps, groups)
    return steps


def short_schedule(seed: int, apps: int, names: Sequence[Sequence[str]]) -> list[Step]:
    """Return a step for each group of overlapping faults."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    return [
        Step(
            tuple(
                Fault(kind, (random.randrange(apps),) if kind in APP else ())
                for kind in (BY_NAME[name] for name in group)
            )
        )
        for group in names
    ]


def _system_faults(random: Random, database: str, *, clock: bool) -> list[list[Step]]:
    """Return all faults but those of apps; the steps of a unit stay together."""
    system = [k for k in SYSTEM if clock or k.family is not Family.CLOCK]
    system.append(DISK_FULL if database == "sqlite" else DATABASE_AWAY)
    heroku = list(HEROKU)
    random.shuffle(system)
    random.shuffle(heroku)
    paired = [Step((Fault(system.pop()), Fault(heroku.pop()))) for _ in range(PAIRS)]
    units = [[Step((Fault(kind),))] for kind in (*system, *heroku)]
    units += [[step] for step in paired]
    units.append([Step((Fault(HEROKU_PARTIAL), Fault(REDIS_EMPTIED)))])
    units += [[Step((Fault(k),)), Step((Fault(REDIS_EMPTIED),))] for k in HEROKU_LONG]
    random.shuffle(units)
    return units


def _sick_apps(random: Random, apps: int) -> list[tuple[Fault, ...]]:
    """Return all faults of apps, in groups."""
    kinds = list(APP)
    random.shuffle(kinds)
    groups = []
    for start in range(0, len(kinds), SICK_KINDS):
        group = kinds[start : start + SICK_KINDS]
        victims = random.sample(range(apps), VICTIMS * len(group))
        groups.append(
            tuple(
                Fault(kind, tuple(victims[VICTIMS * i : VICTIMS * (i + 1)]))
                for i, kind in enumerate(group)
            )
        )
    return groups


def _add_sick_apps(
    random: Random, steps: list[Step], groups: list[tuple[Fault, ...]]
) -> None:
    """Add the groups of sick apps to steps without sick apps."""
    free = [place for place, step in enumerate(steps) if not _has_sick_apps(step)]
    for place, group in zip(random.sample(free, len(groups)), groups, strict=True):
        steps[place] = Step(steps[place].main, group)


def _has_sick_apps(step: Step) -> bool:
    return any(fault.kind.family is Family.APP for fault in step.faults)
