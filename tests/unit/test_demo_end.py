"""How the demo ends: when, with which status, and what it says then."""

from __future__ import annotations

import json
import signal

import pytest

from demo.__main__ import exit_status
from demo.calls import Calls, count_calls
from demo.logs import Logs
from demo.run import OVERTIME, is_over
from demo.summary import count_jobs_done, summary
from demo.verdict import Verdict
from tests.unit.demo_world import history, look

GOOD = Verdict()
WRONG = Verdict(wrong=("worker had quantity 9",))
EARLY = Verdict(missing=("worker did not go up from 0",))


@pytest.mark.parametrize(
    ("past", "over"),
    [
        pytest.param(history(look(59.9)), False, id="its time is not over"),
        pytest.param(history(look(60.0)), True, id="its time is over"),
        pytest.param(history(look(60.0, 1)), False, id="a job is left"),
        pytest.param(
            history(look(60.0, 0, 0, [("worker.1", "stopping")])), False, id="a dyno is"
        ),
        pytest.param(history(look(60.0, None)), False, id="it is not known"),
        pytest.param(history(look(60 + OVERTIME, 1)), True, id="it takes too long"),
        pytest.param(history(look(9999.0), seconds=None), False, id="it has no end"),
        pytest.param(history(), False, id="it has just begun"),
    ],
)
def test_when_it_is_over(past, over):
    assert is_over(past) is over


@pytest.mark.parametrize(
    ("verdict", "number", "seconds", "status"),
    [
        pytest.param(GOOD, None, 60, 0, id="they followed"),
        pytest.param(WRONG, None, 60, 1, id="they did not"),
        pytest.param(EARLY, None, 60, 1, id="it was not shown"),
        pytest.param(
            GOOD, signal.SIGINT, None, 0, id="Ctrl-C is the end that is meant"
        ),
        pytest.param(WRONG, signal.SIGINT, None, 1, id="Ctrl-C hides nothing"),
        pytest.param(
            EARLY, signal.SIGINT, None, 130, id="Ctrl-C came too early to tell"
        ),
        pytest.param(GOOD, signal.SIGINT, 60, 130, id="Ctrl-C cut it short"),
        pytest.param(GOOD, signal.SIGTERM, None, 143, id="SIGTERM"),
        pytest.param(GOOD, signal.SIGHUP, None, 129, id="SIGHUP"),
    ],
)
def test_the_exit_status(verdict, number, seconds, status):
    assert exit_status(verdict, number, seconds) == status


def test_the_summary():
    past = history(
        look(0.0), look(1.0, 6), look(2.0, 6, 0, ["worker.1", "worker.2"]), look(3.0)
    )
    past.enqueued.update(worker=6, mailer=2)
    past.waves = 1
    text = summary(past, GOOD, Calls(reads=1, changes=2), jobs_done=8)

    assert text.splitlines() == [
        "",
        "After 3 seconds; waves of load: 1",
        "",
        "              highest  highest   scaled   scaled  longest lag",
        "                count    dynos       up     down   in seconds",
        "worker              6        2        1        1          1.0",
        "mailer              0        0        0        0          0.0",
        "",
        "Jobs: 8 enqueued, 8 done",
        "Heroku API calls of the scaler: 1 reading, 2 changing",
        "",
        "The dynos followed the counts.",
        "",
        "Next: the README says how to deploy this to Heroku, for apps of your own.",
    ]


@pytest.mark.parametrize(
    ("verdict", "head", "reason"),
    [
        (WRONG, "The dynos did not follow the counts:", "  worker had quantity 9"),
        (EARLY, "Not enough was seen", "  worker did not go up from 0"),
    ],
)
def test_the_summary_says_why(verdict, head, reason):
    lines = summary(history(look(1.0)), verdict, Calls(0, 0), 0).splitlines()

    assert lines[-4].startswith(head)
    assert lines[-3] == reason


def test_calls_of_the_heroku_api(tmp_path):
    log = tmp_path / "heroku.jsonl"
    paid = ["GET", "GET", "PATCH", "PATCH", "PATCH"]
    rows = [{"method": method, "cost": 1} for method in paid]
    rows.append({"method": "GET", "cost": 0})
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))

    assert count_calls(log) == Calls(reads=2, changes=3)
    assert count_calls(log, after=1) == Calls(reads=1, changes=3)
    assert count_calls(tmp_path / "none yet") == Calls(0, 0)


def test_jobs_that_the_dynos_have_done(tmp_path):
    line = (
        "[2026-01-02 12:00:00: INFO/MainProcess] Task jobs.{}[{}] succeeded in 1.5s\n"
    )
    first, second, third = (f"{n}1b2-c3" for n in range(3))
    again = line.format("work", first)
    (tmp_path / "shop-worker.1.log").write_text(line.format("work", first) + again)
    (tmp_path / "shop-worker.2.log").write_text(line.format("work", second))
    (tmp_path / "shop-mailer.1.log").write_text(line.format("send_mail", third))
    (tmp_path / "scaler-worker.log").write_text(line.format("other", "9f"))

    assert count_jobs_done(Logs(tmp_path)) == 3  # the one that ran twice counts once
