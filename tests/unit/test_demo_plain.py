"""The demo's plain lines."""

from __future__ import annotations

import pytest

from demo.decisions import Decided
from demo.plain import PlainLines
from tests.unit.demo_world import history, look


@pytest.fixture
def printed(capsys):
    """Show a history look by look; return the lines."""

    def printed(*looks):
        lines, past = PlainLines(), history()
        for one in looks:
            past.looks.append(one)
            lines.show(past)
        return capsys.readouterr().out.splitlines()

    return printed


def test_a_line_when_dynos_change(printed):
    lines = printed(
        look(0.0),
        look(0.25, 4),
        look(0.5, 4, None, [("worker.1", "starting")]),
        look(0.75, 4, None, ["worker.1"]),
    )

    assert lines == [
        "  0.0 s  worker: count  0, dynos none | mailer: count  0, dynos none",
        "  0.5 s  worker: count  4, dynos 1 starting | mailer: count  ?, dynos none",
        "  0.8 s  worker: count  4, dynos 1 up | mailer: count  ?, dynos none",
    ]


def test_a_line_every_few_seconds_all_the_same(printed):
    lines = printed(*(look(at / 4) for at in range(29)))

    assert [line.split()[0] for line in lines] == ["0.0", "3.0", "6.0"]


def test_each_decision_is_told_once(capsys):
    past, lines = history(look(1.0)), PlainLines()
    past.decisions.append(Decided("12:00:01", "worker", "0 -> 2  count 6"))
    lines.show(past)
    past.decisions.append(Decided("12:00:02", None, "held: counts_unavailable"))
    lines.show(past)
    told = [x for x in capsys.readouterr().out.splitlines() if "decision" in x]

    assert told == [
        "  1.0 s  decision  worker  0 -> 2  count 6",
        "  1.0 s  decision  the whole app  held: counts_unavailable",
    ]
