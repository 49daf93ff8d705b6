"""The schedule of a run, determined by the seed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random

from chaos.catalog import (
    APP,
    BY_NAME,
    DATABASE_AWAY,
    DEPLOYED,
    DISK_FULL,
    HARMLESS,
    HEROKU,
    HEROKU_LONG,
    HEROKU_PARTIAL,
    LEASED,
    LEFT_OUT,
    MAINTENANCE,
    REDIS_EMPTIED,
    REFUSALS,
    RENAMED,
    SCALED_BY_HAND,
    SKEWED,
    SWITCHED_OFF,
    SYSTEM,
    Family,
    Kind,
)
from chaos.rules import LEASE, OFF, RULES, Rule, rule_of

#: Sick apps per fault, and faults of apps at a time.
VICTIMS, SICK_KINDS = 2, 10
#: This sickness is of an app that is served over HTTPS, and this is one.
TO_HTTP, HTTPS_APP = "app redirect to http", 5
#: How many faults of the system overlap with a fault of Heroku.
PAIRS = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault and the apps that it affects; none for the whole system.

    `process_type` is the only one that it affects, if it does not affect all.
    """

    kind: Kind
    apps: tuple[int, ...] = ()
    process_type: str | None = None

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
    people, refused = _chosen(random, apps)
    groups = _sick_apps(random, apps, without={a for f in people for a in f.apps})
    harmless = tuple(Fault(kind) for kind in HARMLESS)
    for main, group in zip((people, harmless, ()), groups, strict=True):
        units.insert(random.randrange(len(units) // 2), [Step(main, group)])
    # A refused app backs off for a minute or more, so this comes early.
    units.insert(random.randrange(3), [Step(refused)])
    units += _pairs(random, groups)
    return [step for unit in units for step in unit]


def short_schedule(seed: int, apps: int, names: Sequence[Sequence[str]]) -> list[Step]:
    """Return a step for each group of overlapping faults, of different apps."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    steps = []
    for group in names:
        left = random.sample(range(apps), apps)
        kinds = [BY_NAME[name] for name in group]
        steps.append(
            Step(tuple(Fault(k, (left.pop(),) if k in APP else ()) for k in kinds))
        )
    return steps


def _system_faults(random: Random, database: str, *, clock: bool) -> list[list[Step]]:
    """Return all faults but those of apps; the steps of a unit stay together."""
    system = [k for k in SYSTEM if clock or k.family is not Family.CLOCK]
    system.append(DISK_FULL if database == "sqlite" else DATABASE_AWAY)
    units = [[Step((Fault(kind),))] for kind in (*system, *HEROKU)]
    units += [[Step(tuple(map(Fault, DEPLOYED)))]]
    if clock:
        units.append([Step(tuple(map(Fault, SKEWED)))])
    units.append([Step((Fault(HEROKU_PARTIAL), Fault(REDIS_EMPTIED)))])
    units += [[Step((Fault(k),)), Step((Fault(REDIS_EMPTIED),))] for k in HEROKU_LONG]
    random.shuffle(units)
    return units


def _pairs(random: Random, groups: Sequence[tuple[Fault, ...]]) -> list[list[Step]]:
    """Return faults that had their slots, and overlap now."""
    system = random.sample([k for k in SYSTEM if k.family is not Family.CLOCK], PAIRS)
    heroku = random.sample(HEROKU, PAIRS)
    return [
        [Step((Fault(one), Fault(other)), random.choice(groups))]
        for one, other in zip(system, heroku, strict=True)
    ]


def _chosen(random: Random, apps: int) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    """Return what people do to which apps, and which apps Heroku refuses."""
    left = [app for app in range(apps) if app != HTTPS_APP]
    random.shuffle(left)

    def take(number: int, *rules: Rule) -> tuple[int, ...]:
        found = [a for a in left if not rules or rule_of(a) in rules][:number]
        for app in found:
            left.remove(app)
        return tuple(found)

    boundary, any_count, within, steps = RULES[:4]
    people = (
        Fault(SCALED_BY_HAND, take(4, boundary, any_count, within)),
        Fault(LEASED, take(2, LEASE)),
        Fault(SWITCHED_OFF, take(2, OFF)),
        Fault(MAINTENANCE, take(2, steps)),
        Fault(RENAMED, take(2, boundary, within)),
    )
    lacking = take(1, boundary, any_count)
    refused = tuple(Fault(kind, take(1)) for kind in REFUSALS)
    return people, (*refused, Fault(LEFT_OUT, lacking, "mailer"))


def _sick_apps(
    random: Random, apps: int, without: Collection[int]
) -> list[tuple[Fault, ...]]:
    """Return all faults of apps, in groups."""
    able = [a for a in range(apps) if a not in without and a != HTTPS_APP]
    kinds = list(APP)
    random.shuffle(kinds)
    groups = []
    for start in range(0, len(kinds), SICK_KINDS):
        group = kinds[start : start + SICK_KINDS]
        victims = random.sample(able, VICTIMS * len(group))
        groups.append(
            tuple(
                Fault(kind, _victims(kind, victims[VICTIMS * i : VICTIMS * (i + 1)]))
                for i, kind in enumerate(group)
            )
        )
    return groups


def _victims(kind: Kind, apps: list[int]) -> tuple[int, ...]:
    """Return the apps that are sick; only one with HTTPS can be sent to HTTP."""
    return (HTTPS_APP,) if kind.name == TO_HTTP else tuple(apps)
