"""The registry cache of a worker, over a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from devtools.postgres_server import postgres_server
from scalar.adapters.inmemory.sql import MemoryRegistry
from scalar.adapters.sql import schema
from scalar.adapters.sql.cached_registry import CachedRegistry
from scalar.adapters.sql.engine import make_engine
from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.secret_cipher import SecretCipher
from scalar.core.app import AppKey
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import RegistryError
from scalar.core.secret import Secret
from scalar.settings import Settings

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
URL = CountsAddress.parse("https://shop.example/counts")


def test_cached_apps_are_served_while_the_database_is_down():
    with postgres_server() as server:
        settings = Settings.from_environ({"DATABASE_URL": server.create_database()})
        engine = make_engine(settings.database_url.reveal())
        schema.upgrade(engine)
        registry = SqlRegistry(engine, SecretCipher(Secret("")))
        cached = CachedRegistry(registry)
        registry.add("shop", URL, NOON)
        (app_key,) = cached.page(0, 10)
        app = cached.find(app_key)
        server.stop()

        assert cached.page(0, 10) == [app_key]
        assert cached.find(app_key) == app
        with pytest.raises(RegistryError):
            registry.get("shop")

        server.start()
        assert registry.get("shop") == app
        engine.dispose()


def test_a_changed_app_is_looked_up_again():
    inner = MemoryRegistry()
    cached = CachedRegistry(inner)
    app = inner.add("shop", URL, NOON)
    assert cached.find(AppKey(app.id, "shop", 1)) == app
    inner.remove("shop")

    assert cached.find(AppKey(app.id, "shop", 1)) == app
    assert cached.find(AppKey(app.id, "shop", 2)) is None


def test_removed_apps_leave_the_cached_pages():
    inner = MemoryRegistry()
    cached = CachedRegistry(inner)
    for name in ("a-one", "a-two", "a-three"):
        inner.add(name, URL, NOON)
    assert len(cached.page(0, 2)) == 2
    inner.remove("a-one")

    assert [key.name for key in cached.page(0, 2)] == ["a-two", "a-three"]
