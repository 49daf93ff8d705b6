"""Credentials, tokens and scopes, and who may steer the server."""

from __future__ import annotations

import base64

import pytest

from local_heroku.accounts import secret_from_header
from local_heroku.errors import ApiError
from local_heroku.server.neighbours import is_on_this_machine
from local_heroku.tests.world import NOON, SECRET, make_heroku


def basic(pair):
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        pytest.param("Bearer abc", "abc", id="bearer"),
        pytest.param("bearer abc", "abc", id="the scheme in any case"),
        pytest.param(basic(":abc"), "abc", id="basic, no user"),
        pytest.param(basic("me@example.com:abc"), "abc", id="basic, some user"),
        pytest.param(basic("abc"), None, id="basic without a password"),
        pytest.param("Basic %%%", None, id="basic that is not base64"),
        pytest.param("Bearer ", None, id="bearer of nothing"),
        pytest.param("Digest OmFiYw==", None, id="another scheme"),
        pytest.param(None, None, id="no header"),
    ],
)
def test_the_secret_comes_from_either_scheme(header, secret):
    assert secret_from_header(header) == secret


def test_two_tokens_of_an_account_share_its_pool():
    heroku = make_heroku()
    reader = heroku.add_token("reader", "another", "default", ["read"])
    heroku.tokens[SECRET].account.pool.take(NOON)

    assert reader.account.pool.remaining(NOON) == 4499


def test_another_account_has_its_own_pool():
    heroku = make_heroku()
    other = heroku.add_account("other", NOON)
    heroku.accounts["default"].pool.take(NOON)

    assert other.pool.remaining(NOON) == 4500


@pytest.mark.parametrize(
    ("name", "secret", "scopes", "status"),
    [
        pytest.param("new", "s", ["admin"], 422, id="a scope that is none"),
        pytest.param("new", "s", [], 422, id="no scope"),
        pytest.param("default", "s", ["read"], 422, id="a taken name"),
        pytest.param("new", SECRET, ["read"], 422, id="a taken secret"),
        pytest.param("new", "", ["read"], 422, id="no secret"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(name, secret, scopes, status):
    with pytest.raises(ApiError) as refused:
        make_heroku().add_token(name, secret, "default", scopes)

    assert refused.value.status == status
    assert SECRET not in str(refused.value)


def test_a_revoked_token_is_gone():
    heroku = make_heroku()
    heroku.revoke_token("default")

    assert heroku.tokens == {}
    with pytest.raises(ApiError, match="default"):
        heroku.revoke_token("default")


@pytest.mark.parametrize(
    ("address", "near"),
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
def test_only_a_loopback_address_may_steer_the_server(address, near):
    assert is_on_this_machine(address) is near
