"""Our own processes die, stand still, or are there twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from chaos.catalog import BEAT_FROZEN, BEAT_KILLED, TWO_BEATS, WORKER_KILLED, Kind
from chaos.dyno import Dyno
from chaos.system import System


@contextmanager
def killed_worker(system: System) -> Iterator[None]:
    """Kill the worker; it is started again, as Heroku does with a dyno."""
    system.worker.kill()
    system.worker.start()
    yield


@contextmanager
def killed_beat(system: System) -> Iterator[None]:
    """Kill beat; it is started again."""
    system.beat.kill()
    system.beat.start()
    yield


@contextmanager
def frozen_beat(system: System) -> Iterator[None]:
    """Let beat stand still for several periods."""
    system.beat.freeze()
    yield
    system.beat.thaw()


@contextmanager
def two_beats(system: System) -> Iterator[None]:
    """Let a second beat run beside the first, as during a deployment."""
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
