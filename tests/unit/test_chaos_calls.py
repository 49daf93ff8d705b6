"""The checker counts the calls of Heroku's API that changed nothing."""

from __future__ import annotations

import pytest

from chaos.check_calls import budget, check_calls, overhead
from tests.unit.chaos_history import BOUNDARY, fault, history, patched, read

APP = BOUNDARY
THREADS = 12


def test_a_call_that_changes_dynos_is_free():
    calls = [read(APP, 1), patched(APP, 10, worker=3), patched(APP, 20, worker=1)]

    assert overhead(history(calls=calls)) == 1


def test_a_call_that_changes_nothing_is_not_free():
    calls = [patched(APP, 10, worker=3), patched(APP, 12, worker=3)]

    assert overhead(history(calls=calls)) == 1


@pytest.mark.parametrize(
    ("span", "more"),
    [
        pytest.param(fault("beat killed", 1, 2), 0, id="beat makes no calls"),
        pytest.param(fault("worker killed", 1, 2), 12, id="evaluations in flight"),
        pytest.param(
            fault("redis killed, restarted empty", 1, 2),
            1,
            id="everything is read again",
        ),
        pytest.param(fault("clock an hour back", 1, 2), 2, id="there and back"),
        pytest.param(fault("heroku 500", 1, 9), 28, id="in flight, and two tries"),
        pytest.param(fault("heroku refuses 403", 1, 9, APP), 4, id="one app"),
        pytest.param(fault("app hang", 1, 9, APP), 0, id="a sick app costs nothing"),
    ],
)
def test_each_fault_has_its_allowance(span, more):
    assert budget(history(spans=[span]), THREADS) == 1 + more


def test_too_many_calls_are_found():
    right = history(calls=[read(APP, 1)])
    wrong = history(calls=[read(APP, 1), read(APP, 3)])

    assert list(check_calls(right, THREADS)) == []
    assert [v.what for v in check_calls(wrong, THREADS)] == [
        "2 calls changed nothing, the budget is 1"
    ]
