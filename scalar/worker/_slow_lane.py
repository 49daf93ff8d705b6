"""Keep slow apps from taking all threads of a worker.

Each worker bounds its own threads, so the bound holds however many workers there are,
and slow apps that answer fast again are polled as fast as they answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

Evaluate = Callable[[], None]


class SlowLane:
    """Evaluates slow apps in a few of a worker's threads.

    An evaluation that finds no thread free waits here, in the order of arrival, and
    frees the thread that brought it. A reservation that ends meanwhile makes it void,
    so what is left over costs nothing but its look at Redis.
    """

    def __init__(self, threads: int) -> None:
        self._free = threads
        self._waiting: dict[int, Evaluate] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def run(self, app_id: int, evaluate: Evaluate) -> None:
        """Evaluate a slow app, and those that wait; or leave it to other threads."""
        with self._lock:
            # A newer message replaces the app's older one: that is void by now.
            self._waiting.pop(app_id, None)
            self._waiting[app_id] = evaluate
            if not self._free:
                return
            self._free -= 1
        while following := self._next():
            self._evaluate(following)

    def close(self) -> None:
        """Begin no more evaluations: the worker is about to end."""
        with self._lock:
            self._is_closed = True
            self._waiting.clear()

    def _next(self) -> Evaluate | None:
        """Return the one that has waited longest; free the thread if none has."""
        with self._lock:
            if self._waiting and not self._is_closed:
                return self._waiting.pop(next(iter(self._waiting)))
            self._free += 1
            return None

    def _evaluate(self, evaluate: Evaluate) -> None:
        try:
            evaluate()
        except BaseException:
            with self._lock:
                self._free += 1
            raise
