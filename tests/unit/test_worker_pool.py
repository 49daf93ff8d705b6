"""The thread pool of a worker."""

from __future__ import annotations

import threading

from scalar.worker._pool import FireAndForgetExecutor, TaskPool

TIMEOUT = 5


def test_as_many_calls_run_at_once_as_there_are_threads():
    started, ended = threading.Semaphore(0), threading.Semaphore(0)

    def call():
        started.release()
        ended.acquire()

    executor = FireAndForgetExecutor(3)
    for _ in range(5):
        executor.submit(call)
    assert all(started.acquire(timeout=TIMEOUT) for _ in range(3))
    assert not started.acquire(timeout=0.1)

    ended.release()
    assert started.acquire(timeout=TIMEOUT)
    ended.release(4)
    executor.shutdown()


def test_a_failing_call_does_not_end_its_thread(caplog):
    done = []

    def fail():
        raise SystemExit

    executor = FireAndForgetExecutor(1)
    executor.submit(fail)
    executor.submit(done.append, 1)
    executor.shutdown()

    assert done == [1]
    assert caplog.messages == ["message.failed detail=SystemExit"]


def test_shutdown_waits_for_running_calls_and_cancels_queued_ones():
    started, go_on, done = threading.Event(), threading.Event(), []

    def first():
        started.set()
        go_on.wait(TIMEOUT)
        done.append("first")

    executor = FireAndForgetExecutor(1)
    executor.submit(first)
    executor.submit(done.append, "second")
    started.wait(TIMEOUT)
    ending = threading.Thread(target=executor.shutdown, kwargs={"cancel_futures": True})
    ending.start()
    go_on.set()
    ending.join(TIMEOUT)

    assert done == ["first"]


def test_celery_runs_a_task_and_gets_its_result():
    called_back = threading.Event()
    answers = []

    def callback(answer):
        answers.append(answer)
        called_back.set()

    pool = TaskPool(2)
    pool.apply_async(lambda number: number * 2, args=(21,), callback=callback)
    assert called_back.wait(TIMEOUT)
    pool.on_stop()

    assert answers == [42]
    assert pool.info["threads"] == 2
