"""What people do on Heroku: they scale, switch off, and rename apps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from chaos.catalog import (
    LEASED,
    MAINTENANCE,
    RENAMED,
    SCALED_BY_HAND,
    SWITCHED_OFF,
    Kind,
)
from chaos.schedule import Fault
from chaos.script import name_of
from chaos.system import System

#: Dynos more or fewer than there are.
MORE = 3


@contextmanager
def scaled(fault: Fault, system: System) -> Iterator[None]:
    """Scale some apps up, and others to 0."""
    for place, app in enumerate(fault.apps):
        name = name_of(app)
        dynos = system.dynos()[name]
        system.scale_by_hand(
            name, {kind: 0 if place % 2 else n + MORE for kind, n in dynos.items()}
        )
    yield


@contextmanager
def switched_off(fault: Fault, system: System) -> Iterator[None]:
    """Set all to 0, and to 1 at the end."""
    dynos = system.dynos()
    names = [name_of(app) for app in fault.apps]
    for name in names:
        system.scale_by_hand(name, dict.fromkeys(dynos[name], 0))
    yield
    for name in names:
        system.scale_by_hand(name, dict.fromkeys(dynos[name], 1))


@contextmanager
def in_maintenance(fault: Fault, system: System) -> Iterator[None]:
    """Turn the maintenance mode on, and stop all dynos."""
    dynos = system.dynos()
    names = [name_of(app) for app in fault.apps]
    for name in names:
        system.maintain(name, is_on=True)
        system.scale_by_hand(name, dict.fromkeys(dynos[name], 0))
    yield
    for name in names:
        system.maintain(name, is_on=False)


@contextmanager
def renamed(fault: Fault, system: System) -> Iterator[None]:
    """Rename apps, and let others have their names; at the end all is as before."""
    names = [name_of(app) for app in fault.apps]
    for name in names:
        system.rename(name)
    yield
    for name in names:
        system.rename_back(name)


PERSON: Mapping[Kind, Callable[[Fault, System], AbstractContextManager[None]]] = {
    SCALED_BY_HAND: scaled,
    LEASED: scaled,
    SWITCHED_OFF: switched_off,
    MAINTENANCE: in_maintenance,
    RENAMED: renamed,
}


def people(fault: Fault, system: System) -> AbstractContextManager[None]:
    """Return the context of what people do to some apps."""
    return PERSON[fault.kind](fault, system)
