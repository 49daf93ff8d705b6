"""The demo's live screen and plain lines."""

from __future__ import annotations

from collections import Counter

import pytest
from rich.console import Console
from rich.screen import Screen

from demo.history import Decision, Look
from demo.view import PlainLines, bars, screen

UP = {"worker": Counter(up=3, starting=1), "mailer": Counter(stopping=1)}


def look(at, worker=0, mailer=0, states=None):
    states = {"worker": Counter(), "mailer": Counter(), **(states or {})}
    quantities = {name: states[name].total() for name in states}
    counts = {"worker": worker, "mailer": mailer}
    return Look(at, {"web": Counter(up=1), **states}, quantities, counts)


def shown(looks, decisions=(), size=(80, 24)):
    """Return what a terminal of that size shows."""
    console = Console(width=size[0], height=size[1])
    with console.capture() as capture:
        console.print(Screen(screen(looks, decisions, "heading", size)))
    return [line.rstrip() for line in capture.get().splitlines()]


def decisions(number):
    return [
        Decision(f"12:00:{x:02}", name, f"{x} -> {x + 1}  count {5 * x + 1}")
        for x in range(number)
        for name in ("worker", "mailer")
    ]


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (40, 12)])
def test_the_screen_fills_the_terminal_and_cuts_long_lines(size):
    looks = [look(at / 4, at % 30, at % 7, UP) for at in range(2000)]
    lines = shown(looks, decisions(60), size)

    assert len(lines) == size[1]
    assert lines[-1]
    assert lines[3].startswith("  count  29│")
    assert any("…" in line for line in lines) == (size[0] < 80)


def test_the_screen_shows_counts_dynos_and_plots():
    lines = shown([look(0), look(1, 6), look(2, 12, None, UP)])

    assert lines[2] == " worker   count 12   asks for 3   dynos: 3 up, 1 starting"
    assert lines[3:6] == ["  count  12│  █", "           │ ▄█", "          0│·██"]
    assert lines[6:8] == ["  dynos   4│  █", "          0│··█"]
    assert lines[9] == " mailer   count ?    asks for ?   dynos: 1 stopping"
    assert lines[16].startswith(" web      dynos: 1 up")


def test_a_column_is_the_last_look_of_its_second():
    lines = shown([look(0.1, 1), look(0.9, 4), look(2.0, 8)])

    assert lines[5] == "          0│█?█"


def test_the_newest_decisions_come_first():
    lines = shown([look(0)], decisions(9))[17:]

    assert lines[0].split() == ["Decisions:", "worker", "Decisions:", "mailer"]
    assert lines[1].count("12:00:08  8 -> 9  count 41") == 2
    assert lines[5].count("12:00:04") == 2


@pytest.mark.parametrize(
    ("values", "rows", "plot"),
    [
        pytest.param([1, 4, 8], 1, ["▁▄█"], id="eighths"),
        pytest.param([8, 12, 16], 2, [" ▄█", "███"], id="two rows"),
        pytest.param([0, None], 2, ["  ", "·?"], id="zero and unknown differ"),
        pytest.param([1, 100], 1, ["▁█"], id="a small value is not zero"),
    ],
)
def test_bars(values, rows, plot):
    assert bars(values, rows) == plot


def test_plain_lines_when_dynos_change_or_three_seconds_have_passed(capsys):
    plain, looks = PlainLines(), [look(0.0), look(0.25, 4), look(0.5, 4, None, UP)]
    looks += [look(at / 4, 4, None, UP) for at in range(3, 16)]
    for number in range(len(looks)):
        plain.show(looks[: number + 1], (), "")

    text = (
        "worker: count  4, dynos 3 up, 1 starting | mailer: count  ?, dynos 1 stopping"
    )
    assert capsys.readouterr().out.splitlines() == [
        "  0.0 s  worker: count  0, dynos none | mailer: count  0, dynos none",
        f"  0.5 s  {text}",
        f"  3.5 s  {text}",
    ]


def test_plain_lines_print_each_decision_once(capsys):
    plain, past = PlainLines(), [Decision("12:00:01", "worker", "0 -> 2  count 6")]
    plain.show([look(1.0)], past, "")
    past.append(Decision("12:00:02", None, "held: counts_unavailable"))
    plain.show([look(1.25)], past, "")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "  1.0 s  decision  worker  0 -> 2  count 6"
    assert lines[2:] == ["  1.2 s  decision  the whole app  held: counts_unavailable"]
