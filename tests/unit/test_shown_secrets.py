"""Secrets stay out of the log, the journal and the memory."""

from __future__ import annotations

import io
import json
import logging

import pytest
import requests

from scalar import logs
from scalar.adapters.heroku.errors import raise_for_answer, unavailable
from scalar.adapters.redis import memory_json
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import ConfigurationError, CountsUnavailable, PlatformError
from scalar.core.secret import Redactor, Secret
from scalar.logs import RedactingFormatter, never_show, shown
from scalar.settings import Settings
from tests.unit.world import World

KEY = "HRKU-hunter2-and-more"


@pytest.fixture
def log():
    """The log as a worker writes it."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(RedactingFormatter("%(message)s"))
    root = logging.getLogger("scalar")
    root.addHandler(handler)
    yield output
    root.removeHandler(handler)


@pytest.fixture
def world():
    world = World()
    world.add(worker=1)
    address = CountsAddress.parse("https://any:hunter2-and-more@shop.example/counts")
    world.registry.set_address("shop", address)
    return world


@pytest.fixture
def forgetful():
    yield
    never_show(())


@pytest.mark.parametrize(
    "detail",
    [
        "the app says hunter2-and-more",
        "see https://shop.example/?token=another-one",
        "redirects to https://me:another-one@elsewhere.example/",
    ],
)
def test_neither_journal_nor_log_nor_memory_has_a_secret(world, log, detail):
    world.report(CountsUnavailable(detail))
    for _ in range(3):
        world.poll()
    (event,) = world.journal.events
    everywhere = log.getvalue() + event.detail + memory_json.dump(world.memory())

    assert event.detail.count("***") == 1
    assert "hunter2" not in everywhere
    assert "another-one" not in everywhere


def test_a_traceback_has_no_secret_of_the_app(world, log, monkeypatch):
    def break_down(*_):
        raise TypeError("cannot send hunter2-and-more")

    monkeypatch.setattr(world.counts, "read", break_down)
    world.poll()

    assert "TypeError: cannot send ***" in log.getvalue()
    assert "hunter2" not in log.getvalue()


def test_the_settings_secrets_are_never_shown(log, forgetful):
    settings = Settings.from_environ(
        {
            "HEROKU_API_KEY": KEY,
            "DATABASE_URL": "postgres://u:data-secret@db.example/x",
            "REDIS_URL": "redis://host/0?password=redis-secret",
            "PING_URL": "https://ping.example/ping-secret",
        }
    )
    never_show(settings.secrets())
    text = f"{KEY} data-secret redis-secret https://ping.example/ping-secret"
    logging.getLogger("scalar").error(text)

    assert log.getvalue() == "*** *** *** ***\n"
    assert shown(text) == "*** *** *** ***"


def test_a_short_setting_is_not_looked_for_in_other_words(forgetful):
    never_show(["redis"])

    assert shown("redis answers") == "redis answers"
    assert len("redis") < logs.LEAST_LENGTH


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("REDIS_URL", "unix:///tmp/redis?password=hunter2"),
        ("REDIS_URL", "redis://host/x?password=hunter2"),
        ("DATABASE_URL", "mysql://db/x?password=hunter2"),
        ("DATABASE_URL", "sqlite://?password=hunter2"),
        ("HEROKU_API_URL", "ftp://heroku.example/?token=hunter2"),
    ],
)
def test_the_error_for_a_setting_has_no_secret(name, text):
    with pytest.raises(ConfigurationError) as refusal:
        Settings.from_environ({name: text})

    assert "hunter2" not in str(refusal.value)
    assert name in str(refusal.value)


@pytest.mark.parametrize("part", ["message", "id"])
@pytest.mark.parametrize("pad", ["", "x" * 290], ids=["short", "cut off"])
def test_what_heroku_echoes_of_the_key_is_hidden(part, pad):
    response = requests.Response()
    response.status_code = 401
    response._content = json.dumps({part: f"{pad}the key {KEY} is bad"}).encode()
    with pytest.raises(PlatformError) as refusal:
        raise_for_answer(response, is_shared=True, redactor=Redactor([KEY]))

    assert "HRKU" not in str(refusal.value) + refusal.value.error_id


def test_an_invalid_header_does_not_show_the_key():
    """Requests quotes the header, which has the key in Base64."""
    request = requests.Request("GET", "https://heroku.example/")
    request.headers["Authorization"] = f"\n{KEY}"
    with pytest.raises(requests.RequestException) as bad:
        request.prepare()
    error = unavailable(bad.value, 5, Redactor([KEY]))

    assert "HRKU" not in str(error)
    assert Secret(KEY).reveal() in str(bad.value)
