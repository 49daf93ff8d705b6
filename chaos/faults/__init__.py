"""Inject each fault: a context manager for as long as it lasts.

`of` returns the context of a scheduled fault, which the module of the fault's family
defines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from chaos.catalog import Family
from chaos.faults.app import sick_apps
from chaos.faults.clock import CLOCK
from chaos.faults.database import DATABASE
from chaos.faults.heroku import failing_heroku, leaving_out, refusing_heroku
from chaos.faults.person import people
from chaos.faults.process import PROCESS
from chaos.faults.redis import REDIS
from chaos.schedule import Fault
from chaos.system import System

Inject = Callable[[Fault, System], AbstractContextManager[None]]


def of(fault: Fault, system: System) -> AbstractContextManager[None]:
    """Return a context that injects a fault on entry and removes it on exit."""
    by_family: Mapping[Family, Inject] = {
        Family.APP: sick_apps,
        Family.HEROKU: failing_heroku,
        Family.REFUSAL: leaving_out if fault.kind.hides_types else refusing_heroku,
        Family.PERSON: people,
    }
    if fault.kind.family in by_family:
        return by_family[fault.kind.family](fault, system)
    return {**PROCESS, **REDIS, **DATABASE, **CLOCK}[fault.kind](system)
