"""Our own processes die, hang, or run twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from chaos.catalog import BEAT_FROZEN, BEAT_KILLED, TWO_BEATS, WORKER_KILLED, Kind
from chaos.dyno import Dyno
from chaos.system import System


@contextmanager
def killed_worker(system: System) -> Iterator[None]:
    """Kill the worker and restart it, as Heroku does with a dyno."""
    system.worker.kill()
    system.worker.start()
    yield


@contextmanager
def killed_beat(system: System) -> Iterator[None]:
    """Kill beat and restart it."""
    system.beat.kill()
    system.beat.start()
    yield


@contextmanager
def frozen_beat(system: System) -> Iterator[None]:
    """Suspend beat for several periods."""
    system.beat.freeze()
    yield
    system.beat.thaw()


@contextmanager
def two_beats(system: System) -> Iterator[None]:
    """Run a second beat beside the first, as during a deployment."""
    folder = system.folder / "second"
    folder.mkdir(exist_ok=True)
    second = Dyno("beat", system.env, folder)
    second.start()
    second.wait_until_ready()
    yield
    second.kill()


PROCESS: dict[Kind, Callable[[System], AbstractContextManager[None]]] = {
    WORKER_KILLED: killed_worker,
    BEAT_KILLED: killed_beat,
    BEAT_FROZEN: frozen_beat,
    TWO_BEATS: two_beats,
}
