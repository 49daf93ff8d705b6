"""How much the silence of workers is worth, without a broker."""

from __future__ import annotations

import pytest

from scalar_agent.celery_answers import Answers, Held
from scalar_agent.celery_found import Job
from scalar_agent.celery_held import Unacknowledged, running
from scalar_agent.celery_routes import Routes
from scalar_agent.celery_server import Server
from scalar_agent.celery_silence import FRESH, RETURN, Silence

pytestmark = pytest.mark.new_redis

NOW = 1_000_000.0
NOBODY = Answers()


def answers(*names, began_at=NOW):
    told = [(name, {"tasks": [], "began_at": began_at}) for name in names]
    return Answers(len(names), told)


def redis(age, run_id="one", readers=0, waiting=0):
    return Server(run_id, age, readers, waiting)


def seen(names, at=NOW - 60):
    """Return what is known after a poll that was complete."""
    silence = Silence()
    server = redis(10_000, readers=len(names))
    silence.note_server(server, at)
    silence.note_answers(answers(*names), server, at, is_complete=True)
    return silence


def test_silence_is_believed_of_a_redis_that_is_old_enough():
    silence = Silence()

    assert silence.returning(NOBODY, redis(RETURN), NOW) is None
    assert "the broker was restarted 4 s ago" in silence.returning(
        NOBODY, redis(4), NOW
    )


def test_silence_is_not_believed_of_another_redis_or_a_new_connection():
    silence = seen(["worker.1@h"])
    silence.note_server(redis(9_000, "two"), NOW)
    assert silence.returning(NOBODY, redis(9_000, "two"), NOW + 1)

    silence = seen(["worker.1@h"])
    silence.note_reconnected(NOW)
    assert silence.returning(NOBODY, redis(10_000), NOW + 1)
    assert silence.returning(NOBODY, redis(10_000), NOW + RETURN) is None


def test_all_who_were_there_have_been_heard_again():
    silence = seen(["worker.1@h", "worker.2@h"])
    one = answers("worker.1@h", began_at=NOW - 100)
    both = answers("worker.1@h", "worker.2@h", began_at=NOW - 100)

    assert silence.returning(one, redis(3, "two"), NOW)
    assert silence.returning(both, redis(3, "two"), NOW) is None
    silence.note_ended("worker.2@h")
    assert silence.returning(one, redis(3, "two"), NOW) is None


def test_nobody_was_there_before_the_restart():
    assert seen([]).returning(NOBODY, redis(3, "two"), NOW) is None
    assert seen([], NOW - 2 * FRESH).returning(NOBODY, redis(3, "two"), NOW)


def test_workers_that_have_started_since_show_that_redis_is_new():
    silence = Silence()

    assert silence.returning(answers("a@h", began_at=NOW - 5), redis(9), NOW) is None
    assert silence.returning(answers("a@h", began_at=NOW - 60), redis(9), NOW)


def test_a_client_that_waits_for_jobs_and_answers_nobody_is_a_worker():
    silence = Silence()

    assert silence.unexplained(0, redis(9_000, readers=1))
    assert not silence.unexplained(0, redis(9_000, readers=0))
    # One that waits no longer may have been left behind by an inspection.
    idle = redis(9_000, readers=1, waiting=0)
    assert not silence.unexplained(0, idle, holds_jobs=False)
    # Redis does not say.
    assert not silence.unexplained(0, Server())


def test_clients_that_were_there_beside_the_workers_are_others():
    silence = Silence()
    with_other = redis(9_000, readers=2, waiting=2)
    silence.note_answers(answers("a@h"), with_other, NOW, is_complete=True)

    assert not silence.unexplained(1, with_other)
    assert not silence.unexplained(0, redis(9_000, readers=1, waiting=1))
    assert silence.unexplained(0, with_other)


def test_what_redis_says_of_itself_and_its_clients():
    info = b"# Server\r\nrun_id:abc\r\nuptime_in_seconds:7\r\n"
    line = b"id=1 addr=x flags=%b db=%d sub=0 cmd=%b user=default"
    clients = b"\n".join(
        [
            line % (b"b", 0, b"brpop"),
            line % (b"N", 0, b"brpop"),
            line % (b"b", 1, b"brpop"),
            line % (b"N", 0, b"get"),
        ]
    )

    assert Server.of(info, clients, 0) == Server("abc", 7.0, 2, 1)
    assert Server.of(OSError(), OSError(), 0) == Server()


@pytest.fixture
def count(redis_url):
    from celery import Celery  # noqa: PLC0415

    app = Celery("held", broker=redis_url, set_as_current=False)
    routes = Routes(app, ["celery"])

    def count_of(*tasks, waiting=(), held=()):
        found = running(
            [Held(*task) for task in tasks],
            {job.key: job for job in waiting},
            Unacknowledged({tag.encode() for tag in held}),
            routes,
            is_due=lambda _: True,
            ids=lambda: {"id"},
        )
        return len(found)

    return count_of


def task(worker="one", tag="tag", *, redelivered=False, acknowledged=False):
    place = ("", "celery", None)
    return (worker, "id", *place, True, acknowledged, tag, redelivered)


def test_a_job_that_two_workers_have_is_two(count):
    """It outlived its visibility timeout, or was sent to all workers."""
    again = task("two", redelivered=True)

    assert count(task(), held=["tag"]) == 0
    assert count(task(), again, held=["tag"]) == 1
    assert count(task(), again) == 2
    # One that begins to shut down answers twice.
    assert count(task(), task()) == 1


def test_a_job_that_was_given_back_and_still_runs_is_two(count):
    given_back = Job(("id", "tag"), frozenset(["celery"]), is_redelivered=True)
    sent = Job(("id", "tag"), frozenset(["celery"]))

    assert count(task(), waiting=[given_back]) == 1
    assert count(task(), waiting=[sent]) == 0
    assert count(task(redelivered=True), waiting=[given_back]) == 0


def test_without_tags_a_job_is_known_by_its_id(count):
    assert count(task(tag="")) == 0  # the broker holds one with this id
    assert count(task(tag="", acknowledged=True)) == 1
