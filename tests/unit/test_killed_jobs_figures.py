"""What `benchmarks.killed_jobs` makes of facts."""

from __future__ import annotations

import pytest

from benchmarks.killed_jobs.facts import Fact
from benchmarks.killed_jobs.figures import figures, tell_story


def facts(*rows):
    """Return facts from (kind, at, dyno, job); a dyno lives once."""
    made = [Fact(kind, at, dyno, f"id of {dyno}", job) for kind, at, dyno, job in rows]
    return sorted(made, key=lambda fact: fact.at)


def of(*rows):
    return figures(tell_story(facts(*rows)))


TWO_DYNOS = (
    ("started", 0.0, "worker.1", -1),
    ("started", 0.0, "worker.2", -1),
    ("told", 10.0, "worker.2", -1),
    ("gone", 12.0, "worker.2", -1),
    ("told", 20.0, "worker.1", -1),
    ("gone", 20.0, "worker.1", -1),
    ("sent", 1.0, "", 7),
)


def test_a_job_whose_dyno_is_removed_before_it_is_done_is_killed_and_lost():
    found = of(*TWO_DYNOS, ("began", 2.0, "worker.2", 7))

    assert (found.jobs, found.killed, found.lost, found.again) == (1, 1, 1, 0)


def test_a_job_that_another_dyno_does_after_all_is_run_again():
    found = of(
        *TWO_DYNOS,
        ("began", 2.0, "worker.2", 7),
        ("began", 13.0, "worker.1", 7),
        ("ended", 16.0, "worker.1", 7),
    )

    assert (found.killed, found.lost, found.again) == (1, 0, 1)
    assert found.worked == 3.0
    assert found.makespan == found.longest_wait == 15.0


def test_a_job_that_is_done_in_the_grace_time_is_caught_and_not_killed():
    found = of(
        *TWO_DYNOS, ("began", 2.0, "worker.2", 7), ("ended", 11.0, "worker.2", 7)
    )

    assert (found.caught, found.killed, found.lost) == (1, 0, 0)


def test_a_job_that_still_runs_at_the_end_of_the_run_is_lost_but_not_killed():
    found = of(
        ("started", 0.0, "worker.1", -1),
        ("sent", 1.0, "", 7),
        ("began", 2.0, "worker.1", 7),
    )

    assert (found.killed, found.lost) == (0, 1)


def test_dynos_are_paid_until_their_process_has_ended():
    assert of(*TWO_DYNOS).dyno_seconds == 12.0 + 20.0


def test_only_dynos_without_a_busy_one_above_wait_at_the_idle_end():
    """worker.2 is idle from 6 s on; worker.1 is busy until it is told to end."""
    found = of(
        *TWO_DYNOS,
        ("began", 2.0, "worker.2", 7),
        ("ended", 6.0, "worker.2", 7),
        ("sent", 2.0, "", 8),
        ("began", 3.0, "worker.1", 8),
    )

    assert found.tail == pytest.approx(4.0)


def test_a_dyno_below_a_busy_one_does_not_wait_at_the_idle_end():
    """worker.1 has nothing to do; worker.2 above it has until 19 s."""
    found = of(
        ("started", 0.0, "worker.1", -1),
        ("started", 0.0, "worker.2", -1),
        ("sent", 1.0, "", 7),
        ("began", 2.0, "worker.2", 7),
        ("ended", 19.0, "worker.2", 7),
        ("told", 20.0, "worker.1", -1),
        ("told", 20.0, "worker.2", -1),
    )

    assert found.tail == pytest.approx(1.0)


def test_other_dynos_than_those_of_the_workers_do_not_count():
    assert of(*TWO_DYNOS, ("started", 0.0, "web.1", -1)) == of(*TWO_DYNOS)
