"""The figures that `benchmarks.killed_jobs` derives from facts."""

from __future__ import annotations

import pytest

from benchmarks.killed_jobs.facts import Fact
from benchmarks.killed_jobs.figures import figures, tell_story


def facts(*rows):
    """Return facts from (kind, at, dyno, job); each dyno starts once."""
    made = [Fact(kind, at, dyno, f"id of {dyno}", job) for kind, at, dyno, job in rows]
    return sorted(made, key=lambda fact: fact.at)


def of(*rows):
    return figures(tell_story(facts(*rows)))


TWO_DYNOS = (
    ("started", 0.0, "worker.1", -1),
    ("started", 0.0, "worker.2", -1),
    ("sigterm", 10.0, "worker.2", -1),
    ("gone", 12.0, "worker.2", -1),
    ("sigterm", 20.0, "worker.1", -1),
    ("gone", 20.0, "worker.1", -1),
    ("sent", 1.0, "", 7),
)


def test_a_job_whose_dyno_is_removed_before_it_is_done_is_killed_and_lost():
    found = of(*TWO_DYNOS, ("began", 2.0, "worker.2", 7))

    assert (found.jobs, found.killed, found.lost, found.again) == (1, 1, 1, 0)


def test_a_job_that_another_dyno_finishes_is_run_again():
    found = of(
        *TWO_DYNOS,
        ("began", 2.0, "worker.2", 7),
        ("began", 13.0, "worker.1", 7),
        ("ended", 16.0, "worker.1", 7),
    )

    assert (found.killed, found.lost, found.again) == (1, 0, 1)
    assert found.worked == 3.0
    assert found.makespan == found.longest_wait == 15.0


def test_a_job_that_ends_in_the_grace_period_is_caught_but_not_killed():
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


def test_dyno_seconds_count_until_the_process_has_ended():
    assert of(*TWO_DYNOS).dyno_seconds == 12.0 + 20.0


def test_the_idle_tail_has_only_dynos_without_a_busy_one_above():
    """worker.2 is idle from 6 s on; worker.1 is busy until its SIGTERM."""
    found = of(
        *TWO_DYNOS,
        ("began", 2.0, "worker.2", 7),
        ("ended", 6.0, "worker.2", 7),
        ("sent", 2.0, "", 8),
        ("began", 3.0, "worker.1", 8),
    )

    assert found.tail == pytest.approx(4.0)


def test_a_dyno_below_a_busy_one_is_not_in_the_idle_tail():
    """worker.1 is idle; worker.2 above it is busy until 19 s."""
    found = of(
        ("started", 0.0, "worker.1", -1),
        ("started", 0.0, "worker.2", -1),
        ("sent", 1.0, "", 7),
        ("began", 2.0, "worker.2", 7),
        ("ended", 19.0, "worker.2", 7),
        ("sigterm", 20.0, "worker.1", -1),
        ("sigterm", 20.0, "worker.2", -1),
    )

    assert found.tail == pytest.approx(1.0)


def test_on_fir_any_busy_dyno_keeps_an_idle_one():
    """The dynos have no numbers, so none is above the other."""
    one, other = "worker-23z34x56y-w78k9", "worker-23z34x56y-0a1b2"
    found = of(
        ("started", 0.0, one, -1),
        ("started", 0.0, other, -1),
        ("sent", 1.0, "", 7),
        ("began", 2.0, one, 7),
        ("ended", 19.0, one, 7),
        ("sigterm", 20.0, one, -1),
        ("sigterm", 20.0, other, -1),
    )

    assert (found.killed, found.tail) == (0, pytest.approx(1.0))


def test_only_worker_dynos_count():
    assert of(*TWO_DYNOS, ("started", 0.0, "web.1", -1)) == of(*TWO_DYNOS)
