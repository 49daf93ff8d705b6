"""One event, one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scalar.core import logfmt
from scalar.core.reason import Reason


def test_facts_follow_the_event_in_their_order():
    line = logfmt.line("scale.done", app="shop", current=1, desired=10)

    assert line == "scale.done app=shop current=1 desired=10"


def test_words_of_the_vocabulary_are_plain():
    assert logfmt.line("x", reason=Reason.COUNT_NULL) == "x reason=count_null"


def test_a_fact_that_is_none_is_left_out():
    assert logfmt.line("x", count=None, app="shop") == "x app=shop"


def test_white_space_and_quotes_are_quoted():
    assert logfmt.line("x", detail='say "no" now') == 'x detail="say \\"no\\" now"'


@given(st.text())
def test_no_fact_can_forge_a_second_line_or_a_second_fact(text):
    line = logfmt.line("x", detail=text, app="shop")

    assert len(line.splitlines()) == 1
    assert line.endswith(" app=shop")
