"""Beat and worker, run as deployed, scale the formation."""

from __future__ import annotations

import pytest

from tests.support.waiting import wait_until

#: The example in the README.
COUNTS = {"celeryd": 2, "celerybd": 99, "someotherproc": 0}
DYNOS_BEFORE = {"web": 1, "celeryd": 0, "celerybd": 1, "someotherproc": 1}
FOR_BOUNDARY = {
    "10": {"celeryd": 1, "celerybd": 10, "someotherproc": 0},
    "0": {"celeryd": 1, "celerybd": 1, "someotherproc": 0},
}


@pytest.mark.parametrize(
    ("boundary", "lines"),
    [
        pytest.param("10", ("beat", "worker"), id="10, beat and worker"),
        pytest.param("10", ("all-in-one",), id="10, all in one"),
        pytest.param("0", ("all-in-one",), id="0, all in one"),
    ],
)
def test_the_readme_example_is_scaled_within_three_periods(
    make_system, counts_app, name, lines, boundary
):
    system = make_system(COUNT_BOUNDARY=boundary)
    system.register(name, DYNOS_BEFORE)
    counts_app.answer(COUNTS)
    counts_app.clear()
    system.start(*lines)
    system.wait_for_dynos(name, FOR_BOUNDARY[boundary])

    assert system.polls <= 3
    assert len(system.patches(name)) == 1
    assert system.dynos(name) == {"web": 1, **FOR_BOUNDARY[boundary]}


def test_the_journal_on_postgresql_records_each_change(
    make_system, counts_app, name, postgres_url
):
    system = make_system(postgres_url, COUNT_BOUNDARY="10")
    system.register(name, {"worker": 0})
    counts_app.answer({"worker": 21})
    system.start("all-in-one")
    system.wait_for_dynos(name, {"worker": 3})
    counts_app.answer({"worker": 0})
    system.wait_for_dynos(name, {"worker": 0})
    wait_until(lambda: len(system.events(name)) == 2)

    journal = [
        (event["kind"], event["from_quantity"], event["to_quantity"], event["count"])
        for event in system.events(name)
    ]
    assert journal == [("scaled", 0, 3, 21), ("scaled", 3, 0, 0)]


def test_twenty_periods_without_a_change_make_no_heroku_call(
    make_system, counts_app, name
):
    system = make_system(COUNT_BOUNDARY="10")
    system.register(name, DYNOS_BEFORE)
    counts_app.answer(COUNTS)
    system.start("beat", "worker")
    system.wait_for_dynos(name, FOR_BOUNDARY["10"])
    system.wait_for_polls(1)
    system.heroku.clear_requests()
    system.wait_for_polls(20)

    assert system.heroku.requests() == []


@pytest.mark.parametrize(
    ("lines", "most"),
    [
        pytest.param(("beat", "worker"), 8, id="beat and worker"),
        pytest.param(("all-in-one",), 8, id="all in one"),
    ],
)
def test_celery_inspect_finds_the_worker_and_few_connections_are_used(
    make_system, counts_app, name, lines, most
):
    """Heroku's smallest Redis allows 20, and a new dyno overlaps with the old one."""
    system = make_system()
    system.register(name, {"worker": 0})
    counts_app.answer({"worker": 1})
    system.start(*lines)
    system.wait_for_dynos(name, {"worker": 1})
    system.wait_for_polls(3)
    connections = system.redis_connections()

    answer = system.celery("inspect", "registered")
    assert "scalar.poll_and_scale" in answer
    assert "1 node online" in answer
    assert connections <= most


def test_a_new_app_is_polled_and_a_removed_one_is_left_alone(
    make_system, counts_app, name
):
    system = make_system()
    system.start("all-in-one")
    system.register(name, {"worker": 0})
    counts_app.answer({"worker": 1})
    system.wait_for_dynos(name, {"worker": 1})
    system.cli("del-app", name, "--yes")
    # Everything in flight is over by the third tick from now.
    wait_until(lambda: system.logs().count("tick.done sent=0") >= 3)
    polls = system.polls
    counts_app.answer({"worker": 0})
    wait_until(lambda: system.logs().count("tick.done sent=0") >= 5)

    assert system.polls == polls
    assert system.dynos(name) == {"worker": 1}
