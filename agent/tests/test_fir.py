"""Dynos of Heroku's Fir, which have no numbers: any of them may be removed."""

from __future__ import annotations

from typing import Any

import pytest

from agent.tests.situations.place import THREADS, App, place
from agent.tests.situations.waiting import wait_until
from scalar_agent.celery import CeleryJobs
from scalar_agent.celery_answers import CLOSING, Answers
from scalar_agent.celery_busy import busy_among, has_unnumbered
from scalar_agent.work import Work

ONE, TWO = "worker-23z34x56y-w78k9", "worker-23z34x56y-0a1b2"
QUEUES = {"worker": ["celery"]}
ALONE = (*THREADS[:-1], "--concurrency=1", "--prefetch-multiplier=1")


def task() -> dict[str, Any]:
    return {
        "id": "a",
        "exchange": "",
        "routing_key": "celery",
        "eta": None,
        "active": True,
        "acknowledged": True,
    }


def idle(*queues: str) -> dict[str, Any]:
    return {"tasks": [], "queues": list(queues)}


BUSY = {"tasks": [task()], "queues": ["celery"]}
IDLE = idle("celery")


def busy(
    *answers: tuple[str, Any],
    keep: Any = None,
    asked: bool = True,
    process: str = "worker",
) -> tuple[Any, str]:
    given = Answers(len(answers), list(answers))
    queues = {"worker": ["celery"], "mail-er": ["mail"]}
    return busy_among(process, given, queues, keep=keep or {}, asked=asked)


def test_busy_dynos_without_a_number_are_named() -> None:
    said = busy((f"{TWO}@h", BUSY), (f"celery@{ONE}", BUSY), ("worker.2@h", IDLE))

    assert said == ((TWO, ONE), "")


def test_a_process_type_may_have_dashes() -> None:
    name = "mail-er-23z34x56y-w78k9"
    answer = {**BUSY, "queues": ["mail"]}

    assert busy((f"{name}@h", answer), process="mail-er") == ((name,), "")
    assert busy((f"{name}@h", answer)) == ((), "")


@pytest.mark.parametrize("keep", [0, 1, 9])
def test_any_of_them_may_be_removed_so_any_that_consumes_counts(keep: int) -> None:
    answers = ((f"{ONE}@h", IDLE), (f"{TWO}@h", idle()))

    assert busy(*answers, keep={"worker": keep}) == ((ONE,), "")
    assert busy(*answers, keep={"mail-er": keep}) == ((), "")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(IDLE, id="it reads the queue"),
        pytest.param(BUSY, id="it works"),
        pytest.param({"tasks": [task()], "queues": []}, id="it works and reads none"),
        pytest.param([], id="it has no agent, and does not say what it reads"),
    ],
)
@pytest.mark.parametrize("name", ["celery@8f3a", "celery@my-host-12345"])
def test_a_worker_that_is_not_named_after_its_dyno_makes_them_unknown(
    name: str, answer: Any
) -> None:
    """The second host has a name of the right form, but `my` is no process type."""
    reason = (
        f"the name of worker {name!r} does not contain its dyno; "
        "start it with --hostname=$DYNO@%h"
    )

    assert busy((name, answer)) == (None, reason)
    assert busy((name, answer), ("worker.1@h", IDLE), asked=False) == (None, reason)


def test_they_are_left_out_only_if_nobody_asks() -> None:
    assert busy(("celery@8f3a", BUSY), asked=False) == (None, "")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        pytest.param("celery@8f3a", idle("mail"), id="it reads another queue"),
        pytest.param("celery@8f3a", idle(), id="it reads none"),
        pytest.param(f"celery@8f3a{CLOSING}", BUSY, id="it shuts down"),
        pytest.param("other.1@h", BUSY, id="of another process type"),
    ],
)
def test_whoever_does_not_work_for_a_process_type_does_not_matter(
    name: str, answer: Any
) -> None:
    assert busy((name, answer), (f"{ONE}@h", BUSY)) == ((ONE,), "")


def test_only_workers_without_a_number_are_told_to_go_on() -> None:
    assert has_unnumbered([f"{ONE}@h"], ["worker"])
    assert not has_unnumbered([f"{ONE}@h"], ["mail-er"])
    assert not has_unnumbered(["worker.1@h", "celery@h"], ["worker"])


# With real workers.


@pytest.fixture
def app(redis_url: str) -> Any:
    with place(redis_url, has_agent=True) as here:
        yield here.app()


def jobs_of(app: App) -> CeleryJobs:
    jobs = CeleryJobs(app.celery, QUEUES, busy_dynos=True)
    jobs.measure()  # now it knows the workers
    return jobs


def test_all_workers_are_quiesced_whatever_is_kept(app: App) -> None:
    """Two of three dynos stay, and nobody knows which."""
    for dyno in (ONE, TWO, "worker-23z34x56y-zzzzz"):
        app.worker(*ALONE, dyno=dyno)
    jobs = jobs_of(app)

    assert jobs.measure_before_removal({"worker": 2})["worker"].busy_dynos == ()

    app.send(3)
    work = jobs.measure()["worker"]

    assert (work.count, work.busy_dynos) == (3, ())


def test_if_one_is_busy_none_can_go_and_the_others_go_on_at_once(app: App) -> None:
    app.worker(*ALONE, dyno=ONE)
    app.send(1)
    app.wait_running(1)
    app.worker(*ALONE, dyno=TWO)
    jobs = jobs_of(app)
    work: Work = jobs.measure_before_removal({"worker": 0})["worker"]

    assert (work.count, work.busy_dynos) == (1, (ONE,))

    app.send(3)  # one of them is prefetched by the busy worker
    wait_until(lambda: jobs.measure()["worker"].busy_dynos == (TWO, ONE), "both work")
