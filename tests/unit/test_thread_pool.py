"""The threads of a worker."""

from __future__ import annotations

import threading

from scalar.worker._pool import FireAndForgetExecutor, TaskPool

TIMEOUT = 5


def test_so_many_calls_run_at_a_time_and_the_others_wait():
    started, ended = threading.Semaphore(0), threading.Semaphore(0)

    def call():
        started.release()
        ended.acquire()

    threads = FireAndForgetExecutor(3)
    for _ in range(5):
        threads.submit(call)
    assert all(started.acquire(timeout=TIMEOUT) for _ in range(3))
    assert not started.acquire(timeout=0.1)

    ended.release()
    assert started.acquire(timeout=TIMEOUT)
    ended.release(4)
    threads.shutdown()


def test_a_call_that_fails_ends_no_thread(caplog):
    done = []

    def fail():
        raise SystemExit

    threads = FireAndForgetExecutor(1)
    threads.submit(fail)
    threads.submit(done.append, 1)
    threads.shutdown()

    assert done == [1]
    assert caplog.messages == ["message.failed detail=SystemExit"]


def test_the_end_waits_for_what_has_begun_and_forgets_the_rest():
    started, go_on, done = threading.Event(), threading.Event(), []

    def first():
        started.set()
        go_on.wait(TIMEOUT)
        done.append("first")

    threads = FireAndForgetExecutor(1)
    threads.submit(first)
    threads.submit(done.append, "second")
    started.wait(TIMEOUT)
    ending = threading.Thread(target=threads.shutdown, kwargs={"cancel_futures": True})
    ending.start()
    go_on.set()
    ending.join(TIMEOUT)

    assert done == ["first"]


def test_celery_runs_a_task_in_them_and_hears_of_it():
    heard = threading.Event()
    answers = []

    def callback(answer):
        answers.append(answer)
        heard.set()

    pool = TaskPool(2)
    pool.apply_async(lambda number: number * 2, args=(21,), callback=callback)
    assert heard.wait(TIMEOUT)
    pool.on_stop()

    assert answers == [42]
    assert pool.info["threads"] == 2
