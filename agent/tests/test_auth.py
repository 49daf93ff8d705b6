"""Who may read the counts."""

from __future__ import annotations

from base64 import b64encode
from typing import Optional

import pytest

from scalar_agent.auth import Token


def basic(pair: str, scheme: str = "Basic") -> str:
    return f"{scheme} {b64encode(pair.encode()).decode()}"


def as_decoded_by_a_server(text: str) -> str:
    return text.encode().decode("latin-1")


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer s3cret",
        "bearer s3cret",
        "BEARER  s3cret ",
        basic("any:s3cret"),
        basic(":s3cret"),
        basic("any:s3cret", "bAsIc"),
    ],
)
def test_the_token_matches(authorization: str) -> None:
    assert Token("s3cret").matches(authorization)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer s3cre",
        "Bearer S3CRET",
        "Bearer s3cret x",
        "s3cret",
        "Token s3cret",
        basic("s3cret:any"),
        basic("s3cret"),
        basic("any:s3cret:"),
        "Basic s3cret",
        "Basic !",
        "Bearer \u20ac",
        basic("any:s3cret", "Bearer"),
    ],
)
def test_the_token_does_not_match(authorization: Optional[str]) -> None:
    assert not Token("s3cret").matches(authorization)


def test_a_token_with_a_colon_and_one_beyond_ascii() -> None:
    token = Token("a:\u00fc\u20ac")

    assert token.matches(basic("any:a:\u00fc\u20ac"))
    assert token.matches(as_decoded_by_a_server("Bearer a:\u00fc\u20ac"))
    assert not token.matches(basic("any:a:\u00fc"))


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_token_matches_nothing(text: str) -> None:
    token = Token(text)

    assert not token
    assert not token.matches("Bearer ")
    assert not token.matches(basic("any:"))
    assert not token.matches(None)


def test_the_token_is_not_shown() -> None:
    token = Token("s3cret")

    assert "s3cret" not in f"{token} {token!r}"
