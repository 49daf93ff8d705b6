"""Each incident, carried out at its time, and ended when it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from scalar.adapters.redis import memory_json
from scalar.core.formation import ProcessType
from simulation import people
from simulation.heroku_twin import FEW, PLENTY
from simulation.incidents import Incident
from simulation.newer_version import dump_of_the_next_version
from simulation.setup import ADDED, DYNOS

if TYPE_CHECKING:
    from simulation.world import World

Deed = Callable[[], None]
#: Incidents after which changes may wait for a while: accounts wait to try again.
AFTERMATH = 60.0


def happen(world: World, incident: Incident) -> None:
    """Put an incident on the agenda."""
    if incident.kind in ("call fails", "worker dies at"):
        world.line.planned.setdefault(incident.target, []).append(incident)
        world.scheduler.at(incident.at, lambda: world.trouble(AFTERMATH))
        return
    if incident.kind in people.ORDERS:
        _at_a_desk(world, incident)
        return
    if incident.kind == "redis loses a second":
        _roll_back(world, incident)
        return
    begin, end = DEEDS[incident.kind](world, incident)

    def started() -> None:
        world.note("INCIDENT", incident)
        begin()

    world.scheduler.at(incident.at, started)
    if end is not None:
        world.scheduler.at(incident.at + incident.seconds, end)


def _at_a_desk(world: World, incident: Incident) -> None:
    """Let a person type a command."""

    def type_it() -> None:
        world.note("INCIDENT", incident)
        order = people.ORDERS[incident.kind]
        for number, deed in enumerate(order(world, incident)):
            world.scheduler.start(f"{incident.kind} {number}", deed)

    world.scheduler.at(incident.at, type_it)


def _roll_back(world: World, incident: Incident) -> None:
    """Let Redis fail over to a replica that is a second behind."""
    redis = world.redis

    def remember() -> None:
        kept = redis.copy()

        def fail_over() -> None:
            world.note("INCIDENT", incident)
            redis.replace(kept)
            world.trouble(AFTERMATH)
            world.checker.rolled_back()
            world.wake_all()

        world.scheduler.at(incident.at, fail_over)

    world.scheduler.at(incident.at - 1.0, remember)


def _flag(
    name: str, aftermath: float
) -> Callable[[World, Incident], tuple[Deed, Deed]]:
    """Set a flag of the world for a time."""

    def deeds(world: World, incident: Incident) -> tuple[Deed, Deed]:
        counts = world.__dict__.setdefault(f"_{name}", [0])

        def begin() -> None:
            counts[0] += 1
            setattr(world, name, True)
            world.trouble(incident.seconds + aftermath)

        def end() -> None:
            counts[0] -= 1
            setattr(world, name, counts[0] > 0)
            world.wake_all()

        return begin, end

    return deeds


def _empty(world: World, _: Incident) -> tuple[Deed, None]:
    def begin() -> None:
        world.redis.replace(type(world.redis.keys)())
        world.trouble(AFTERMATH)
        world.checker.emptied()

    return begin, None


def _freeze(world: World, incident: Incident) -> tuple[Deed, None]:
    def begin() -> None:
        world.workers[incident.target].frozen_until = incident.at + incident.seconds
        world.trouble(incident.seconds + AFTERMATH)

    return begin, None


def _stall(world: World, incident: Incident) -> tuple[Deed, None]:
    def begin() -> None:
        keeper = world.workers[incident.target].keeper
        keeper.stalled_until = incident.at + incident.seconds

    return begin, None


def _jump(world: World, incident: Incident) -> tuple[Deed, Deed]:
    def move(seconds: float) -> Deed:
        def set_clock() -> None:
            world.workers[incident.target].clock.ahead += seconds
            world.trouble(AFTERMATH)

        return set_clock

    return move(incident.value), move(-incident.value)


def _upgrade(world: World, incident: Incident) -> tuple[Deed, Deed]:
    def begin() -> None:
        keeper = world.workers[incident.target].keeper
        keeper.dump = dump_of_the_next_version
        world.trouble(incident.seconds + AFTERMATH)

    def end() -> None:
        world.workers[incident.target].keeper.dump = memory_json.dump

    return begin, end


def _second_beat(world: World, incident: Incident) -> tuple[Deed, None]:
    from simulation.workers import beat  # noqa: PLC0415 - the world imports us

    def begin() -> None:
        world.scheduler.start("beat 2", lambda: beat(world, incident.seconds))

    return begin, None


def _heroku_fails(kind: str) -> Callable[[World, Incident], tuple[Deed, Deed]]:
    def deeds(world: World, incident: Incident) -> tuple[Deed, Deed]:
        def begin() -> None:
            world.heroku.failure = kind
            world.trouble(incident.seconds + 2 * AFTERMATH)

        def end() -> None:
            world.heroku.failure = ""

        return begin, end

    return deeds


def _calls_low(world: World, incident: Incident) -> tuple[Deed, Deed]:
    def begin() -> None:
        world.heroku.remaining = FEW
        world.trouble(incident.seconds + 10 * AFTERMATH)

    def end() -> None:
        world.heroku.remaining = PLENTY

    return begin, end


def _lost_answer(world: World, incident: Incident) -> tuple[Deed, None]:
    def begin() -> None:
        world.heroku.late[incident.target] = incident.value

    return begin, None


def _refusal(world: World, incident: Incident) -> tuple[Deed, Deed]:
    app = incident.target

    def begin() -> None:
        world.heroku.refusals[app] = int(incident.value)
        world.checker.refused(app)

    def end() -> None:
        world.heroku.refusals.pop(app, None)
        world.checker.refused(app)

    return begin, end


def _limit(world: World, incident: Incident) -> tuple[Deed, Deed]:
    app = incident.target

    def begin() -> None:
        world.heroku.limits[app] = int(incident.value)
        world.checker.limited(app, int(incident.value))

    def end() -> None:
        world.heroku.limits.pop(app, None)
        world.checker.limited(app, None)

    return begin, end


def _row_missing(world: World, incident: Incident) -> tuple[Deed, Deed]:
    missing = world.heroku.missing[incident.target]
    return (
        lambda: missing.add(incident.part),
        lambda: missing.discard(incident.part),
    )


def _by_hand(world: World, incident: Incident) -> tuple[Deed, None]:
    def begin() -> None:
        rows = world.heroku.apps[incident.target].formation
        if incident.part in rows:
            quantity = int(incident.value)
            world.changed(incident.target, incident.part, quantity, "hand")
            rows[incident.part] = replace(rows[incident.part], quantity=quantity)

    return begin, None


def _release(world: World, incident: Incident) -> tuple[Deed, None]:
    def begin() -> None:
        world.heroku.apps[incident.target].released_at = world.scheduler.now

    return begin, None


def _add_type(world: World, incident: Incident) -> tuple[Deed, None]:
    def begin() -> None:
        app = world.heroku.apps[incident.target]
        app.released_at = world.scheduler.now
        app.formation.setdefault(ADDED, ProcessType(0, DYNOS))
        world.checker.deployed(incident.target, ADDED)

    return begin, None


def _remove_type(world: World, incident: Incident) -> tuple[Deed, None]:
    def begin() -> None:
        app = world.heroku.apps[incident.target]
        app.released_at = world.scheduler.now
        app.formation.pop(incident.part, None)
        world.checker.refused(incident.target)

    return begin, None


def _swap(world: World, incident: Incident) -> tuple[Deed, None]:
    def begin() -> None:
        names = sorted(world.heroku.apps)
        other = names[(names.index(incident.target) + 1) % len(names)]
        world.heroku.swap(incident.target, other)
        world.checker.swapped(incident.target, other)

    return begin, None


def _member(
    attribute: str, *, whole_app: bool = False
) -> Callable[[World, Incident], tuple[Deed, Deed]]:
    """Put an app, or one of its process types, among the sick ones for a time."""

    def deeds(world: World, incident: Incident) -> tuple[Deed, Deed]:
        state = world.fleet_state
        among = getattr(state, attribute)
        key = incident.target if whole_app else (incident.target, incident.part)

        def begin() -> None:
            if isinstance(among, dict):
                among[key] = incident.value
            else:
                among.add(key)

        def end() -> None:
            if isinstance(among, dict):
                among.pop(key, None)
            else:
                among.discard(key)
            world.checker.recovered(incident.target)

        return begin, end

    return deeds


Deeds = Callable[["World", Incident], tuple[Deed, Deed | None]]
DEEDS: dict[str, Deeds] = {
    "redis away": _flag("redis_is_away", AFTERMATH),
    "redis empty": _empty,
    "database away": _flag("database_is_away", 10),
    "database hangs": _flag("database_hangs", AFTERMATH),
    "beat stops": _flag("beat_stands_still", 20),
    "two beats": _second_beat,
    "worker freezes": _freeze,
    "keeper stalls": _stall,
    "worker upgraded": _upgrade,
    "clock jumps": _jump,
    "heroku down": _heroku_fails("503"),
    "heroku 401": _heroku_fails("401"),
    "heroku 429": _heroku_fails("429"),
    "heroku slow": _flag("heroku_is_slow", 20),
    "calls low": _calls_low,
    "PATCH without an answer": _lost_answer,
    "refusal": _refusal,
    "limit": _limit,
    "row missing": _row_missing,
    "by hand": _by_hand,
    "release": _release,
    "type added": _add_type,
    "type removed": _remove_type,
    "names swapped": _swap,
    "app fails": _member("failing", whole_app=True),
    "app slow": _member("slow", whole_app=True),
    "count null": _member("unknown"),
    "type left out": _member("left_out"),
    "least only": _member("least"),
}
