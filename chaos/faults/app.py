"""Apps whose API goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chaos.schedule import Fault
from chaos.script import name_of
from chaos.system import System


@contextmanager
def sick_apps(fault: Fault, system: System) -> Iterator[None]:
    """Let some apps be sick."""
    names = [name_of(app) for app in fault.apps]
    system.be_sick(dict.fromkeys(names, fault.kind.name))
    yield
    system.be_sick(dict.fromkeys(names))
