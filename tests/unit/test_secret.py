"""Secrets, and URLs that carry them."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.counts_url import CountsUrl
from scalar.core.errors import InvalidInput
from scalar.core.secret import Redactor, Secret, redact, redact_input, secrets_of_url


def test_a_secret_shows_itself_in_no_form_of_printing():
    secret = Secret("hunter2")

    shown = f"{secret} {secret!r} {secret!s} {[secret]} %s" % secret
    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"


def test_a_url_is_taken_apart():
    url = CountsUrl.parse("https://us%40er:p%2Fss@shop.example:8443/counts/?a=1")

    assert url.address == "https://shop.example:8443/counts/?a=1"
    assert url.user == "us@er"
    assert url.password.reveal() == "p/ss"
    assert url.host == "shop.example"


def test_a_url_is_shown_without_its_password():
    url = CountsUrl.parse("https://user:hunter2@shop.example/counts")

    assert str(url) == "https://user:***@shop.example/counts"
    assert "hunter2" not in repr(url)


def test_a_user_without_a_password_is_shown_the_same_way():
    assert "token" in CountsUrl.parse("https://token@shop.example/").reveal()
    assert CountsUrl.parse("https://:pw@shop.example/").shown() == (
        "https://:***@shop.example/"
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("", "empty", id="nothing"),
        pytest.param("shop.example/counts", "https://", id="no scheme"),
        pytest.param("ftp://shop.example/", "https://", id="another scheme"),
        pytest.param("file:///etc/passwd", "https://", id="a file"),
        pytest.param("https:///counts", "no host", id="no host"),
        pytest.param("https://user:hunter2@/counts", "no host", id="only a user"),
        pytest.param("https://shop.example/a b", "white space", id="a space"),
        pytest.param("https://shop.example/\n", "white space", id="a line break"),
        pytest.param("https://shop.example:0/", "port", id="port 0"),
        pytest.param("https://shop.example:99999/", "valid", id="a port too high"),
        pytest.param("https://user:hunter2@shop.example:x/", "valid", id="no number"),
        pytest.param("https://user:hunter2/x@shop.example/", "%2F", id="a bare /"),
        pytest.param("https://user:hunter2#x@shop.example/", "%23", id="a bare #"),
        pytest.param("https://user:hunter2?x@shop.example/", "%3F", id="a bare ?"),
        pytest.param("user:hunter2@shop.example", "https://", id="only a password"),
        pytest.param("https://[::1/", "valid", id="an unfinished address"),
        pytest.param("https://shop.example/#top", "fragment", id="a fragment"),
    ],
)
def test_a_bad_url_is_refused_with_its_rule_and_without_its_password(text, rule):
    with pytest.raises(InvalidInput, match=rule) as refusal:
        CountsUrl.parse(text)

    assert "hunter2" not in str(refusal.value)


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_is_stored_is_read_back(user, password):
    url = CountsUrl("https://shop.example/counts", user, Secret(password))

    assert CountsUrl.parse(url.reveal()) == url


@pytest.mark.parametrize(
    "text",
    [
        "could not reach https://user:hunter2@shop.example/x",
        "redis://:hunter2@host:6379/0 and postgres://u:hunter2@db/x",
        "REDISS://default:hunter2@host",
    ],
)
def test_redaction_takes_passwords_out_of_any_text(text):
    assert "hunter2" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "Error 111 connecting to redis://host:6379/0?password=hunter2&db=1",
        "postgresql://db/x?user=u&password=hunter2&sslmode=require",
        "GET https://shop.example/counts?token=hunter2 failed",
        "GET https://shop.example/counts?a=1&api_key=hunter2",
        "invalid dsn: host=db password='hunter2' dbname=x",
        "Authorization: Bearer hunter2",
        "{'Authorization': 'Basic Omhlcmhlcmhlcmhlcmhlcmhlcmhlcmhlcmhlcmhlcmhlcg=='}",
        "Invalid header value 'Basic Omhlcmhlcmhlcmhlcmhlcmhlcmhlcmhlcmhlcmhlcg=='",
    ],
)
def test_redaction_takes_out_what_its_place_gives_away(text):
    shown = redact(text)

    assert "hunter2" not in shown
    assert "Omhlcmhlcmhlcmhlcmhlcmhlcmhlcmhlcmhlcmhlc" not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "mail a@b.example about https://shop.example/x?y=z",
        'password authentication failed for user "scalar"',
        "Basic dynos cannot be mixed with Standard-1X dynos",
        "redis://host/0?global_keyprefix=shop:",
    ],
)
def test_redaction_leaves_other_text_alone(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    ["redis://host/0?password=hunter2", "ftp://x/?token=hunter2", "a:hunter2@x"],
)
def test_what_was_typed_is_shown_without_secrets(text):
    assert "hunter2" not in redact_input(text)


TOKEN = "tök/e+n =hunter2"


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(TOKEN, id="plain"),
        pytest.param(quote(TOKEN, safe=""), id="percent-encoded"),
        pytest.param(quote(TOKEN), id="in a path"),
        pytest.param(quote_plus(TOKEN), id="in a form"),
        pytest.param(quote(TOKEN, safe="").lower(), id="percent-encoded in lower case"),
        pytest.param(TOKEN.replace("/", "\\/"), id="a slash as PHP writes it"),
        pytest.param(TOKEN.encode("unicode_escape").decode(), id="escaped"),
        pytest.param(b64encode(f"any:{TOKEN}".encode()).decode(), id="Basic"),
        pytest.param(
            b64encode(f"any:{TOKEN}".encode()).decode().rstrip("="), id="unpadded"
        ),
        pytest.param(b64encode(f":{TOKEN}".encode()).decode(), id="as Heroku's keys"),
        pytest.param(TOKEN[:8], id="cut off"),
    ],
)
def test_a_known_secret_is_taken_out_in_every_spelling(spelling):
    shown = Redactor([TOKEN], user="any").redact(f"the app says: {spelling}")

    assert shown == "the app says: ***"


def test_no_secret_changes_no_text():
    text = "the app answered HTTP 500"

    assert Redactor(()).redact(text) == text
    assert Redactor(["", ""]).redact(text) == text
    assert not Redactor(()).finds(text)


def test_the_longest_secret_is_taken_out_as_a_whole():
    assert Redactor(["abc", "abcdef"]).redact("x abcdef y") == "x *** y"


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("redis://:hunter2@host/0", ["hunter2"]),
        ("https://user:hunter2@shop.example/", ["hunter2"]),
        ("https://hunter2@shop.example/", ["hunter2"]),
        ("rediss://host/0?password=hunter2&db=1", ["", "hunter2"]),
        ("https://shop.example/?token=hunter2&x=y", ["", "hunter2"]),
        ("https://[", []),
    ],
)
def test_the_secrets_of_a_url_are_known(url, secrets):
    assert secrets_of_url(url) == secrets


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://token@shop.example/counts", "https://***@shop.example/counts"),
        (
            "https://shop.example/counts?token=hunter2",
            "https://shop.example/counts?***",
        ),
        ("https://u:pw@shop.example/?token=x", "https://u:***@shop.example/?***"),
    ],
)
def test_what_may_be_a_token_is_not_shown(url, shown):
    parsed = CountsUrl.parse(url)

    assert parsed.shown() == shown
    assert CountsUrl.parse(parsed.reveal()) == parsed


def test_a_password_with_a_bare_slash_is_no_port():
    with pytest.raises(InvalidInput, match="@ after its host") as refused:
        CountsUrl.parse("https://user:123/hunter2@shop.example/counts")

    assert "hunter2" not in str(refused.value)
