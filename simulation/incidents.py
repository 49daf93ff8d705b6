"""What happens in a run, and when: all of it follows from the seed.

An incident is a value, so a schedule can be shortened while a failure stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from simulation.setup import PERSONS_TYPES, Setup

#: Where a single call fails: by the name of the port's method.
REDIS_CALLS = ("begin", "store", "finish", "reserve", "ask", "publish")
DATABASE_CALLS = ("find", "page", "record", "recent")
HEROKU_CALLS = ("formation", "scale", "describe")
CALLS = (*REDIS_CALLS, *DATABASE_CALLS, *HEROKU_CALLS, "read")
BEFORE, AFTER = "before", "after"
#: How much of what befalls an app befalls one of a few.
FOCUS = 0.7
#: Kinds that meet each other in half of the seeds.
MEETING = (
    ("by hand", "count null", "app fails", "least only", "pause down"),
    ("PATCH without an answer", "PATCH without an answer", "worker dies at"),
    ("by hand", "least only", "row missing"),
    ("app slow", "app slow", "app fails"),
    ("by hand", "row missing", "release", "type removed"),
    ("database away", "worker freezes", "keeper stalls", "redis away"),
    ("release", "clock jumps", "type added"),
    ("redis loses a second", "redis empty", "call fails"),
    ("two orders at once", "set-policy", "del-app", "app slow"),
)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happens.

    Attributes:
        at: When, in seconds of the run.
        kind: What, a key of `KINDS`.
        target: To whom: an app, a worker, or the name of a port call.
        part: A process type, or `BEFORE` or `AFTER` the effect of a call.
        seconds: How long it lasts; 0 for what is over at once.
        value: Dynos, a status, or whatever the kind needs.
    """

    at: float
    kind: str
    target: str = ""
    part: str = ""
    seconds: float = 0.0
    value: float = 0.0

    def __str__(self) -> str:
        words = [f"{self.at:8.2f} s", self.kind, self.target, self.part]
        words += [f"for {self.seconds:.1f} s"] if self.seconds else []
        words += [f"{self.value:g}"] if self.value else []
        return "  ".join(word for word in words if word)


Draw = Callable[[Random, Setup, float], Incident]


def schedule(seed: int, setup: Setup) -> tuple[Incident, ...]:
    """Return what happens in the run of a seed.

    Each seed has some kinds only: where everything happens at once, most of it hides
    the rest. Half of the seeds have kinds that meet each other, and most of what
    befalls an app befalls the same few.
    """
    random = Random(f"{seed}-schedule")  # noqa: S311 - to replay, not to hide
    chosen = list(random.choice(MEETING)) if random.random() < 0.5 else []
    chosen += random.sample(sorted(KINDS), random.randint(2, 6))
    number = random.randint(10, 45)
    times = sorted(random.uniform(20, setup.calm_from - 40) for _ in range(number))
    few = replace(setup, apps=tuple(random.sample(setup.apps, random.randint(1, 2))))
    return tuple(
        KINDS[random.choice(chosen)](
            random, few if random.random() < FOCUS else setup, at
        )
        for at in times
    )


def _app(random: Random, setup: Setup) -> str:
    return random.choice(setup.apps).name


def _worker(random: Random, setup: Setup) -> str:
    return f"worker.{random.randint(1, setup.workers)}"


def _whole(kind: str, shortest: float, longest: float) -> Draw:
    """Something that befalls a part that all share."""

    def draw(random: Random, _: Setup, at: float) -> Incident:
        return Incident(at, kind, seconds=random.uniform(shortest, longest))

    return draw


def _of_worker(kind: str, shortest: float, longest: float) -> Draw:
    def draw(random: Random, setup: Setup, at: float) -> Incident:
        seconds = random.uniform(shortest, longest)
        return Incident(at, kind, _worker(random, setup), seconds=seconds)

    return draw


def _of_app(kind: str, shortest: float, longest: float, *values: float) -> Draw:
    def draw(random: Random, setup: Setup, at: float) -> Incident:
        seconds = random.uniform(shortest, longest)
        value = random.choice(values) if values else 0.0
        return Incident(at, kind, _app(random, setup), seconds=seconds, value=value)

    return draw


def _of_type(kind: str, longest: float, *values: float) -> Draw:
    def draw(random: Random, setup: Setup, at: float) -> Incident:
        app = random.choice(setup.apps)
        name = random.choice(app.rule.process_types)
        seconds = random.uniform(longest / 4, longest)
        value = random.choice(values) if values else 0.0
        return Incident(at, kind, app.name, name, seconds, value)

    return draw


def _clock(random: Random, setup: Setup, at: float) -> Incident:
    jump = random.choice((-3600.0, -45.0, -20.0, 30.0, 3600.0))
    seconds = random.uniform(20, 120)
    return Incident(at, "clock jumps", _worker(random, setup), "", seconds, jump)


def _one_call(random: Random, _: Setup, at: float) -> Incident:
    return Incident(
        at, "call fails", random.choice(CALLS), random.choice((BEFORE, AFTER))
    )


def _death(random: Random, _: Setup, at: float) -> Incident:
    seconds = random.uniform(2, 15)
    where = random.choice((BEFORE, AFTER))
    return Incident(at, "worker dies at", random.choice(CALLS), where, seconds)


def _lost_answer(random: Random, setup: Setup, at: float) -> Incident:
    late = random.choice((0.0, 8.0, 15.0, 30.0))
    return Incident(at, "PATCH without an answer", _app(random, setup), "", 0.0, late)


def _policy(random: Random, setup: Setup, at: float) -> Incident:
    name = random.choice(PERSONS_TYPES)
    value = random.randint(1, 6)
    return Incident(at, "set-policy", _app(random, setup), name, 0.0, value)


#: Every kind there is, with what draws one.
KINDS: dict[str, Draw] = {
    # Redis, the database, our own processes
    "redis away": _whole("redis away", 2, 25),
    "redis empty": _whole("redis empty", 0, 0),
    "redis loses a second": _whole("redis loses a second", 0, 0),
    "database away": _whole("database away", 5, 60),
    "database hangs": _whole("database hangs", 5, 20),
    "beat stops": _whole("beat stops", 15, 50),
    "two beats": _whole("two beats", 20, 60),
    "call fails": _one_call,
    "worker dies at": _death,
    "worker freezes": _of_worker("worker freezes", 1, 20),
    "keeper stalls": _of_worker("keeper stalls", 3, 20),
    "worker upgraded": _of_worker("worker upgraded", 20, 120),
    "clock jumps": _clock,
    # Heroku
    "heroku down": _whole("heroku down", 5, 40),
    "heroku 401": _whole("heroku 401", 5, 20),
    "heroku 429": _whole("heroku 429", 5, 20),
    "heroku slow": _whole("heroku slow", 10, 60),
    "calls low": _whole("calls low", 20, 90),
    "PATCH without an answer": _lost_answer,
    "refusal": _of_app("refusal", 20, 60, 402, 403, 404, 422),
    "limit": _of_app("limit", 20, 90, 2, 3, 5),
    "row missing": _of_type("row missing", 60),
    # the platform's own changes
    "by hand": _of_type("by hand", 0, 0, 1, 2, 8, 12, 12),
    "release": _of_app("release", 0, 0),
    "type added": _of_app("type added", 0, 0),
    "type removed": _of_type("type removed", 0),
    "names swapped": _of_app("names swapped", 0, 0),
    # the apps
    "app fails": _of_app("app fails", 20, 120),
    "app slow": _of_app("app slow", 60, 600, 1.2, 2.5),
    "count null": _of_type("count null", 120),
    "type left out": _of_type("type left out", 120),
    "least only": _of_type("least only", 120, 5, 15, 40),
    # people
    "pause down": _of_app("pause down", 60, 300),
    "pause up": _of_app("pause up", 60, 300),
    "two orders at once": _of_app("two orders at once", 100, 300),
    "set-policy": _policy,
    "dry run": _of_app("dry run", 60, 200),
    "del-app": _of_app("del-app", 20, 100),
}
