"""The threads in which a worker runs its tasks: `worker_pool` of Celery's settings."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from celery.concurrency import thread

from scalar.core import logfmt

log = logging.getLogger("scalar.worker")

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Threads(Executor):
    """Runs calls in a fixed number of threads, and tells nobody what came of them.

    That of the standard library tells it by a future for each call, with locks of
    its own, which nobody reads here: a task tells Celery how it went.
    """

    def __init__(self, number: int) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._told: Future[None] = Future()
        self._told.set_result(None)
        self._threads = [
            threading.Thread(target=self._run, name=f"task-{place}", daemon=True)
            for place in range(number)
        ]
        for one in self._threads:
            one.start()

    def submit(  # type: ignore[override] # it promises no result
        self, call: Callable[..., Any], /, *args: Any
    ) -> Future[None]:
        """Run a call when a thread is free; the future says nothing of it."""
        self._calls.put((call, args))
        return self._told

    def shutdown(
        self,
        wait: bool = True,  # noqa: FBT001, FBT002 - the standard library's
        *,
        cancel_futures: bool = False,
    ) -> None:
        """End the threads, once they have run what they are to run."""
        if cancel_futures:
            with suppress(Empty):
                while True:
                    self._calls.get_nowait()
        for _ in self._threads:
            self._calls.put(None)
        for one in self._threads if wait else ():
            one.join()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            function, args = call
            try:
                function(*args)
            except BaseException as exc:  # noqa: BLE001 - Celery's own code failed, for this message
                log.error(logfmt.line("message.failed", detail=type(exc).__name__))  # noqa: TRY400 - one line


class TaskPool(thread.TaskPool):
    """Celery's pool of threads, with these."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.executor = Threads(self.limit)
