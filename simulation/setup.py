"""What a run begins with: apps and their policies, workers and their clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from chaos.rules import RULES, WEB, Rule

#: Process types that a deployment may add, and that people set policies of.
ADDED = "extra"
PERSONS_TYPES = ("worker", "mailer")
DYNOS = "Standard-1X"
#: Guards that an app may have beside its rule, as people write them.
GUARDS = {"manual_lease": 900, "cooldown_down": 120, "release_grace": 180}


@dataclass(frozen=True, slots=True)
class SimulatedApp:
    """An app of the run.

    Attributes:
        name: On Heroku and in the registry.
        rule: Its policy, as the rules shared with chaos know it.
        guards: What else keeps dynos, in seconds.
        tells_busy: Whether its answers say which dynos are busy.
        first: Its dynos at the beginning.
    """

    name: str
    rule: Rule
    guards: Mapping[str, int]
    tells_busy: bool
    first: Mapping[str, int]

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"https://{self.name}.example/counts"

    def values(self) -> dict[str, str]:
        """Return the policy as it is stored."""
        values = {name: str(value) for name, value in self.rule.values().items()}
        return {**values, **{name: f"{s}s" for name, s in self.guards.items()}}


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run begins with.

    Attributes:
        apps: In the order of their numbers.
        workers: Processes.
        threads: Of each.
        ahead: How far each worker's clock is ahead, in seconds.
        period: Seconds between two ticks.
        formation_ttl: Seconds for which a formation is believed.
        page: Apps that a fan-out reads at a time.
        calm_from: From when on nothing happens any more.
        until: When the run ends.
    """

    apps: tuple[SimulatedApp, ...]
    workers: int
    threads: int
    ahead: tuple[float, ...]
    period: int
    formation_ttl: int
    page: int
    calm_from: float
    until: float


#: Unknown counts add dynos under it alone, so it comes twice as often.
FALLBACK = next(rule for rule in RULES if rule.fallback is not None)
#: Of so many runs a part has a worker whose clock is wrong.
WRONG = 0.1
#: Seconds at the end in which all has to come right.
CALM = 240.0


def setup_of(seed: int) -> Setup:
    """Return what the run of a seed begins with."""
    random = Random(f"{seed}-setup")  # noqa: S311 - to replay, not to hide
    workers = random.randint(2, 3)
    calm_from = random.choice((300.0, 500.0, 700.0))
    skews = (0.0, 0.4, -0.4, -25.0) if random.random() < WRONG else (0.0, 0.4, -0.4)
    return Setup(
        apps=tuple(_app(random, number) for number in range(random.randint(3, 9))),
        workers=workers,
        threads=random.randint(2, 3),
        ahead=tuple(random.choice(skews) for _ in range(workers)),
        period=random.choice((5, 10, 10, 15)),
        formation_ttl=random.choice((120, 600)),
        page=random.choice((2, 3, 1_000)),
        calm_from=calm_from,
        until=calm_from + CALM,
    )


def _app(random: Random, number: int) -> SimulatedApp:
    rule = random.choice((*RULES, FALLBACK))
    names = random.sample(sorted(GUARDS), random.choice((0, 0, 1, 1, 2)))
    first = {name: random.choice((0, 1, 1, 2, 4)) for name in rule.process_types}
    if WEB in first:
        first[WEB] = max(first[WEB], 1)
    return SimulatedApp(
        f"app-{number:02d}",
        rule,
        {name: GUARDS[name] for name in names},
        tells_busy=random.random() < 0.2,
        first=first,
    )
