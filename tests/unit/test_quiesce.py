"""Before dynos are removed, the app is asked once more what is busy."""

from __future__ import annotations

import pytest

from scalar.core.errors import CountsUnavailable
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Reason
from tests.unit.world import World


def busy(*numbers):
    return frozenset(numbers)


@pytest.fixture
def world():
    world = World()
    world.add(worker=9, mailer=4)
    world.report({"worker": Reading(90, busy=busy(9)), "mailer": Reading(40)})
    world.poll()
    return world


def answer_again(world, said):
    """Let the app answer with this once dynos are about to be removed."""
    world.counts.before_removal = lambda: world.report(said)


def test_the_app_is_told_what_will_be_kept(world):
    world.report({"worker": Reading(1, busy=busy(2)), "mailer": Reading(40)})
    world.poll()

    assert world.counts.kept == [{"worker": 2}]
    assert world.dynos()["worker"] == 2


def test_a_job_that_was_taken_meanwhile_keeps_its_dyno(world):
    """worker.7 was idle at the poll, and took a job before it was told."""
    world.report({"worker": Reading(1, busy=busy(2)), "mailer": Reading(40)})
    answer_again(world, {"worker": Reading(2, busy=busy(2, 7)), "mailer": Reading(40)})
    world.poll()

    assert world.dynos()["worker"] == 7


def test_dynos_that_were_not_told_are_not_removed(world):
    """worker.2 ended its job meanwhile, but worker.2 still takes others."""
    world.report({"worker": Reading(1, busy=busy(2)), "mailer": Reading(40)})
    answer_again(world, {"worker": Reading(0, busy=busy()), "mailer": Reading(0)})
    world.poll()

    assert world.dynos() == {"worker": 2, "mailer": 4}

    world.poll()

    assert world.dynos() == {"worker": 0, "mailer": 0}


def test_more_jobs_meanwhile_are_served(world):
    world.report({"worker": Reading(1, busy=busy(2)), "mailer": Reading(40)})
    answer_again(world, {"worker": Reading(120, busy=busy(2)), "mailer": Reading(40)})
    world.poll()

    assert world.dynos()["worker"] == 12


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(CountsUnavailable("HTTP 500"), id="no answer"),
        pytest.param(
            {"worker": Reading(Unknown(Reason.COUNT_NULL)), "mailer": Reading(40)},
            id="the count is unknown",
        ),
        pytest.param(
            {
                "worker": Reading(1, busy=Unknown(Reason.BUSY_UNKNOWN)),
                "mailer": Reading(40),
            },
            id="the busy dynos are unknown",
        ),
        pytest.param(
            {"worker": Reading(1), "mailer": Reading(40)},
            id="it speaks of them no more",
        ),
    ],
)
def test_nothing_is_removed_if_it_cannot_tell(world, said):
    world.report({"worker": Reading(1, busy=busy(2)), "mailer": Reading(40)})
    answer_again(world, said)
    world.poll()

    assert world.dynos()["worker"] == 9


def test_a_process_type_whose_busy_dynos_are_not_told_is_scaled_by_its_count(world):
    world.report({"worker": Reading(90, busy=busy(9)), "mailer": Reading(1)})
    world.poll()

    assert world.counts.kept == []
    assert world.dynos()["mailer"] == 1


def test_both_go_in_one_call(world):
    world.report({"worker": Reading(1, busy=busy(2)), "mailer": Reading(1)})
    before = len(world.platform.calls)
    world.poll()

    assert world.dynos() == {"worker": 2, "mailer": 1}
    assert len(world.platform.calls) == before + 2  # it looks before dynos go


@pytest.mark.parametrize("count", [90, 100])
def test_nobody_is_asked_twice_unless_dynos_go(world, count):
    world.counts.asked.clear()
    world.report({"worker": Reading(count, busy=busy(2)), "mailer": Reading(40)})
    world.poll()

    assert len(world.counts.asked) == 1


def test_a_dry_run_disturbs_nobody():
    world = World(environment={"dry_run": "true"})
    world.add(worker=9)
    world.report({"worker": Reading(1, busy=busy(2))})
    world.poll()

    assert world.counts.kept == []
