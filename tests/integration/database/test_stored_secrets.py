"""Secrets in the database: encrypted, rotated, never shown."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.secret_cipher import SecretCipher
from scalar.core.errors import (
    SecretUnreadable,
)
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from tests.integration.database.support import (
    ADDRESSES,
    NOON,
    OTHER_URL,
    OWN,
    URL,
    each_address,
)


def stored_texts(engine):
    with engine.connect() as connection:
        query = "SELECT url, token, queues, heroku_key FROM apps"
        rows = connection.execute(text(query))
        return " ".join(str(value) for row in rows for value in row)


@each_address
def test_with_a_secret_key_no_secret_is_stored_in_plain_text(engine, address):
    secret_key = Fernet.generate_key().decode()
    registry = SqlRegistry(engine, SecretCipher(Secret(secret_key)))
    registry.add("shop", address, NOON)

    assert "hunter2" not in stored_texts(engine)
    assert registry.get("shop").address == address
    assert registry.unencrypted() == 0
    registry.set_address("shop", address)
    assert "hunter2" not in stored_texts(engine)


@each_address
def test_rotating_the_secret_key_keeps_the_addresses(engine, address):
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    SqlRegistry(engine, SecretCipher(Secret(old))).add("shop", address, NOON)
    both = SqlRegistry(engine, SecretCipher(Secret(f"{new}, {old}")))
    assert both.reencrypt() == 1

    registry = SqlRegistry(engine, SecretCipher(Secret(new)))
    assert registry.get("shop").address == address
    assert registry.get("shop").revision == 2


@each_address
def test_reencrypt_encrypts_plain_secrets(engine, address):
    SqlRegistry(engine, SecretCipher(Secret(""))).add("shop", address, NOON)
    assert "hunter2" in stored_texts(engine)
    registry = SqlRegistry(engine, SecretCipher(Secret(Fernet.generate_key().decode())))
    assert registry.unencrypted() == 1
    assert registry.get("shop").address == address

    registry.reencrypt()
    assert registry.unencrypted() == 0
    assert "hunter2" not in stored_texts(engine)


def test_a_heroku_key_is_encrypted_like_a_url(engine):
    """Plain without a secret key, then encrypted, then encrypted with the next key."""
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    plain = SqlRegistry(engine, SecretCipher(Secret("")))
    plain.add("shop", OTHER_URL, NOON, OWN)
    assert "HRKU-hunter2" in stored_texts(engine)
    first = SqlRegistry(engine, SecretCipher(Secret(old)))
    assert first.unencrypted() == 1
    first.reencrypt()
    assert first.unencrypted() == 0
    assert "hunter2" not in stored_texts(engine)
    SqlRegistry(engine, SecretCipher(Secret(f"{new},{old}"))).reencrypt()

    registry = SqlRegistry(engine, SecretCipher(Secret(new)))
    assert registry.get("shop").heroku_key == OWN
    registry.set_heroku_key("shop", Secret("another-hunter2"))
    registry.add("blog", OTHER_URL, NOON, OWN)
    assert "hunter2" not in stored_texts(engine)


def test_an_app_with_a_plain_heroku_key_counts_as_unencrypted(engine):
    registry = SqlRegistry(engine, SecretCipher(Secret(Fernet.generate_key().decode())))
    registry.add("shop", URL, NOON)
    with engine.begin() as connection:
        connection.execute(text("UPDATE apps SET heroku_key = 'HRKU-hunter2'"))

    assert registry.unencrypted() == 1
    assert registry.get("shop").heroku_key == OWN


def test_apps_are_grouped_by_their_heroku_key(engine):
    registry = SqlRegistry(engine, SecretCipher(Secret(Fernet.generate_key().decode())))
    for name, heroku_key in (("shop", OWN), ("blog", SHARED_KEY), ("mail", OWN)):
        registry.add(name, URL, NOON, heroku_key)
    registry.add("wiki", URL, NOON, Secret("another"))

    assert registry.own_heroku_keys() == {
        OWN: ["mail", "shop"],
        Secret("another"): ["wiki"],
    }
    assert registry.without_heroku_key(1) == ["blog"]
    registry.remove("blog")
    assert registry.without_heroku_key(1) == []


def test_an_undecryptable_heroku_key_can_be_replaced(engine):
    right, wrong = (Fernet.generate_key().decode() for _ in range(2))
    SqlRegistry(engine, SecretCipher(Secret(right))).add("shop", URL, NOON, OWN)
    registry = SqlRegistry(engine, SecretCipher(Secret(wrong)))
    registry.set_address("shop", URL)
    with pytest.raises(SecretUnreadable, match=r"Heroku key.*SCALAR_SECRET_KEY"):
        registry.get("shop")
    with pytest.raises(SecretUnreadable, match=r"Heroku key.*SCALAR_SECRET_KEY"):
        registry.own_heroku_keys()
    registry.set_heroku_key("shop", OWN)

    assert registry.get("shop").heroku_key == OWN


def test_an_app_with_a_plain_token_counts_as_unencrypted(engine):
    secret_key = Fernet.generate_key().decode()
    registry = SqlRegistry(engine, SecretCipher(Secret(secret_key)))
    registry.add("shop", ADDRESSES["a token"], NOON)
    with engine.begin() as connection:
        connection.execute(text("UPDATE apps SET token = 'hunter2'"))

    assert registry.unencrypted() == 1
    assert registry.get("shop").address == ADDRESSES["a token"]


@pytest.mark.parametrize("secret_keys", ["", "A" * 43 + "="], ids=["none", "another"])
@pytest.mark.parametrize("column", ["url", "token"])
def test_the_error_for_a_wrong_secret_key_names_the_secret_and_the_setting(
    engine, secret_keys, column
):
    right = Fernet.generate_key().decode()
    address = ADDRESSES["a token"]
    SqlRegistry(engine, SecretCipher(Secret(right))).add("shop", address, NOON)
    if column == "token":
        with engine.begin() as connection:
            plain = {"url": address.url.reveal()}
            connection.execute(text("UPDATE apps SET url = :url"), plain)

    with pytest.raises(SecretUnreadable, match=rf"(?i){column}.*SCALAR_SECRET_KEY"):
        SqlRegistry(engine, SecretCipher(Secret(secret_keys))).get("shop")
