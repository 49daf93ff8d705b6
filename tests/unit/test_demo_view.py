"""The demo's live view."""

from __future__ import annotations

from collections import Counter

import pytest
from rich.cells import cell_len
from rich.console import Console

from demo.view import LiveView, screen, states_in_words
from tests.unit.demo_world import history, look

DYNOS = ("web.1", "worker.1", ("worker.2", "starting"), ("mailer.1", "stopping"))


def text(past, width=80, height=24):
    return [line.plain for line in screen(past, width, height)]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_it_fills_the_terminal_and_no_more(width, height):
    looks = [look(at / 4, at % 30, at % 7, DYNOS) for at in range(2000)]
    lines = text(history(*looks, decisions=50), width, height)

    assert len(lines) == height
    assert max(map(cell_len, lines)) < width


@pytest.mark.parametrize(("width", "height"), [(40, 10), (20, 5)])
def test_in_a_small_terminal_it_is_cut(width, height):
    lines = text(history(look(1, 3, 3, DYNOS), decisions=9), width, height)

    assert len(lines) == height
    assert max(map(cell_len, lines)) < width


def test_it_says_that_heroku_is_simulated_and_where_the_logs_are():
    lines = text(history(look(12.4)))

    assert "12 of 60 s" in lines[0]
    assert "Heroku is simulated here: no account is needed" in lines[1]
    assert lines[2] == " Logs: /tmp/scalar-demo-12345678"


def test_it_shows_count_dynos_and_plots():
    looks = [look(0, 0), look(1, 6), look(2, 12, None, DYNOS)]
    lines = text(history(*looks))

    assert lines[4] == " worker   count 12   asks for 3   dynos: 1 up, 1 starting"
    assert lines[5:8] == [
        "  count  12│  █",
        "           │ ▄█",
        "          0│·██",
    ]
    assert lines[8:10] == ["  dynos   2│  █", "          0│··█"]
    assert lines[11] == " mailer   count ?    asks for ?   dynos: 1 stopping"
    assert lines[18].startswith(" web      dynos: 1 up")


def test_the_newest_decisions_of_each_process_type_come_first():
    lines = text(history(look(0), decisions=9))[-5:]

    assert lines[0].split() == ["Decisions:", "worker", "Decisions:", "mailer"]
    assert lines[1].split("  ")[0] == " 12:00:08"
    assert lines[4].count("12:00:05") == 2


def test_before_the_first_look():
    assert len(text(history())) == 24


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({}, "none"),
        ({"up": 3}, "3 up"),
        ({"stopping": 1, "starting": 2, "up": 3}, "3 up, 2 starting, 1 stopping"),
    ],
)
def test_states_in_words(states, words):
    assert states_in_words(Counter(states)) == words


def test_a_terminal_that_was_closed_is_an_error(tmp_path):
    with (tmp_path / "no terminal").open("w") as file:
        view = LiveView(Console(file=file, force_terminal=False))

        with pytest.raises(OSError, match="the terminal was closed"):
            view.show(history(look(0)))
