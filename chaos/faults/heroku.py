"""A Heroku API that does not answer, or answers wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from chaos.schedule import Fault
from chaos.script import name_of
from chaos.system import LATE, SETTINGS, System
from chaos.waiting import wait_until
from local_heroku.control import FaultName

#: Seconds that an answer takes: within our timeout, and beyond it.
SLOW, TOO_SLOW = 1.0, float(SETTINGS["HEROKU_TIMEOUT"]) + 1
#: Calls that get no answer and are made late; more would only be tried again.
LATE_CALLS = {"apply_late": 2}
#: Seconds between two bytes, so that an answer takes longer than our timeout.
DRIP = 0.05
#: Seconds to wait for the first call that the fault affects.
PATIENCE = 10.0
OPTIONS: dict[str, tuple[FaultName, dict[str, Any]]] = {
    "slow": ("latency", {"seconds": SLOW}),
    "too slow": ("latency", {"seconds": TOO_SLOW}),
    # The change is made when the scaler may have read the formation long since.
    "apply_late": ("apply_late", {"method": "PATCH", "seconds": LATE}),
    "drip": ("drip", {"seconds": DRIP}),
    # Only lists are paged.
    "partial": ("partial", {"method": "GET"}),
}


@contextmanager
def failing_heroku(fault: Fault, system: System) -> Iterator[None]:
    """Make all calls fail; wait for at least one."""
    name = fault.kind.name.removeprefix("heroku ")
    what, options = OPTIONS.get(name, (cast("FaultName", name), {}))
    times = LATE_CALLS.get(name)
    system.heroku.fail(fault.kind.status or what, times=times, **options)
    yield
    wait_until(lambda: any(one["happened"] for one in system.heroku.faults()), PATIENCE)
    system.heroku.clear_faults()


@contextmanager
def leaving_out(fault: Fault, system: System) -> Iterator[None]:
    """Make Heroku lack a process type of some apps."""
    for app in fault.apps:
        what = {"type": fault.process_type}
        system.heroku.fail("leave_out", app=name_of(app), times=None, extra=what)
    yield
    system.heroku.clear_faults()


@contextmanager
def refusing_heroku(fault: Fault, system: System) -> Iterator[None]:
    """Make Heroku refuse all calls for some apps.

    A refusal with a limit affects changes only: the formation can still be read.
    """
    limit = fault.kind.limit
    options: dict[str, Any] = {}
    if limit is not None:
        options = {
            "method": "PATCH",
            "error_id": "cannot_update_above_limit",
            "message": f"Cannot update to more than {limit} Standard-1X dynos",
            "extra": {"limit": limit},
        }
    for app in fault.apps:
        status = cast("int", fault.kind.status)
        system.heroku.fail(status, app=name_of(app), times=None, **options)
    yield
    system.heroku.clear_faults()
