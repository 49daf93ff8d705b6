"""Apps whose API fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chaos.schedule import Fault
from chaos.script import name_of
from chaos.system import System


@contextmanager
def sick_apps(fault: Fault, system: System) -> Iterator[None]:
    """Make some apps sick."""
    names = [name_of(app) for app in fault.apps]
    system.make_sick(dict.fromkeys(names, fault.kind.name))
    yield
    system.make_sick(dict.fromkeys(names))
