"""The longest accepted answers, built to be slow, are still parsed fast."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from fuzz import answers
from scalar.core.errors import CountsMalformed
from scalar.core.reading import Form
from scalar.formats import parse_answer
from scalar.formats.rich import MEDIA_TYPE

LONGEST = 65_536
#: Seconds of CPU; the slowest takes a twentieth of it.
MOST_SECONDS = 1.0
RICH = b'{"version":1,"process_types":{'
ENTRY = b'{"name":"a","value":1' + b',"q":0' * 12 + b"}"


def filled(before, unit, after, between=b","):
    """Return an answer of the maximum length that repeats one part."""
    times = (LONGEST - len(before) - len(after)) // (len(unit) + len(between))
    return before + between.join([unit] * times) + after


def distinct(before, after, unit="%x", times=5_000):
    """Return an answer with very many distinct names."""
    names = ",".join(f'"{unit % number}":0' for number in range(times))
    return before + names.encode()[: LONGEST - 500] + after


CASES = {
    "lists in lists": b"[" * LONGEST,
    "objects in objects": b'{"a":' * (LONGEST // 5),
    "one name again and again": filled(b"{", b'"a":0', b"}"),
    "many names": distinct(b"{", b"}"),
    "members of one process type": distinct(RICH + b'"a":{', b"}}}"),
    "one member again and again": filled(RICH + b'"a":{', b'"b":0', b"}}}"),
    "process types": filled(RICH, b'"a":{"count":1}', b"}}"),
    "members beside": filled(b"{", b'"":0', b"}"),
    "busy dynos": filled(RICH + b'"a":{"count":1,"busy_dynos":[', b'"a.1"', b"]}}}"),
    "busy dynos of a long name": filled(
        RICH + b'"' + b"a" * 128 + b'":{"count":1,"busy_dynos":[', b'"b.1"', b"]}}}"
    ),
    "words": filled(
        RICH + b'"a":{"count":null,"unknown":{"count":"', b"\\n", b'"}}}}', b""
    ),
    "entries": filled(b"[", ENTRY, b"]"),
    "members of an entry": filled(b'[{"name":"a",', b'"value":0', b"}]"),
    "long numbers": filled(b'{"b":0,"a":[', b"9" * 4_290, b"]}"),
    "a long fraction": filled(b'{"a":0.', b"9", b"}", b""),
    "a long exponent": filled(b'{"a":1e', b"9", b"}", b""),
    "blanks": b" " * LONGEST,
    "lines": b"\n" * (LONGEST - 1) + b"x",
}


@pytest.mark.parametrize("form", [Form.AUTO, Form.SCALAR, Form.HIREFIRE])
@pytest.mark.parametrize("body", CASES.values(), ids=CASES)
def test_no_answer_is_slow_to_read(body, form):
    assert len(body) <= LONGEST
    for media_type in (MEDIA_TYPE, "application/json"):
        start = time.process_time()
        with suppress(CountsMalformed):
            parse_answer(body, media_type, form)

        assert time.process_time() - start < MOST_SECONDS


@pytest.mark.parametrize("body", CASES.values(), ids=CASES)
@pytest.mark.parametrize("choices", [b"01", b"10", b"22"])
def test_the_invariants_hold_for_long_answers(body, choices):
    answers.check(choices + body)
