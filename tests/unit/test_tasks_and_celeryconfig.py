"""Celery's settings that others rely on, and the two tasks."""

from __future__ import annotations

import json
import logging
import pickle
import runpy
import subprocess
import sys
from types import SimpleNamespace

import pytest
from celery.app.trace import trace_task_ret
from celery.signals import worker_shutting_down
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads, prepare_accept_content

from devtools.procfile import ROOT, line
from scalar import tasks
from scalar.adapters.deadline import seconds_left
from scalar.core.errors import CoordinationError, RegistryError
from scalar.worker import SLOW, SlowLane
from tests.unit.world import World

conf = tasks.app.conf


@pytest.fixture
def world(monkeypatch):
    """One app in memory, which the tasks work on."""
    world = World()
    world.add(worker=1)
    world.report({"worker": 99})
    monkeypatch.setattr(tasks, "toolbox", lambda: SimpleNamespace(parts=world.parts))
    return world


def failing(error):
    def fail(*_):
        raise error

    return fail


def test_beat_ticks_once_a_period_and_no_clock_of_a_worker_drops_a_tick(monkeypatch):
    """Celery compares the time at which a message expires with the worker's clock."""
    monkeypatch.setenv("SLEEP_PERIOD", "7")
    config = runpy.run_path(str(ROOT / "celeryconfig.py"))

    (entry,) = config["beat_schedule"].values()
    assert entry["task"] == tasks.fan_out.name
    assert entry["schedule"].seconds == 7
    assert entry["options"].keys() == {"queue"}


def test_a_tick_does_not_wait_behind_evaluations_and_the_worker_takes_both():
    route = tasks.app.amqp.router.route
    queues = [
        route(conf.beat_schedule["fan-out"]["options"].copy(), tasks.fan_out.name),
        route({}, tasks.fan_out.name),
        route({}, tasks.poll_and_scale.name),
    ]

    assert [where["queue"].name for where in queues] == ["tick", "tick", "poll"]
    assert "--queues tick,poll " in line("worker")
    assert "--queues tick,poll " in line("all-in-one")


def test_pickled_code_is_never_run():
    """Who can write to Redis must not be able to run what he likes."""
    accepted = prepare_accept_content(conf.accept_content)

    with pytest.raises(ContentDisallowed):
        loads(
            pickle.dumps({}),
            "application/x-python-serialize",
            "binary",
            accept=accepted,
        )


def test_no_result_is_kept():
    assert conf.result_backend is None
    assert tasks.fan_out.ignore_result
    assert tasks.poll_and_scale.ignore_result


def test_a_message_is_gone_once_a_worker_has_it():
    """An evaluation is never worth doing late: the next tick is the retry."""
    with tasks.app.connection_for_read() as connection:
        transport = connection.transport_options

    assert transport["ack_emulation"] is False
    assert not tasks.poll_and_scale.acks_late


@pytest.fixture
def reserved(world):
    """The same, after a tick that ordered the app's evaluation."""
    world.coordinator.reserve([1], "token", 10)
    return world


def test_a_task_evaluates_its_app(reserved):
    tasks.poll_and_scale(1, "shop", 1, "token")

    assert reserved.dynos() == {"worker": 10}


@pytest.mark.parametrize("slow", [True, False])
def test_slow_apps_are_evaluated_in_their_own_threads(reserved, monkeypatch, slow):
    """Their messages say so in a header, as a worker hands it to the task."""
    lane = []
    monkeypatch.setattr(tasks.slow_lane, "run", lambda *call: lane.append(call))
    headers = {"id": "1", "root_id": "1", **({SLOW: True} if slow else {})}
    body = json.dumps([[1, "shop", 1, "token"], {}, {}]).encode()
    trace_task_ret(
        *(tasks.poll_and_scale.name, "1", headers, body),
        *("application/json", "utf-8"),
        app=tasks.app,
    )
    assert len(lane) == slow
    assert reserved.dynos() == {"worker": 1 if slow else 10}
    for app_id, evaluate in lane:
        assert app_id == 1
        evaluate()

    assert reserved.dynos() == {"worker": 10}


def test_a_worker_that_is_to_end_begins_no_slow_app_that_waits(monkeypatch):
    lane = SlowLane(1)
    monkeypatch.setattr(tasks, "slow_lane", lane)
    worker_shutting_down.send(sender="worker")
    lane.run(1, lambda: pytest.fail("began"))


def test_numbers_that_come_as_text_are_numbers(reserved):
    tasks.poll_and_scale("1", "shop", "1", "token")

    assert reserved.dynos() == {"worker": 10}


def test_an_expected_failure_of_an_evaluation_is_one_line(
    reserved, caplog, monkeypatch
):
    error = RegistryError("The database does not answer")
    monkeypatch.setattr(reserved.registry, "find", failing(error))
    with caplog.at_level(logging.INFO, "scalar"):
        tasks.poll_and_scale(1, "shop", 1, "token")

    assert caplog.messages == [
        'poll.failed app=shop detail="The database does not answer"'
    ]


def test_an_expected_failure_of_a_tick_is_one_line(world, caplog, monkeypatch):
    error = CoordinationError("Redis does not answer")
    monkeypatch.setattr(world.coordinator, "open_tick", failing(error))
    with caplog.at_level(logging.INFO, "scalar"):
        tasks.fan_out()

    assert caplog.messages == ['tick.failed detail="Redis does not answer"']


def test_beat_loads_nothing_that_only_evaluations_need():
    """It has a dyno of its own, and sends one message a period."""
    program = (
        "import sys, scalar.tasks; scalar.tasks.app.conf.beat_schedule; "
        "print(*{'sqlalchemy', 'heroku3', 'requests', 'alembic'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == []


def test_an_evaluation_has_a_deadline(world, monkeypatch):
    """Heroku kills a worker 30 s after it asked it to stop."""
    left = []
    read = world.counts.read

    def measure(*facts):
        left.append(seconds_left(1_000))
        return read(*facts)

    monkeypatch.setattr(world.counts, "read", measure)
    key = world.registry.app_key("shop")
    world.coordinator.reserve([key.id], "token", 60)
    tasks.poll_and_scale(key.id, key.name, key.revision, "token")

    assert 0 < left[0] <= tasks.EVALUATION_SECONDS <= 25
