"""Our own processes die, end, hang, are restarted, run twice, or have a wrong key."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from chaos.catalog import (
    BEAT_FROZEN,
    BEAT_KILLED,
    BEAT_STORM,
    BEAT_TERMED,
    TWO_BEATS,
    TWO_WORKERS,
    WORKER_KILLED,
    WORKER_TERMED,
    WRONG_KEY,
    Kind,
)
from chaos.dyno import Dyno
from chaos.system import PERIOD, System

#: Restarts in a storm, and the part of a period that beat runs each time.
RESTARTS, RUNS = 6, 0.6


@contextmanager
def killed_worker(system: System) -> Iterator[None]:
    """Kill the worker and restart it, as Heroku does with a dyno."""
    system.worker.kill()
    system.worker.start()
    system.worker.wait_until_ready()
    yield


@contextmanager
def killed_beat(system: System) -> Iterator[None]:
    """Kill beat and restart it."""
    system.beat.kill()
    system.beat.start()
    system.beat.wait_until_ready()
    yield


@contextmanager
def frozen_beat(system: System) -> Iterator[None]:
    """Suspend beat for several periods."""
    system.beat.freeze()
    yield
    system.beat.thaw()


@contextmanager
def ended(name: str, system: System) -> Iterator[None]:
    """Stop a process with SIGTERM, as a deployment does, and start it again."""
    system.stop(name)
    dyno: Dyno = getattr(system, name)
    dyno.start()
    dyno.wait_until_ready()
    yield


@contextmanager
def restart_storm(system: System) -> Iterator[None]:
    """Restart beat again and again, before a period is over."""
    for _ in range(RESTARTS):
        system.beat.kill()
        system.beat.start()
        system.beat.wait_until_ready()
        time.sleep(RUNS * PERIOD)
    yield


@contextmanager
def second(
    name: str, system: System, more: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a second process beside the first, as during a deployment."""
    folder = Path(mkdtemp(prefix=f"second-{name}-", dir=system.folder))
    dyno = Dyno(name, system.env, folder)
    try:
        dyno.start(more)
        dyno.wait_until_ready()
        yield
        system.note_end(f"second {name}", ended=dyno.stop())
    finally:
        dyno.kill()


@contextmanager
def wrong_key(system: System) -> Iterator[None]:
    """Run a second worker with another secret key: it can read no URL."""
    key = base64.urlsafe_b64encode(os.urandom(32)).decode()
    with second("worker", system, {"SCALAR_SECRET_KEY": key}):
        yield


PROCESS: dict[Kind, Callable[[System], AbstractContextManager[None]]] = {
    WORKER_KILLED: killed_worker,
    BEAT_KILLED: killed_beat,
    BEAT_FROZEN: frozen_beat,
    WORKER_TERMED: partial(ended, "worker"),
    BEAT_TERMED: partial(ended, "beat"),
    BEAT_STORM: restart_storm,
    TWO_BEATS: partial(second, "beat"),
    TWO_WORKERS: partial(second, "worker"),
    WRONG_KEY: wrong_key,
}
