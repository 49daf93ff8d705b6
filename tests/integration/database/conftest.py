"""The stores under test."""

from __future__ import annotations

import pytest

from scalar.adapters.inmemory.sql import MemoryJournal, MemoryRegistry
from scalar.adapters.sql.journal import SqlJournal
from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.secret_cipher import SecretCipher
from scalar.core.secret import Secret
from tests.integration.database.support import engine_for


@pytest.fixture
def engine(ready_database_url):
    engine = engine_for(ready_database_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def stores(request):
    """A registry and a journal of each kind."""
    if request.param == "memory":
        journal = MemoryJournal()
        yield MemoryRegistry(journal), journal
        return
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    engine = engine_for(request.getfixturevalue(f"ready_{kind}_url"))
    yield SqlRegistry(engine, SecretCipher(Secret(""))), SqlJournal(engine)
    engine.dispose()


@pytest.fixture
def registry(stores):
    return stores[0]


@pytest.fixture
def journal(stores):
    return stores[1]
