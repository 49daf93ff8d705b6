"""The clock of our processes jumps, and jumps back.

libfaketime sits between them and the kernel's clock: `time.time`, `datetime.now` and
everything else that reads the time of day see the jump while they run. The monotonic
clock does not, as on a real machine whose clock is set. The clocks of Redis, the
database, Heroku and the apps stay right.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

from chaos.catalog import (
    CLOCK_AHEAD,
    CLOCK_BACK,
    WORKER_AHEAD,
    WORKER_BEHIND,
    Kind,
)
from chaos.faults.process import second
from chaos.system import System
from chaos.waiting import wait_until

#: Where the library is in its package, and the variable that overrides that.
IN_PACKAGE = "vendor/libfaketime/src/libfaketime.so.1"
VARIABLE = "CHAOS_LIBFAKETIME"
HOUR = 3_600
#: Seconds by which a worker's clock differs from all others.
SKEW = 20
#: Seconds between the library's reads of the file; each costs time.
LOOKS = 1
#: Seconds until the first poll after a start.
PATIENCE = 15.0


@cache
def library() -> Path | None:
    """Return the library that shifts the clock; None if there is none."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    package = find_spec("libfaketime")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / IN_PACKAGE
    return path if path.is_file() else None


@contextmanager
def jumped(seconds: int, system: System) -> Iterator[None]:
    """Make the clock of worker and beat jump while they run, and jump back.

    They are restarted before, with the library and the right time, and again
    afterwards without it: it slows threads that wait for each other down many times.
    """
    _prepare(system)
    clock = system.folder / "clock"
    _set(clock, seconds)
    yield
    _set(clock, 0)
    for name in ("beat", "worker"):
        system.stop(name)
        getattr(system, name).start()
    for dyno in (system.beat, system.worker):
        dyno.wait_until_ready()


@contextmanager
def skewed(seconds: int, system: System) -> Iterator[None]:
    """Run a second worker whose clock differs from all others."""
    env = {
        "LD_PRELOAD": str(library()),
        "FAKETIME": f"{seconds:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with second("worker", system, env):
        yield


def _prepare(system: System) -> None:
    """Restart worker and beat with a clock that can be set."""
    clock = system.folder / "clock"
    _set(clock, 0)
    env = {
        "LD_PRELOAD": str(library()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": str(LOOKS),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    for dyno in (system.beat, system.worker):
        dyno.kill()
        dyno.start(env)
    for dyno in (system.beat, system.worker):
        dyno.wait_until_ready()
    ready = time.time()
    wait_until(lambda: system.has_polled_since(ready), PATIENCE)


def _set(clock: Path, seconds: int) -> None:
    """Set the clock, and wait until the library has read it.

    The file is replaced atomically.
    """
    new = clock.with_suffix(".new")
    new.write_text(f"{seconds:+d}\n")
    new.replace(clock)
    time.sleep(LOOKS)


CLOCK: dict[Kind, Callable[[System], AbstractContextManager[None]]] = {
    CLOCK_AHEAD: partial(jumped, HOUR),
    CLOCK_BACK: partial(jumped, -HOUR),
    WORKER_BEHIND: partial(skewed, -SKEW),
    WORKER_AHEAD: partial(skewed, SKEW),
}
