"""One contract for the stored secrets and the schema: in memory and SQLite."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet

from scalar.adapters.inmemory.sql import MemoryRegistry, MemorySchema
from scalar.adapters.sql.engine import make_engine
from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.schema import SqlSchema
from scalar.adapters.sql.secret_cipher import SecretCipher
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import SecretUnreadable
from scalar.core.secret import Secret

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
URL = CountsAddress.parse("https://user:hunter2@shop.example/counts")
OWN = Secret("HRKU-hunter2")


class SqlStore:
    """A registry in SQLite, as it is opened with one secret key or another."""

    def __init__(self, engine):
        self._engine = engine
        self._key = Secret(Fernet.generate_key().decode())

    def plain(self):
        return SqlRegistry(self._engine, SecretCipher(Secret("")))

    def encrypting(self):
        return SqlRegistry(self._engine, SecretCipher(self._key))

    def unreadable(self):
        other = Secret(Fernet.generate_key().decode())
        return SqlRegistry(self._engine, SecretCipher(other))


class MemoryStore:
    """The same in memory."""

    def __init__(self):
        self._registry = MemoryRegistry()

    def plain(self):
        return self._registry

    def encrypting(self):
        return self._registry

    def unreadable(self):
        self._registry.unreadable = {"shop", "blog", "mail"}
        return self._registry


@pytest.fixture(params=["memory", "sqlite"])
def store(request):
    if request.param == "memory":
        yield MemoryStore()
        return
    engine = make_engine(request.getfixturevalue("sqlite_url"))
    SqlSchema(engine).upgrade()
    yield SqlStore(engine)
    engine.dispose()


def fill(registry):
    for name, key in (("shop", OWN), ("mail", Secret("")), ("blog", OWN)):
        registry.add(name, URL, NOON, key)
    return registry


def test_apps_with_one_key_are_found_under_it(store):
    registry = fill(store.plain())

    assert registry.own_heroku_keys() == {OWN: ["blog", "shop"]}
    assert registry.without_heroku_key(5) == ["mail"]
    registry.remove("mail")
    assert registry.without_heroku_key(5) == []


def test_apps_are_encrypted_once_a_key_is_there(store):
    assert fill(store.plain()).unencrypted() == 3
    registry = store.encrypting()

    assert registry.reencrypt() == 3
    assert registry.unencrypted() == 0
    assert registry.get("shop").heroku_key == OWN


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda registry: registry.get("shop"), id="get"),
        pytest.param(
            lambda registry: registry.find(registry.app_key("shop")), id="find"
        ),
        pytest.param(lambda registry: registry.own_heroku_keys(), id="keys"),
        pytest.param(lambda registry: registry.reencrypt(), id="encrypt"),
    ],
)
def test_with_another_key_a_secret_is_unreadable(store, read):
    fill(store.plain())
    store.encrypting().reencrypt()
    registry = store.unreadable()

    with pytest.raises(SecretUnreadable, match="SCALAR_SECRET_KEY"):
        read(registry)


def test_what_needs_no_decryption_still_works(store):
    fill(store.plain())
    store.encrypting().reencrypt()
    registry = store.unreadable()

    assert registry.app_key("shop").name == "shop"
    assert [key.name for key in registry.page(0, 10)] == ["shop", "mail", "blog"]
    assert registry.without_heroku_key(5) == ["mail"]
    registry.set_policy("shop", "", {"max": "9"})
    registry.remove("blog")
    registry.set_address("mail", URL)
    assert registry.get("mail").address == URL


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_schema_is_upgraded_once(kind, sqlite_url):
    engine = make_engine(sqlite_url)
    schema = MemorySchema() if kind == "memory" else SqlSchema(engine)

    assert schema.database == kind
    assert schema.version() is None
    newest = schema.newest()
    assert schema.upgrade() == (None, newest)
    assert schema.upgrade() == (newest, newest)
    assert schema.version() == newest
    engine.dispose()


def test_apps_that_cannot_be_decrypted_are_found_with_the_reason(store):
    fill(store.plain())
    store.encrypting().reencrypt()
    assert store.encrypting().unreadable_apps() == {}

    found = store.unreadable().unreadable_apps()
    assert sorted(found) == ["blog", "mail", "shop"]
    assert "SCALAR_SECRET_KEY" in found["mail"]
