"""The demo reads decisions from the scaler's log and judges the run."""

from __future__ import annotations

from collections import Counter

import pytest

from demo.history import Decision, Look, figures, longest_lag, problems, read_decision
from scalar.core import logfmt


def log_line(event, **facts):
    return (
        f"2026-01-02 12:34:56,789 level=INFO {logfmt.line(event, app='shop', **facts)}"
    )


def seen(*row):
    """One look a second; each is (count, quantity) of `worker`."""
    return [
        Look(at, {"worker": Counter()}, {"worker": quantity}, {"worker": count})
        for at, (count, quantity) in enumerate(row)
    ]


@pytest.mark.parametrize(
    ("line", "decision"),
    [
        pytest.param(
            log_line(
                "scale.done",
                process_type="worker",
                current=0,
                desired=3,
                reason="recommended",
                count=12,
            ),
            Decision("12:34:56", "worker", "0 -> 3  count 12"),
            id="a change",
        ),
        pytest.param(
            log_line("scale.held", process_type="mailer", reason="count_null"),
            Decision("12:34:56", "mailer", "held: count_null"),
            id="a hold",
        ),
        pytest.param(
            log_line("scale.held", reason="counts_unavailable", detail='"no", a=7'),
            Decision("12:34:56", None, "held: counts_unavailable"),
            id="a hold of the whole app",
        ),
        pytest.param(log_line("tick.done", sent=1), None, id="another event"),
        pytest.param("Traceback (most recent call last):", None, id="not an event"),
    ],
)
def test_decisions_in_the_log(line, decision):
    assert read_decision(line) == decision


def test_figures():
    looks = seen((0, 0), (12, 0), (14, 3), (9, 3), (4, 2), (0, 1), (0, 0))

    assert figures(looks, "worker") == (14, 3, 1, 3, 1.0)


@pytest.mark.parametrize(
    ("row", "lag"),
    [
        pytest.param([(0, 0), (3, 0), (3, 0), (3, 1)], 2, id="1 dyno after 2 s"),
        pytest.param([(3, 1), (4, 1), (5, 1)], 0, id="always enough"),
        pytest.param([(3, 0), (8, 0), (8, 2)], 2, id="the dynos for 8 also serve 3"),
        pytest.param([(3, 0), (8, 0), (8, 1), (8, 2)], 2, id="not the other way round"),
        pytest.param([(3, 0), (3, 0), (3, 0)], 2, id="still waiting at the end"),
        pytest.param(
            [(3, 0), (None, 0), (3, 0), (3, 1)], 1, id="restarts after an unknown"
        ),
    ],
)
def test_the_longest_lag(row, lag):
    assert longest_lag(seen(*row), "worker") == lag


UP, DOWN = [(0, 0), (12, 0), (12, 3)], [(0, 3), (0, 0)]


@pytest.mark.parametrize(
    ("row", "texts"),
    [
        pytest.param(UP + DOWN, [], id="up and down"),
        pytest.param(UP + DOWN + UP, [], id="interrupted in the second wave"),
        pytest.param(
            [(0, 0)], ["did not scale up", "did not scale back"], id="nothing happened"
        ),
        pytest.param(UP, ["did not scale back to 0"], id="never down"),
        pytest.param(
            [*UP, (12, 0)], ["did not scale back to 0"], id="0 dynos too early"
        ),
        pytest.param(
            [*UP, (None, 0)], ["did not scale back to 0"], id="unknown is not 0"
        ),
        pytest.param(
            [(0, 0), *[(12, 0)] * 5, (12, 3), *DOWN], ["waited 5.0 s"], id="late up"
        ),
        pytest.param([*UP, *[(0, 3)] * 6, (0, 0)], ["waited 6.0 s"], id="late down"),
        pytest.param(
            [(0, 0), *[(12, 2)] * 6, (0, 0)], ["waited 6.0 s"], id="too few dynos"
        ),
    ],
)
def test_the_verdict(row, texts):
    found = problems(seen(*row), "worker")

    assert len(found) == len(texts)
    assert all(text in problem for problem, text in zip(found, texts, strict=True))
