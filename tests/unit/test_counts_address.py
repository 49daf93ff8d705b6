"""What an app is registered with: a URL, a form, a token, queues."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.counts_address import CountsAddress, read_queues, shown_queues
from scalar.core.errors import InvalidInput
from scalar.core.reading import Form
from scalar.core.secret import Secret, redact

BROKER = "redis://user:hunter2@queue.example:6379/1"
QUEUES = {"worker": ("default", "mail")}


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("https://shop.example/api/scalar_tasks/", Form.AUTO),
        ("https://shop.example/hirefire", Form.HIREFIRE),
        ("https://shop.example/app/hirefire/", Form.HIREFIRE),
        ("https://shop.example/hirefire/t0ken/info", Form.HIREFIRE),
        ("https://shop.example/hirefire/t0ken/info/", Form.HIREFIRE),
        ("https://shop.example/hirefired", Form.AUTO),
        ("https://shop.example/?at=/hirefire", Form.AUTO),
        ("https://shop.example/hirefire/t0ken/infos", Form.AUTO),
    ],
)
def test_the_url_tells_the_form(url, form):
    assert CountsAddress.parse(url).form is form


@pytest.mark.parametrize("scheme", ["redis", "rediss", "amqp", "amqps"])
def test_the_url_of_a_broker_tells_the_form(scheme):
    url = f"{scheme}://user:hunter2@queue.example/1"

    assert CountsAddress.parse(url, queues=QUEUES).form is Form.CELERY


def test_a_form_that_is_said_wins():
    url = "https://shop.example/hirefire"

    assert CountsAddress.parse(url, Form.AUTO).form is Form.AUTO


@pytest.mark.parametrize("end", ["", "/", "?x=1"])
def test_a_token_in_the_path_is_taken_out_and_put_back_for_the_request_only(end):
    url = f"https://shop.example/hirefire/h%2Funter2/info{end}"
    address = CountsAddress.parse(url)

    assert address.token == Secret("h/unter2")
    assert address.has_token_in_path
    assert address.request_url() == url
    for text in (address.shown(), str(address), repr(address), address.described()):
        assert "unter2" not in text
    assert "/hirefire/***/info" in address.shown()


def test_a_token_beside_the_url_fills_its_place_in_the_path():
    url = "https://shop.example/hirefire/***/info"
    address = CountsAddress.parse(url, token=Secret("hunter2"))

    assert address.request_url() == "https://shop.example/hirefire/hunter2/info"


def test_what_looks_like_that_path_behind_the_question_mark_is_left_alone():
    url = "https://shop.example/counts?next=/hirefire/x/info"

    assert CountsAddress.parse(url).request_url() == url


def test_no_printing_shows_a_token_or_a_password():
    address = CountsAddress.parse(
        "https://user:hunter2@shop.example/hirefire", token=Secret("hunter3")
    )
    broker = CountsAddress.parse(BROKER, queues=QUEUES)

    assert not [
        text
        for text in (*map(str, (address, broker)), *map(repr, (address, broker)))
        if "hunter" in text
    ]
    assert address.described() == "https://user:***@shop.example/hirefire (hirefire)"
    assert broker.described() == (
        "redis://user:***@queue.example:6379/1 (celery: worker=default,mail)"
    )


@pytest.mark.parametrize(
    ("url", "said", "rule"),
    [
        pytest.param(BROKER, {}, "--queues worker=celery", id="a broker, no queues"),
        pytest.param(
            BROKER,
            {"queues": QUEUES, "token": Secret("hunter3")},
            "has no token",
            id="a broker with a token",
        ),
        pytest.param(
            BROKER,
            {"queues": QUEUES, "form": Form.HIREFIRE},
            "must be celery, not hirefire",
            id="a broker with another form",
        ),
        pytest.param(
            "https://shop.example/", {"form": Form.CELERY}, "redis://", id="no broker"
        ),
        pytest.param(
            "https://shop.example/", {"queues": QUEUES}, "is not a broker", id="queues"
        ),
        pytest.param(
            "https://shop.example/hirefire/hunter2/info",
            {"token": Secret("hunter3")},
            "differs from the given one",
            id="two tokens",
        ),
        pytest.param(
            "https://shop.example/hirefire/***/info", {}, "its token", id="no token"
        ),
        pytest.param(
            "https://shop.example/",
            {"token": Secret("hunter2\r\nX: 1")},
            "white space",
            id="a line break in the token",
        ),
        pytest.param(
            "https://shop.example/hirefire",
            {"token": Secret("hünter2")},
            "ASCII",
            id="an umlaut in the token",
        ),
        pytest.param(
            "https://user:hunter2@shop.example/",
            {"token": Secret("hunter3"), "form": Form.SCALAR},
            "one of them",
            id="a password and a token",
        ),
        pytest.param(
            f"{BROKER}?colour=hunter2",
            {"queues": QUEUES},
            "'colour' of the broker's URL must be global_keyprefix",
            id="an unknown option",
        ),
        pytest.param(
            f"{BROKER}?priority_steps=hunter2",
            {"queues": QUEUES},
            "priority_steps of the broker's URL cannot be read",
            id="an option with a bad value",
        ),
        pytest.param(BROKER, {"queues": {"worker": ()}}, "at least one", id="none"),
        pytest.param(BROKER, {"queues": {"worker": ("",)}}, "at least one", id="empty"),
        pytest.param(
            BROKER, {"queues": {"": ("a",)}}, "a process type", id="nobody's queues"
        ),
    ],
)
def test_what_does_not_go_together_is_refused_without_a_secret(url, said, rule):
    with pytest.raises(InvalidInput) as refusal:
        CountsAddress.parse(url, **said)

    assert rule in str(refusal.value)
    assert "unter" not in str(refusal.value)


def test_queues_are_read_as_they_are_shown():
    queues = {"mailer": ("post",), "worker": ("default", "mail")}

    assert shown_queues(queues) == "mailer=post worker=default,mail"
    assert read_queues(shown_queues(queues).split()) == queues


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["worker"], "PROCESS_TYPE=queue"),
        (["worker=a", "worker=b"], "given twice"),
    ],
)
def test_what_names_no_queues_is_refused(words, rule):
    with pytest.raises(InvalidInput, match=rule):
        read_queues(words)


tokens = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


@given(tokens.filter(lambda token: token not in ("***", ".", "..")))
def test_every_token_comes_back_from_the_path(token):
    place = "https://shop.example/hirefire/***/info"
    address = CountsAddress.parse(place, token=Secret(token))

    assert CountsAddress.parse(address.request_url()) == address


@pytest.mark.parametrize(
    "text",
    [
        "no answer from https://shop.example/hirefire/hunter2/info",
        "Max retries exceeded with url: /hirefire/hunter2/info/ (Caused by ...)",
        'GET "/app/hirefire/hunter2/info?x=1"',
    ],
)
def test_redaction_takes_the_token_of_the_older_path_out_of_any_text(text):
    assert "hunter2" not in redact(text)
