"""The forms requested over HTTP, and where tokens are sent."""

from __future__ import annotations

import base64

import pytest

from scalar.adapters.http.counts import HttpCountSource
from scalar.adapters.http.getter import Getter
from scalar.adapters.http.tls import tls_context
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import CountsError, CountsMalformed, CountsUnavailable
from scalar.core.reading import Form, Unknown
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from tests.support.counts_app import CountsApp

TOKEN = "hunter2/t0ken"
HIREFIRE = [{"name": "worker", "value": 12}, {"name": "mailer", "value": None}]
RICH = "application/vnd.scalar+json"


@pytest.fixture
def source():
    getter = Getter(tls_context(), timeout=(0.5, 0.5))
    yield HttpCountSource(getter, total_timeout=1.0, max_bytes=65536, period=10)
    getter.close()


@pytest.fixture
def other():
    with CountsApp() as app:
        app.answer(HIREFIRE)
        yield app


def address_at(app, path="/hirefire", form=None, token=TOKEN, user=""):
    base = f"http://{user}127.0.0.1:{app.port}"
    return CountsAddress.parse(base + path, form, Secret(token))


def in_path(app):
    return address_at(app, "/hirefire/***/info")


def sent(app):
    headers = app.requests[-1].headers
    return {
        name: headers[name]
        for name in ("HireFire-Token", "Authorization")
        if name in headers
    }


def test_the_richer_form_is_preferred_and_the_plain_one_accepted(source, counts_app):
    counts_app.answer({"worker": 3})
    source.read(CountsAddress.parse(counts_app.url))

    accept = counts_app.requests[-1].headers["Accept"]
    assert accept == f"{RICH}, application/json;q=0.9"


def test_the_richer_form_is_recognised_by_its_media_type(source, counts_app):
    body = {"version": 1, "process_types": {"worker": {"count": 3, "latency": 1.5}}}
    counts_app.answer(body, headers={"Content-Type": f"{RICH}; charset=utf-8"})

    reading = source.read(CountsAddress.parse(counts_app.url))["worker"]
    assert (reading.count, reading.latency) == (3, 1.5)


def test_hirefires_form_is_read_and_null_is_unknown(source, counts_app):
    counts_app.answer(HIREFIRE)
    readings = source.read(address_at(counts_app))

    assert (readings["worker"].count, readings["worker"].is_ambiguous) == (12, True)
    assert isinstance(readings["mailer"].count, Unknown)
    assert readings["mailer"].count.reason is Reason.COUNT_NULL


def test_an_answer_in_another_form_than_required_is_malformed(source, counts_app):
    counts_app.answer({"worker": 3})

    with pytest.raises(CountsMalformed):
        source.read(address_at(counts_app))


@pytest.mark.parametrize(
    ("form", "user", "expected"),
    [
        (Form.HIREFIRE, "", {"HireFire-Token": TOKEN}),
        (Form.SCALAR, "", {"Authorization": f"Bearer {TOKEN}"}),
        (
            Form.AUTO,
            "",
            {"HireFire-Token": TOKEN, "Authorization": f"Bearer {TOKEN}"},
        ),
        (
            Form.AUTO,
            "user:pw@",
            {
                "HireFire-Token": TOKEN,
                "Authorization": "Basic " + base64.b64encode(b"user:pw").decode(),
            },
        ),
    ],
    ids=["hirefire", "scalar", "unknown", "unknown, with a password"],
)
def test_the_token_is_sent_in_the_headers_of_the_form(
    source, counts_app, form, user, expected
):
    counts_app.answer(HIREFIRE if form is Form.HIREFIRE else {})
    source.read(address_at(counts_app, form=form, user=user))

    assert sent(counts_app) == expected


def test_a_token_in_the_path_is_sent_only_there(source, counts_app):
    counts_app.answer(HIREFIRE)
    source.read(in_path(counts_app))

    assert counts_app.requests[-1].path == "/hirefire/hunter2%2Ft0ken/info"
    assert sent(counts_app) == {}


@pytest.mark.parametrize("form", [Form.HIREFIRE, Form.AUTO, Form.SCALAR])
def test_a_token_is_not_sent_to_another_host_after_a_redirect(
    source, counts_app, other, form
):
    counts_app.behave("redirect", to=other.url)
    other.answer(HIREFIRE if form is Form.HIREFIRE else {})
    source.read(address_at(counts_app, form=form))

    assert sent(counts_app) != {}
    assert sent(other) == {}


def test_a_token_is_sent_to_the_same_host_after_a_redirect(source, counts_app):
    counts_app.behave("redirect", to="/elsewhere")
    with pytest.raises(CountsUnavailable, match="redirects"):
        source.read(address_at(counts_app))

    assert [seen.headers["HireFire-Token"] for seen in counts_app.requests] == [
        TOKEN
    ] * 4


def test_a_redirect_with_the_token_in_its_path_to_another_host_is_not_followed(
    source, counts_app, other
):
    place = f"http://127.0.0.1:{other.port}/hirefire/hunter2%2Ft0ken/info"
    counts_app.behave("redirect", to=place)

    with pytest.raises(CountsUnavailable, match="register the address") as failure:
        source.read(in_path(counts_app))
    assert other.requests == []
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize("address", [address_at, in_path], ids=["header", "path"])
@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda app: app.behave("hang"), id="hang"),
        pytest.param(lambda app: app.behave("cut"), id="cut"),
        pytest.param(lambda app: app.behave("reset"), id="reset"),
        pytest.param(lambda app: app.answer(b"no", status=404), id="404"),
        pytest.param(lambda app: app.answer(b"<html>"), id="a page"),
        pytest.param(
            lambda app: app.behave("redirect", to=f"ftp://host/hirefire/{TOKEN}/info"),
            id="a redirect to nowhere",
        ),
        pytest.param(
            lambda app: app.behave("redirect", to="ftp://host/?t=hunter2%2Ft0ken"),
            id="a redirect to nowhere, escaped",
        ),
    ],
)
def test_no_error_contains_the_token(source, counts_app, address, trouble):
    trouble(counts_app)

    with pytest.raises(CountsError) as failure:
        source.read(address(counts_app))
    error = failure.value
    while error is not None:
        assert "hunter2" not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__


def test_the_error_for_a_refused_connection_hides_the_token(source):
    address = CountsAddress.parse("http://127.0.0.1:1/hirefire/hunter2/info")

    with pytest.raises(CountsUnavailable, match=r"127\.0\.0\.1:1: ") as failure:
        source.read(address)
    assert "hunter2" not in str(failure.value)
    assert failure.value.__cause__ is failure.value.__context__ is None


def test_a_404_says_that_the_token_may_be_wrong(source, counts_app):
    counts_app.answer(b"", status=404)

    with pytest.raises(CountsUnavailable, match=r"HTTP 404; .* a wrong token"):
        source.read(address_at(counts_app))
