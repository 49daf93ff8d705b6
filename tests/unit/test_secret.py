"""Secrets, and URLs that carry them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.counts_url import CountsUrl
from scalar.core.errors import InvalidInput
from scalar.core.secret import Secret, redact


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


def test_redaction_leaves_other_text_alone():
    text = "mail a@b.example about https://shop.example/x?y=z"

    assert redact(text) == text


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
