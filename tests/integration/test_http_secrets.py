"""An app may answer with what it was sent; its secrets stay out of every message."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from urllib.parse import quote

import pytest

from scalar.adapters.http.counts import HttpCountSource
from scalar.adapters.http.getter import Getter
from scalar.adapters.http.tls import tls_context
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import CountsError
from scalar.core.reading import Form
from scalar.core.secret import Secret
from scalar.formats.rich import MEDIA_TYPE

TOKEN = "hunter2/and+more"
SPELLINGS = {
    "plain": TOKEN,
    "percent-encoded": quote(TOKEN, safe=""),
    "Basic": b64encode(f"any:{TOKEN}".encode()).decode(),
}
each_spelling = pytest.mark.parametrize(
    "echo", SPELLINGS.values(), ids=SPELLINGS.keys()
)


@pytest.fixture
def source():
    getter = Getter(tls_context(""), timeout=(1, 1))
    yield HttpCountSource(getter, total_timeout=2, max_bytes=65536, period=10)
    getter.close()


@pytest.fixture(params=["Basic", "Bearer", "user alone"])
def address(request, counts_app):
    """Registered as the README advises, or with the agent's token."""
    if request.param == "Bearer":
        return CountsAddress.parse(counts_app.url, Form.SCALAR, Secret(TOKEN))
    who = f"any:{quote(TOKEN, safe='')}" if request.param == "Basic" else None
    who = who or quote(TOKEN, safe="")
    return CountsAddress.parse(counts_app.url.replace("://", f"://{who}@"))


def assert_hidden(*texts):
    found = [
        (name, text)
        for text in map(str, texts)
        for name, spelling in SPELLINGS.items()
        if spelling in text
    ]
    assert found == []


@each_spelling
@pytest.mark.parametrize(
    "place", ["status", "redirect", "scheme", "version", "redirect elsewhere"]
)
def test_an_error_does_not_repeat_what_the_app_echoes(
    source, counts_app, address, echo, place
):
    behave = {
        "status": lambda: counts_app.answer({"error": echo}, status=401),
        "redirect": lambda: counts_app.behave("redirect", to=f"ftp://x/{echo}"),
        "redirect elsewhere": lambda: counts_app.behave(
            "redirect", to=f"http://127.0.0.1:1/?t={echo}"
        ),
        "scheme": lambda: counts_app.behave("redirect", to=f"{echo}://x/"),
        "version": lambda: counts_app.answer(
            {"version": echo}, headers={"Content-Type": MEDIA_TYPE}
        ),
    }
    behave[place]()
    with pytest.raises(CountsError) as refusal:
        source.read(address)

    assert_hidden(refusal.value, repr(refusal.value))
    assert refusal.value.__cause__ is None


@each_spelling
@pytest.mark.parametrize("pad", ["", "x" * 190], ids=["short", "cut off"])
def test_a_reason_does_not_repeat_what_the_app_echoes(
    source, counts_app, address, echo, pad
):
    why = {"count": f"{pad}got {echo}", "busy_dynos": f"{pad}got {echo}"}
    worker = {"count": None, "busy_dynos": None, "unknown": why}
    body = {"version": 1, "process_types": {"worker": worker}}
    counts_app.answer(json.dumps(body).encode(), headers={"Content-Type": MEDIA_TYPE})
    (reading,) = source.read(address).values()

    assert_hidden(reading)
    assert "hunter" not in str(reading)
    assert "got" in str(reading)


def test_a_name_with_a_secret_in_it_is_no_process_type(source, counts_app):
    counts_app.answer({"hunter2-and-more": 1, "worker": 2})
    address = CountsAddress.parse(
        counts_app.url.replace("://", "://any:hunter2-and-more@")
    )

    assert source.read(address).keys() == {"worker"}


def test_a_short_password_may_be_the_name_of_a_process_type(source, counts_app):
    counts_app.answer({"worker": 2})
    address = CountsAddress.parse(counts_app.url.replace("://", "://any:worker@"))

    assert source.read(address).keys() == {"worker"}


def test_a_poll_logs_nothing_of_what_signs_it(source, counts_app, address, caplog):
    caplog.set_level(logging.DEBUG)
    counts_app.answer({"worker": 2})
    source.read(address)

    assert_hidden(caplog.text)
    assert "Authorization" not in caplog.text


@pytest.mark.parametrize("size", [70_000, 50_000_000])
def test_an_answer_is_read_no_further_than_its_bound(counts_app, size, monkeypatch):
    """Not read as a whole, and measured after that."""
    getter = Getter(tls_context(""), timeout=(1, 5))
    source = HttpCountSource(getter, total_timeout=5, max_bytes=65536, period=10)
    counts_app.behave("huge", size=size)
    read, get = [], getter.get

    def watched(*facts):
        response = get(*facts)
        inner = response.read

        def counted(*args, **options):
            body = inner(*args, **options)
            read.append(len(body))
            return body

        monkeypatch.setattr(response, "read", counted)
        return response

    monkeypatch.setattr(getter, "get", watched)
    with pytest.raises(CountsError, match="longer than 65536 bytes"):
        source.read(CountsAddress.parse(counts_app.url))
    getter.close()

    assert sum(read) <= 65537
