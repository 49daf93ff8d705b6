"""The tables that the benchmarks derive from their measurements."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks import heroku_calls, soak, stock_parts
from benchmarks.celery_parts import PARTS, Turn, row_of
from benchmarks.evaluation.__main__ import Measured, rows_of
from benchmarks.footprint import Look, Row
from benchmarks.stage.cpus import ALL, MEASURED, on
from benchmarks.stage.fleet import address, answer
from benchmarks.stage.report import markdown
from devtools.procfile import ROOT


def test_a_table_right_aligns_columns_of_numbers():
    table = markdown(
        ("what", "us", "growth"), [("ours", "1,234", "+3"), ("b", 5, "-1")]
    )

    assert table.splitlines() == [
        "| what | us | growth |",
        "| --- | ---: | ---: |",
        "| ours | 1,234 | +3 |",
        "| b | 5 | -1 |",
    ]


def test_a_table_without_rows_has_its_heads():
    assert markdown(("a", "b"), []).splitlines() == ["| a | b |", "| --- | --- |"]


def test_every_app_of_a_large_fleet_has_its_own_loopback_address():
    found = {address(number) for number in range(100_000)}

    assert len(found) == 100_000
    assert all(
        one.startswith("127.") and all(0 <= int(part) <= 255 for part in one.split("."))
        for one in found
    )
    assert not any(one.endswith((".0", ".255")) for one in found)


def test_an_apps_answer_has_its_content_length():
    head, body = answer(15).split(b"\r\n\r\n")

    assert body == b'{"worker": 15}'
    assert b"Content-Length: 14" in head


def test_a_thread_returns_to_its_cpus_after_a_measurement():
    before = os.sched_getaffinity(0)
    with on(MEASURED):
        assert os.sched_getaffinity(0) == MEASURED

    assert os.sched_getaffinity(0) == before == ALL


def test_an_evaluation_is_compared_with_the_floor_and_the_naive_way():
    loops = {"shared session": 0.0004, "requests.get": 0.02}
    rows = rows_of("HTTPS", Measured(0.0006, loops))

    assert rows[-1] == (
        "HTTPS",
        "**the whole evaluation**",
        "600",
        "1.50",
        "33.3",
    )
    assert rows[0][2:] == ("400", "1.00", "50.0")


def test_apps_on_one_account_leave_the_reserve():
    """(4,500 - 500) / 8 calls an hour."""
    rows = heroku_calls.rows_of([("ours", heroku_calls.Calls(8.0, 1.0))])

    assert rows == [("ours", "8.00", "1.00", "500.0")]


def test_connections_are_the_maximum_and_memory_is_the_median():
    looks = [
        Look(100.0, {"scalar evalsha": 2}, 1),
        Look(120.0, {"scalar evalsha": 2, "scalar-celery brpop": 1}, 2),
        Look(300.0, {"scalar evalsha": 1}, 1),
    ]
    cells = Row("all-in-one", 1_000, looks, 1.0).cells()

    assert cells == (
        "`all-in-one`",
        "1,000",
        "120",
        "3",
        "2",
        "100%",
        "2 scalar evalsha, 1 scalar-celery brpop",
    )


@pytest.mark.parametrize(
    ("each_minute", "an_hour"),
    [
        pytest.param(0.0, "+0.00", id="nothing leaks"),
        pytest.param(0.5, "+30.00", id="half a megabyte a minute"),
    ],
)
def test_growth_is_reported_per_hour(each_minute, an_hour):
    looks = [
        soak.Look(100 + each_minute * minute, 90.0, 1.0, 8, 2, 1_000, 90, 60)
        for minute in range(13)
    ]

    assert soak.rows_of(looks)[0][-1] == an_hour


def test_a_part_is_compared_within_the_same_round():
    """A round in which the machine was twice as slow has the same ratio."""
    rounds = [
        (Turn(0.0008, 1.0), Turn(0.0010, 1.1)),
        (Turn(0.0016, 2.0), Turn(0.0020, 2.2)),
        (Turn(0.0008, 1.0), Turn(0.0012, 1.0)),
    ]

    assert row_of("pool", 0.002, rounds) == (
        *("pool", "2 ms", "800", "1,200", "1.25 (1.25 to 1.50)"),
        *("1.00", "1.10", "1.10"),
    )


PARTS_OF_A_WORKER = """
from kombu.transport import TRANSPORT_ALIASES
from benchmarks.stock_parts import SWITCHES
from scalar import tasks
from scalar.adapters.redis import coordinator
from scalar import worker
for switch in (lambda: None, *SWITCHES.values()):
    switch()
    print(
        TRANSPORT_ALIASES["redis"],
        getattr(tasks.poll_and_scale.Request, "__name__", tasks.poll_and_scale.Request),
        tasks.app.conf.worker_pool,
        worker.CeleryPublisher.__name__,
        coordinator.ScriptBatcher.__name__,
    )
"""


def parts_of_a_worker(stock):
    """Return its parts with some stock ones, and again after each switch."""
    done = subprocess.run(
        [sys.executable, "-c", PARTS_OF_A_WORKER],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], stock_parts.VARIABLE: ",".join(stock)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split() for line in done.stdout.splitlines()]


def test_each_of_our_parts_of_celery_can_be_replaced_alone():
    ours, *switched = parts_of_a_worker(())
    all_stock = switched[-1]
    assert all(mine != theirs for mine, theirs in zip(ours, all_stock, strict=True))

    assert tuple(stock_parts.SWITCHES) == PARTS["all"]
    for number, parts in enumerate(switched, start=1):
        assert parts == all_stock[:number] + ours[number:]
    assert parts_of_a_worker(PARTS["all"])[0] == all_stock
