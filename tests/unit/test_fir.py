"""Heroku's Fir: dynos without numbers, of which any may be removed."""

from __future__ import annotations

import json

import pytest

from scalar.core.decision.dyno_limits import learn_limits
from scalar.core.formation import ProcessType
from scalar.core.policy.policy import Policy
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Reason
from scalar.formats import parse_answer
from scalar.formats.rich import MEDIA_TYPE
from tests.unit.deciding import decided, decided_all, default_policy
from tests.unit.world import World

FIR = "dyno-1c-0.5gb"
CEDAR = "Standard-1X"
ONE, OTHER = "worker-23z34x56y-w78k9", "worker-23z34x56y-0a1b2"


def busy(*dynos):
    return frozenset(dynos)


@pytest.fixture
def world():
    """An app on Fir with nine dynos."""
    world = World()
    world.add(size=FIR, worker=9)
    world.report({"worker": Reading(90, busy=busy(ONE))})
    world.poll()
    return world


def said_busy(*names):
    answer = {"version": 1, "process_types": {"worker": {"count": 1}}}
    answer["process_types"]["worker"]["busy_dynos"] = list(names)
    return parse_answer(json.dumps(answer).encode(), MEDIA_TYPE)["worker"].busy


@pytest.mark.parametrize(
    ("name", "dyno"),
    [
        pytest.param("worker.2", 2, id="Cedar"),
        pytest.param(ONE, ONE, id="Fir"),
        pytest.param("worker-1-23456", "worker-1-23456", id="Fir, digits only"),
    ],
)
def test_names_of_both_generations_are_read(name, dyno):
    assert said_busy(name) == {dyno}


@pytest.mark.parametrize(
    "name",
    [
        *("worker", "worker-w78k9", "worker-23z34x56y-w78k", "worker-23Z-w78k9"),
        *("mailer-23z34x56y-w78k9", "worker-23z34x56y-w78k9\n", "worker--w78k9"),
    ],
)
def test_any_other_name_makes_the_busy_dynos_unknown(name):
    assert isinstance(said_busy("worker.1", name), Unknown)


@pytest.mark.parametrize(
    ("size", "dynos", "desired"),
    [
        pytest.param(FIR, busy(ONE), 9, id="Fir: any could be the busy one"),
        pytest.param(FIR, busy(2), 9, id="Fir: a number says nothing"),
        pytest.param(FIR, busy(), 1, id="Fir: none is busy"),
        pytest.param(FIR, Unknown(Reason.BUSY_UNKNOWN), 9, id="Fir: not known"),
        pytest.param(FIR, None, 1, id="Fir: not reported, so by the count"),
        pytest.param(FIR.upper(), busy(ONE), 9, id="Fir: in capitals"),
        pytest.param(CEDAR, busy(2), 2, id="Cedar: the highest numbers go"),
        pytest.param(CEDAR, busy(ONE), 9, id="Cedar: a name without a number"),
        pytest.param(CEDAR, busy(2, ONE), 9, id="Cedar: names of both forms"),
        pytest.param("", busy(ONE), 9, id="no size is known"),
    ],
)
def test_the_size_of_a_row_tells_which_dynos_go(size, dynos, desired):
    """Nine dynos run; the count needs one."""
    (decision,) = decided_all(
        default_policy,
        {"worker": Reading(1, busy=dynos)},
        {"worker": ProcessType(9, size)},
    )

    assert decision.desired == desired


def test_rows_of_both_generations_may_stand_side_by_side():
    said = Reading(1, busy=busy(2))
    fir, cedar = ProcessType(9, FIR), ProcessType(9, CEDAR)
    decisions = decided_all(
        default_policy, {"a": said, "b": said}, {"a": fir, "b": cedar}
    )

    assert [decision.desired for decision in decisions] == [9, 2]
    assert decisions[0].cause.detail == (
        "busy dynos: 1; Heroku Fir may remove any of them"
    )


@pytest.mark.parametrize(
    ("size", "dynos", "notes"),
    [
        (CEDAR, busy(ONE), []),
        (FIR, busy(), ["none is removed while one of them runs a job"]),
        (FIR, None, ["the app does not report busy dynos, so a job may be stopped"]),
    ],
)
def test_check_app_says_what_holds_on_fir(size, dynos, notes):
    (decision,) = decided_all(
        default_policy,
        {"worker": Reading(1, busy=dynos)},
        {"worker": ProcessType(9, size)},
    )

    expected = [f"Heroku Fir may remove any dyno; {note}" for note in notes]
    assert list(decision.notes) == expected


def test_all_workers_are_quiesced_before_any_dyno_goes(world):
    """Two dynos stay, but nobody knows which, so none may take a job."""
    world.report({"worker": Reading(20, busy=busy())})
    world.poll()

    assert world.counts.kept == [{"worker": 0}]
    assert world.dynos() == {"worker": 2}


def test_a_job_that_was_taken_meanwhile_keeps_all_dynos(world):
    world.report({"worker": Reading(0, busy=busy())})
    world.counts.before_removal = lambda: world.report(
        {"worker": Reading(1, busy=busy(OTHER))}
    )
    world.poll()

    assert world.dynos() == {"worker": 9}


def test_nobody_is_quiesced_while_a_dyno_is_busy(world):
    world.report({"worker": Reading(1, busy=busy(ONE))})
    world.poll()

    assert world.counts.kept == []
    assert world.dynos() == {"worker": 9}


def test_busy_limit_ends_it():
    world = World(environment={"busy_limit": "30m"})
    world.add(size=FIR, worker=9)
    world.report({"worker": Reading(1, busy=busy(ONE))})
    world.poll()
    world.poll(seconds=1799)

    assert world.dynos() == {"worker": 9}

    world.poll(seconds=10)

    assert world.dynos() == {"worker": 1}


def test_more_busy_names_than_dynos_contradict_what_is_remembered(world):
    """A person has just added two; the formation is read early."""
    reads = world.reads
    names = {f"worker-23z34x56y-0000{n}" for n in range(9)}
    world.report({"worker": Reading(90, busy=frozenset(names))})
    world.poll(seconds=15)

    assert world.reads == reads

    world.report({"worker": Reading(90, busy=frozenset({*names, ONE}))})
    world.poll(seconds=15)

    assert world.reads == reads + 1


@pytest.mark.parametrize(
    ("message", "limited"),
    [
        ("Cannot run more than 4 dyno-1c-0.5gb dynos of a type.", {"slim"}),
        ("A dyno of the size dyno-2c-1gb may run 4 times.", {"wide"}),
        ("Cannot run more than 4 of any dyno of a type", {"slim", "wide"}),
    ],
)
def test_a_refusal_concerns_the_size_that_it_names(message, limited):
    """All sizes of Fir begin with the word "dyno", which any message may have."""
    formation = {"slim": ProcessType(1, FIR), "wide": ProcessType(1, "dyno-2c-1gb")}
    decisions = [decided(Policy(boundary=1), 9, 1, name=name) for name in formation]
    limits = learn_limits(
        4,
        per_process_type=True,
        message=message,
        formation=formation,
        decisions=decisions,
    )

    assert limits == dict.fromkeys(limited, 4)
