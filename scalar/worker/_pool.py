"""The threads that run a worker's tasks: Celery's setting `worker_pool`."""

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
from scalar.core.repeated import repeats

log = logging.getLogger("scalar.worker")

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class FireAndForgetExecutor(Executor):
    """Runs calls in a fixed number of threads, and discards their results.

    The standard library's executor makes a future with locks for each call. No one
    reads it here: a task reports its result to Celery itself.
    """

    def __init__(self, number: int) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._done: Future[None] = Future()
        self._done.set_result(None)
        self._threads = [
            threading.Thread(target=self._run, name=f"task-{index}", daemon=True)
            for index in range(number)
        ]
        for each in self._threads:
            each.start()

    def submit(  # type: ignore[override] # the result is discarded
        self, call: Callable[..., Any], /, *args: Any
    ) -> Future[None]:
        """Queue a call; the future is already done, whatever the call returns."""
        self._calls.put((call, args))
        return self._done

    def shutdown(
        self,
        wait: bool = True,  # noqa: FBT001, FBT002 - as in the standard library
        *,
        cancel_futures: bool = False,
    ) -> None:
        """End the threads, after running the queued calls unless they are cancelled."""
        if cancel_futures:
            with suppress(Empty):
                while True:
                    self._calls.get_nowait()
        for _ in self._threads:
            self._calls.put(None)
        for each in self._threads if wait else ():
            each.join()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            function, args = call
            try:
                function(*args)
            except BaseException as exc:  # noqa: BLE001 - Celery's own code failed on this message
                line = logfmt.line("message.failed", detail=type(exc).__name__)
                log.error(line, extra=repeats("message.failed"))  # noqa: TRY400 - one line


class TaskPool(thread.TaskPool):
    """Celery's thread pool, with this executor."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.executor = FireAndForgetExecutor(self.limit)
