"""Who may read the counts."""

from __future__ import annotations

from base64 import b64encode
from typing import Optional

import pytest

from scalar_agent.auth import Token


def basic(pair: str, scheme: str = "Basic") -> str:
    return f"{scheme} {b64encode(pair.encode()).decode()}"


def as_a_server_gives_it(text: str) -> str:
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
def test_opens(authorization: str) -> None:
    assert Token("s3cret").opens(authorization)


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
def test_does_not_open(authorization: Optional[str]) -> None:
    assert not Token("s3cret").opens(authorization)


def test_a_token_with_a_colon_and_one_beyond_ascii() -> None:
    token = Token("a:\u00fc\u20ac")

    assert token.opens(basic("any:a:\u00fc\u20ac"))
    assert token.opens(as_a_server_gives_it("Bearer a:\u00fc\u20ac"))
    assert not token.opens(basic("any:a:\u00fc"))


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_empty_text_is_no_token_and_opens_nothing(text: str) -> None:
    token = Token(text)

    assert not token
    assert not token.opens("Bearer ")
    assert not token.opens(basic("any:"))
    assert not token.opens(None)


def test_it_is_not_shown() -> None:
    token = Token("s3cret")

    assert "s3cret" not in f"{token} {token!r}"
