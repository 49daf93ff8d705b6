"""Scaling down kills no job where the app tells which dynos are busy.

Celery workers are real, and really get SIGTERM when their dyno is removed, and
SIGKILL a while later. So are the app's API, the scaler and both their Redis.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from benchmarks.killed_jobs.app import QUEUE
from benchmarks.killed_jobs.figures import figures, tell_story
from benchmarks.killed_jobs.load import Job
from benchmarks.killed_jobs.stage import APP, Setup, set_up
from devtools.guard import nothing_left_behind
from tests.support.waiting import wait_until

#: Longer than it takes until the idle dynos are gone, on a slow machine too.
LONG = 15.0
SHORT = 0.5
DYNOS = 3
#: From SIGTERM to SIGKILL; Heroku gives 30 s.
GRACE = 5.0


@pytest.fixture
def start():
    """Set an app up whose dynos are up and at work; the scaler is not, yet."""
    with nothing_left_behind() as folder, ExitStack() as stack:

        def start(**options):
            setup = Setup(dynos=DYNOS, most=DYNOS, grace=GRACE, **options)
            stage = stack.enter_context(set_up(folder, setup))
            wait_until(lambda: len(workers(stage)) == DYNOS, 30, "all workers")
            return stage

        yield start


def workers(stage):
    """Return the workers that answer, by the name of their dyno."""
    stage.follow()
    answers = stage.customers.control.ping(timeout=1, limit=DYNOS)
    return {name.partition("@")[0]: name for answer in answers for name in answer}


def send_to(stage, dyno, job):
    """Send a job while no other worker reads the queue."""
    control = stage.customers.control
    others = [name for own, name in workers(stage).items() if own != dyno]
    options = {"destination": others, "reply": True, "limit": len(others)}
    assert len(control.cancel_consumer(QUEUE, **options)) == len(others)
    stage.send(job)
    wait_until(lambda: began(stage, job))
    assert len(control.add_consumer(QUEUE, **options)) == len(others)


def began(stage, job):
    attempts = tell_story(stage.facts.read()).attempts
    return [one for one in attempts if one.job == job.number]


def quantity(stage):
    stage.follow()
    return stage.heroku.formation(APP)["worker"]


def running(stage):
    stage.follow()
    return stage.platform.running("worker")


def wait_for_quantity(stage, wanted):
    wait_until(lambda: quantity(stage) == wanted, 30, f"{wanted} dynos")
    wait_until(lambda: running(stage) == wanted)


def test_a_long_job_ends_and_the_idle_dynos_above_it_go_at_once(start):
    stage = start(busy=True)
    long = Job(1, 0.0, LONG)
    send_to(stage, "worker.2", long)
    for number in range(2, 6):
        stage.send(Job(number, 0.0, SHORT))
    stage.start_scaler()
    wait_for_quantity(stage, 2)
    gone_at = time.time()
    wait_for_quantity(stage, 0)

    story = tell_story(stage.facts.read())
    (attempt,) = began(stage, long)
    assert attempt.life.number == 2
    assert attempt.over_at is not None
    assert gone_at < attempt.over_at
    found = figures(story)
    assert (found.jobs, found.killed, found.lost) == (5, 0, 0)


def test_without_that_the_same_job_is_killed(start):
    """What a scaler that knows counts alone does; so the test above says something."""
    stage = start(busy=False)
    long = Job(1, 0.0, LONG)
    send_to(stage, "worker.2", long)
    stage.start_scaler()
    wait_for_quantity(stage, 1)

    (attempt,) = began(stage, long)
    assert attempt.killed
