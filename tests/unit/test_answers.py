"""Parsing an app's answer in each of its forms."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.errors import CountsMalformed
from scalar.core.reading import Form, Reading, Unknown
from scalar.core.reason import Reason
from scalar.formats import parse_answer
from scalar.formats.rich import MEDIA_TYPE


def rich(**process_types):
    """Return the readings of an answer in the richer form."""
    body = json.dumps({"version": 1, "process_types": process_types}).encode()
    return parse_answer(body, MEDIA_TYPE)


def hirefire(text, form=Form.HIREFIRE):
    return parse_answer(text.encode(), "application/json", form)


def test_the_plain_form_has_only_counts():
    assert parse_answer(b'{"worker": 2}') == {"worker": Reading(2)}


def test_a_plain_answer_may_have_a_process_type_called_version():
    """Only the media type identifies the richer form, never the names."""
    body = b'{"version": 1, "process_types": 4}'

    assert parse_answer(body, "application/json") == {
        "version": Reading(1),
        "process_types": Reading(4),
    }


def test_every_part_of_the_richer_form_is_read():
    data = {
        "count": 12,
        "latency": 3.5,
        "busy_dynos": ["worker.2", "worker.10"],
        "next_eta": 840.0,
        "stranded": 1,
    }

    assert rich(worker=data) == {
        "worker": Reading(
            12, latency=3.5, busy=frozenset({2, 10}), next_eta=840.0, stranded=1
        )
    }


def test_a_missing_part_is_none_and_not_unknown():
    assert rich(worker={"count": 12}) == {"worker": Reading(12)}


def test_an_empty_list_of_busy_dynos_is_not_none():
    assert rich(worker={"count": 0, "busy_dynos": []})["worker"].busy == frozenset()


def test_an_unknown_count_keeps_its_reason_and_lower_bound():
    data = {
        "count": None,
        "at_least": 7,
        "unknown": {"count": "1 of 2 workers\ndid not answer"},
    }

    assert rich(worker=data)["worker"].count == Unknown(
        Reason.COUNT_NULL, "1 of 2 workers did not answer", at_least=7
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"count": 1, "busy_dynos": None}, id="null"),
        pytest.param({"count": 1, "busy_dynos": "worker.1"}, id="text"),
        pytest.param({"count": 1, "busy_dynos": ["mailer.1"]}, id="another's dyno"),
        pytest.param({"count": 1, "busy_dynos": ["worker.1", 2]}, id="a number"),
        pytest.param({"count": 1, "busy_dynos": ["worker.x"]}, id="no number"),
        pytest.param({"count": 1, "busy_dynos": {"worker.1": 1}}, id="an object"),
    ],
)
def test_unreadable_busy_dynos_are_unknown(data):
    busy = rich(worker=data)["worker"].busy

    assert isinstance(busy, Unknown)
    assert busy.reason is Reason.BUSY_UNKNOWN


@pytest.mark.parametrize("latency", [None, -1, "3", True, [], {}])
def test_an_invalid_latency_is_unknown(latency):
    found = rich(worker={"count": 1, "latency": latency})["worker"].latency

    assert isinstance(found, Unknown)
    assert found.reason is Reason.LATENCY_UNKNOWN


def test_numbers_beyond_a_float_are_read():
    huge = 10**400
    data = {"count": huge, "latency": huge, "next_eta": huge, "stranded": huge}

    assert rich(worker=data) == {
        "worker": Reading(
            huge, latency=float(10**12), next_eta=float(10**12), stranded=huge
        )
    }


@pytest.mark.parametrize(
    ("data", "least"),
    [
        ({"count": 0, "at_least": 40}, 40),
        ({"count": 2, "at_least": 3}, 3),
        ({"count": 0, "stranded": 12}, 0),
        ({"count": 2, "stranded": 5}, 0),
        ({"count": 0, "latency": 900}, 0),
        ({"count": 0, "unknown": {"count": "no connection"}}, 0),
        ({"count": 7, "unknown": {"count": "no connection"}, "at_least": 7}, 7),
        ({"count": 0, "error": "no connection"}, 0),
        ({"count": 0, "error": {"code": 3}}, 0),
    ],
)
def test_a_count_that_the_answer_contradicts_is_unknown(data, least):
    said = rich(worker=data)["worker"]

    assert isinstance(said.count, Unknown)
    assert said.count.at_least == least


@pytest.mark.parametrize(
    "data",
    [
        {"count": 3, "at_least": 3, "stranded": 3, "latency": 900},
        {"count": 0, "latency": 0, "stranded": 0, "unknown": {}, "error": None},
        {"count": 0, "unknown": {"latency": "no connection"}, "latency": None},
    ],
)
def test_a_count_that_nothing_contradicts_is_known(data):
    assert rich(worker=data)["worker"].count == data["count"]


def test_a_number_with_a_reason_why_it_is_unknown_is_unknown():
    unknown = {"latency": "no connection", "busy_dynos": "one did not answer"}
    data = {"count": 3, "latency": 0.0, "busy_dynos": [], "unknown": unknown}
    said = rich(worker=data)["worker"]

    assert isinstance(said.latency, Unknown)
    assert isinstance(said.busy, Unknown)


@pytest.mark.parametrize(
    "member",
    [
        '"error": "no connection to the broker"',
        '"errors": ["no connection"]',
        '"exception": {"type": "OperationalError"}',
        '"ok": false',
        '"status": "error"',
        '"error": true',
    ],
)
@pytest.mark.parametrize(
    "answer",
    ['{"worker": 0, %s}', '{"version": 1, "process_types": {"worker": 0}, %s}'],
    ids=["plain", "rich"],
)
def test_an_answer_that_reports_an_error_has_no_counts(answer, member):
    media = MEDIA_TYPE if "version" in answer else "application/json"
    with pytest.raises(CountsMalformed, match="reports an error"):
        parse_answer((answer % member).encode(), media)


@pytest.mark.parametrize(
    "member", ['"error": null', '"errors": []', '"ok": true', '"status": "well"']
)
def test_an_answer_that_reports_no_error_has_counts(member):
    answer = parse_answer(f'{{"worker": 0, {member}}}'.encode())

    assert answer["worker"].count == 0


def test_a_process_type_may_be_called_error():
    assert parse_answer(b'{"error": 3}')["error"].count == 3


@pytest.mark.parametrize(
    "entry",
    [
        '{"name": "worker", "value": 0, "quantity": 50}',
        '{"name": "worker", "quantity": 0, "value": 50}',
        '{"name": "worker", "value": 0, "error": "no connection"}',
    ],
)
def test_an_entry_of_hirefire_that_contradicts_itself_is_unknown(entry):
    answer = parse_answer(f"[{entry}]".encode(), form=Form.HIREFIRE)

    assert isinstance(answer["worker"].count, Unknown)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("{}", id="no count"),
        pytest.param("5", id="a number in place of an object"),
        pytest.param('{"count": -1}', id="below 0"),
        pytest.param('{"count": 5, "count": 0}', id="two counts"),
        pytest.param('{"count": "5"}', id="text"),
    ],
)
def test_an_invalid_process_type_does_not_affect_the_others(data):
    body = f'{{"version": 1, "process_types": {{"a": {data}, "b": {{"count": 3}}}}}}'
    found = parse_answer(body.encode(), MEDIA_TYPE)

    assert isinstance(found["a"].count, Unknown)
    assert found["b"] == Reading(3)


def test_a_process_type_named_twice_is_unknown():
    one = '"a": {"count": 5}, "a": {"count": 0}'
    body = f'{{"version": 1, "process_types": {{{one}}}}}'.encode()

    assert isinstance(parse_answer(body, MEDIA_TYPE)["a"].count, Unknown)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        pytest.param(b'{"version": 2, "process_types": {}}', "is 2, must be 1", id="2"),
        pytest.param(b'{"process_types": {}}', "must be 1", id="no version"),
        pytest.param(b'{"version": true, "process_types": {}}', "must be 1", id="true"),
        pytest.param(b'{"version": 1}', "process_types", id="no process types"),
        pytest.param(b'{"version": 1, "process_types": []}', "a list", id="a list"),
        pytest.param(b"[]", "not a list", id="HireFire's list under this name"),
    ],
)
def test_an_answer_that_is_not_the_richer_form_is_rejected(body, word):
    with pytest.raises(CountsMalformed, match=word):
        parse_answer(body, MEDIA_TYPE)


def test_hirefires_values_are_read():
    body = '[{"name": "worker", "value": 32.0}, {"name": "urgent", "value": 8}]'

    assert hirefire(body) == {
        "worker": Reading(32.0, is_ambiguous=True),
        "urgent": Reading(8, is_ambiguous=True),
    }


def test_hirefires_older_quantities_are_read():
    body = '[{"name": "worker", "quantity": 15}]'

    assert hirefire(body) == {"worker": Reading(15, is_ambiguous=True)}


def test_hirefires_null_is_unknown():
    count = hirefire('[{"name": "worker", "value": null}]')["worker"].count

    assert isinstance(count, Unknown)
    assert count.reason is Reason.COUNT_NULL


def test_hirefires_form_is_detected():
    body = '[{"name": "worker", "value": 1}]'

    assert hirefire(body, Form.AUTO) == hirefire(body)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param('{"name": "a", "value": 5}, {"name": "a", "value": 0}', id="name"),
        pytest.param('{"name": "a", "value": 5, "value": 0}', id="value"),
        pytest.param('{"name": "a", "value": "5"}', id="text"),
        pytest.param('{"name": "a", "value": -1}', id="below 0"),
    ],
)
def test_an_invalid_value_in_hirefires_form_is_unknown(entry):
    found = hirefire(f'[{entry}, {{"name": "b", "value": 3}}]')

    assert isinstance(found["a"].count, Unknown)
    assert found["b"].count == 3


@pytest.mark.parametrize(
    ("body", "form"),
    [
        pytest.param('{"worker": 1}', Form.HIREFIRE, id="plain, HireFire wanted"),
        pytest.param("[[]]", Form.AUTO, id="a list of lists"),
        pytest.param("[3]", Form.AUTO, id="a list of numbers"),
        pytest.param('[{"value": 3}]', Form.AUTO, id="no name"),
        pytest.param('[{"name": "worker"}]', Form.AUTO, id="no value"),
        pytest.param('[{"name": 5, "value": 3}]', Form.AUTO, id="a name of numbers"),
        pytest.param(
            '[{"name": "worker", "value": 1}]', Form.SCALAR, id="HireFire, not wanted"
        ),
        pytest.param(
            json.dumps([{"name": f"p{n}", "value": 1} for n in range(501)]),
            Form.AUTO,
            id="more process types than allowed",
        ),
    ],
)
def test_an_answer_in_another_form_is_rejected(body, form):
    with pytest.raises(CountsMalformed):
        hirefire(body, form)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "version",
                    "process_types",
                    "worker",
                    "count",
                    "latency",
                    "busy_dynos",
                    "next_eta",
                    "stranded",
                    "unknown",
                    "at_least",
                    "name",
                    "value",
                    "quantity",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(answer=JSON, form=st.sampled_from(Form), media=st.sampled_from(["", MEDIA_TYPE]))
def test_any_answer_is_read_or_rejected_and_no_number_is_invented(answer, form, media):
    body = json.dumps(answer).encode()
    try:
        readings = parse_answer(body, media, form)
    except CountsMalformed:
        return
    for reading in readings.values():
        numbers = [reading.count, reading.latency, reading.next_eta]
        known = [n for n in numbers if n is not None and not isinstance(n, Unknown)]

        assert all(n >= 0 for n in known)
        assert isinstance(reading.count, Unknown) or reading.stranded <= reading.count
