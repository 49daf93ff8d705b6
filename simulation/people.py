"""What people type: each command reads, then writes, as the service does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from scalar.core.app_state import WHOLE_APP
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import ScalarError
from scalar.service.parts import Parts
from scalar.service.policies import change_policy
from simulation.incidents import Incident
from simulation.ports import Keeper
from simulation.scheduler import WorkerClock

if TYPE_CHECKING:
    from simulation.world import World

Deed = Callable[[], None]


def _desk(world: World) -> Parts:
    """Return the ports as a command has them."""
    from scalar.adapters.redis import memory_json  # noqa: PLC0415 - only here
    from simulation.workers import parts_of  # noqa: PLC0415 - the workers import us

    clock = WorkerClock(world.scheduler)
    return parts_of(world, world.line, clock, Keeper(memory_json.dump))


def _set(
    world: World,
    app: str,
    part: str,
    put: Mapping[str, str],
    removed: Iterable[str] = (),
) -> None:
    """Set values of a policy, and take others away."""
    parts = _desk(world)
    try:
        name = world.registered_as(app)
        change_policy(parts, name, part, put=put, remove=tuple(removed))
    except ScalarError as exc:
        world.note("refused", exc)
        return
    world.checker.ordered(app, part, put, tuple(removed))


def _pause(direction: str) -> Callable[[World, Incident], list[Deed]]:
    def order(world: World, incident: Incident) -> list[Deed]:
        end = world.moment(world.scheduler.now) + timedelta(seconds=incident.seconds)
        text = end.isoformat(timespec="seconds")
        return [lambda: _set(world, incident.target, WHOLE_APP, {direction: text})]

    return order


def _set_policy(world: World, incident: Incident) -> list[Deed]:
    """Set `min` of a process type."""
    put = {"min": f"{incident.value:.0f}"}
    return [lambda: _set(world, incident.target, incident.part, put)]


def _two_orders(world: World, incident: Incident) -> list[Deed]:
    """Pause an app while somebody else sets another value of it."""
    pause = _pause("pause_down")(world, incident)
    other = {"fallback_after": "4"}
    return [*pause, lambda: _set(world, incident.target, WHOLE_APP, other)]


def _dry_run(world: World, incident: Incident) -> list[Deed]:
    def for_a_while() -> None:
        _set(world, incident.target, WHOLE_APP, {"dry_run": "yes"})
        world.scheduler.sleep(incident.seconds)
        _set(world, incident.target, WHOLE_APP, {}, ["dry_run"])

    return [for_a_while]


def _delete(world: World, incident: Incident) -> list[Deed]:
    """Remove an app, and register it again after a while."""
    name = incident.target

    def for_a_while() -> None:
        if name in world.checker.others:
            return  # a person would not know which one the name means now
        parts = _desk(world)
        try:
            registered = world.registered_as(name)
            app_id = parts.registry.app_key(registered).id
            parts.registry.remove(registered)
            world.checker.unregistered(name)
            parts.states.forget(app_id)
        except ScalarError as exc:
            world.note("refused", exc)
        world.scheduler.sleep(incident.seconds)
        try:
            address = CountsAddress.parse(world.apps[name].url)
            present = world.heroku.name_of(name)
            added = parts.registry.add(present, address, parts.clock.now())
            world.homes[added.id] = name
            world.checker.registered(name)
            values = world.apps[name].values()
            parts.registry.set_policy(present, WHOLE_APP, values)
        except ScalarError as exc:
            world.note("refused", exc)

    return [for_a_while]


ORDERS: dict[str, Callable[[World, Incident], list[Deed]]] = {
    "pause down": _pause("pause_down"),
    "pause up": _pause("pause_up"),
    "two orders at once": _two_orders,
    "set-policy": _set_policy,
    "dry run": _dry_run,
    "del-app": _delete,
}
