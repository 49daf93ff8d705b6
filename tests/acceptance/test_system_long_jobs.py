"""Scaling down kills no job if the app reports which dynos are busy.

The Celery workers are real and get real signals: SIGTERM when their dyno is removed,
SIGKILL some time later. The app's API, the scaler and their Redis are real, too.
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

pytestmark = pytest.mark.deep

#: Longer than it takes to remove the idle dynos, even on a slow machine.
LONG = 15.0
SHORT = 0.5
DYNOS = 3
#: From SIGTERM to SIGKILL; Heroku gives 30 s.
GRACE = 5.0


@pytest.fixture
def start():
    """Set up an app whose dynos are running; the scaler is not started yet."""
    with nothing_left_behind() as folder, ExitStack() as stack:

        def start(**options):
            setup = Setup(dynos=DYNOS, most=DYNOS, grace=GRACE, **options)
            stage = stack.enter_context(set_up(folder, setup))
            wait_until(lambda: len(workers(stage)) == DYNOS, 30, "all workers")
            return stage

        yield start


def workers(stage):
    """Return the workers that answer, by dyno."""
    stage.follow()
    answers = stage.customers.control.ping(timeout=1, limit=DYNOS)
    return {name.partition("@")[0]: name for answer in answers for name in answer}


def send_to(stage, dyno, job):
    """Send a job while no other worker consumes the queue."""
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


def test_a_long_job_ends_and_idle_dynos_above_it_are_removed_at_once(start):
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


def test_without_busy_dynos_the_same_job_is_killed(start):
    """The contrast to the test above: a scaler that knows only counts."""
    stage = start(busy=False)
    long = Job(1, 0.0, LONG)
    send_to(stage, "worker.2", long)
    stage.start_scaler()
    wait_for_quantity(stage, 1)

    (attempt,) = began(stage, long)
    assert attempt.killed
