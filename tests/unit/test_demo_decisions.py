"""Decisions in the scaler's log, as the demo reads them."""

from __future__ import annotations

import pytest

from demo.decisions import Decided, DecisionLog, read_decision
from scalar.core import logfmt

TIME = "2026-01-02 12:34:56,789 level=INFO "


def done(process_type, current, desired, count):
    return TIME + logfmt.line(
        "scale.done",
        app="shop",
        process_type=process_type,
        current=current,
        desired=desired,
        reason="recommended",
        count=count,
        boundary=5,
    )


def test_a_change():
    assert read_decision(done("worker", 0, 3, 12)) == Decided(
        "12:34:56", "worker", "0 -> 3  count 12"
    )


@pytest.mark.parametrize("process_type", ["worker", None])
def test_a_hold_of_a_process_type_or_of_the_app(process_type):
    line = TIME + logfmt.line(
        "scale.held",
        app="shop",
        process_type=process_type,
        reason="counts_unavailable",
        times=1,
        detail='the app said "no", current=7',
    )

    assert read_decision(line) == Decided(
        "12:34:56", process_type, "held: counts_unavailable"
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        TIME + "tick.done sent=1",
        TIME + "scale.resumed app=shop process_type=worker reason=count_null",
        "Traceback (most recent call last):",
        "scale.done",
    ],
)
def test_other_lines(line):
    assert read_decision(line) is None


def test_the_log_is_read_as_it_grows(tmp_path):
    path = tmp_path / "log"
    path.write_text(f"starting\n{done('worker', 0, 1, 4)}\n")
    log = DecisionLog(path)

    assert [d.process_type for d in log.new()] == ["worker"]
    assert log.new() == []

    whole = done("mailer", 0, 2, 6)
    with path.open("a") as file:
        file.write(whole[:50])
        file.flush()
        assert log.new() == []  # half a line is left for later

        file.write(whole[50:] + "\n")
    assert [d.text for d in log.new()] == ["0 -> 2  count 6"]
