"""Credentials, tokens and pools, and who may use the control routes."""

from __future__ import annotations

import base64

import pytest

from local_heroku.accounts import secret_from_header
from local_heroku.errors import ApiError
from local_heroku.server.loopback import is_loopback
from local_heroku.tests.world import NOON, SECRET, make_heroku


def basic(credentials):
    return "Basic " + base64.b64encode(credentials.encode()).decode()


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        pytest.param("Bearer abc", "abc", id="bearer"),
        pytest.param("bearer abc", "abc", id="lower case"),
        pytest.param(basic(":abc"), "abc", id="basic without a user"),
        pytest.param(basic("me@example.com:abc"), "abc", id="basic with a user"),
        pytest.param(basic("abc"), None, id="basic without a password"),
        pytest.param("Basic %%%", None, id="invalid base64"),
        pytest.param("Bearer ", None, id="empty bearer"),
        pytest.param("Digest OmFiYw==", None, id="another scheme"),
        pytest.param(None, None, id="no header"),
    ],
)
def test_the_secret_is_read_from_bearer_and_basic(header, secret):
    assert secret_from_header(header) == secret


def test_the_tokens_of_an_account_share_its_pool():
    heroku = make_heroku()
    reader = heroku.add_token("reader", "another", "default", ["read"])
    heroku.tokens[SECRET].account.pool.take(NOON)

    assert reader.account.pool.remaining(NOON) == 4499


@pytest.mark.parametrize(
    ("name", "secret", "scopes"),
    [
        pytest.param("new", "s", ["admin"], id="an unknown scope"),
        pytest.param("new", "s", [], id="no scope"),
        pytest.param("default", "s", ["read"], id="a taken name"),
        pytest.param("new", SECRET, ["read"], id="a taken secret"),
        pytest.param("new", "", ["read"], id="no secret"),
    ],
)
def test_an_invalid_token_is_refused_and_its_secret_not_repeated(name, secret, scopes):
    with pytest.raises(ApiError) as refused:
        make_heroku().add_token(name, secret, "default", scopes)

    assert refused.value.status == 422
    assert SECRET not in str(refused.value)


def test_a_token_can_be_revoked_once():
    heroku = make_heroku()
    heroku.revoke_token("default")

    assert heroku.tokens == {}
    with pytest.raises(ApiError, match="default"):
        heroku.revoke_token("default")


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.2", False),
        ("::ffff:192.0.2.2", False),
        ("fd00::2", False),
        ("", False),
        (None, False),
    ],
)
def test_only_loopback_addresses_may_use_the_control_routes(address, loopback):
    assert is_loopback(address) is loopback
