"""The schema: its migrations, and databases that do not fit."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet
from sqlalchemy import inspect, text

from scalar.adapters.sql import schema
from scalar.adapters.sql.journal import SqlJournal
from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.secret_cipher import SecretCipher
from scalar.adapters.sql.tables import Base
from scalar.core.errors import (
    RegistryError,
)
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from tests.integration.database.support import (
    ADDRESSES,
    NOON,
    OWN,
    URL,
    engine_for,
    event,
)


def test_upgrading_the_schema_is_idempotent(database_url):
    engine = engine_for(database_url)

    assert schema.upgrade(engine) == (None, schema.newest())
    assert schema.upgrade(engine) == (schema.newest(), schema.newest())
    engine.dispose()


def test_the_migrations_create_all_tables_columns_and_indexes(engine):
    made = inspect(engine)
    for table in Base.metadata.sorted_tables:
        columns = {c["name"]: c["nullable"] for c in made.get_columns(table.name)}
        assert columns == {c.name: c.nullable for c in table.columns}
        indexes = {index["name"] for index in made.get_indexes(table.name)}
        assert {index.name for index in table.indexes} <= indexes


def test_the_migrations_match_the_tables(engine):
    """Including keys, constraint names and types."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []

    made = inspect(engine)
    assert made.get_pk_constraint("policies")["constrained_columns"] == [
        "app_id",
        "process_type",
    ]
    (foreign_key,) = made.get_foreign_keys("policies")
    assert (foreign_key["referred_table"], foreign_key["name"]) == (
        "apps",
        "fk_policies_app_id",
    )


def test_upgrading_from_the_first_version_loses_nothing(database_url):
    engine = engine_for(database_url)
    config = schema._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO apps (name, url, revision, created_at) VALUES "
                "('shop', 'https://user:hunter2@shop.example/counts', 7, "
                "'2026-01-01 12:00:00+00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO events (at, app, process_type, kind, reason, "
                "from_quantity, to_quantity, count, detail) VALUES "
                "('2026-01-01 12:00:00+00:00', 'shop', 'worker', 'scaled', "
                "'recommended', 1, 10, '99', 'count 99 / boundary 10')"
            )
        )
    assert schema.upgrade(engine) == ("0001", schema.newest())
    registry = SqlRegistry(engine, SecretCipher(Secret("")))

    app = registry.get("shop")
    assert (app.address, app.revision, app.policies) == (URL, 7, {})
    assert list(SqlJournal(engine).recent("shop", 10)) == [event()]
    registry.set_policy("shop", "worker", {"min": "1"})
    assert registry.get("shop").policies == {"worker": {"min": "1"}}
    assert registry.add("blog", URL, NOON).id > app.id
    engine.dispose()


def test_upgrading_from_the_second_version_loses_nothing(database_url):
    engine = engine_for(database_url)
    secret_key = Fernet.generate_key().decode()
    config = schema._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        encrypted = SecretCipher(Secret(secret_key)).encrypt_url(URL.url)
        for name, url in (("shop", URL.url.reveal()), ("blog", encrypted)):
            connection.execute(
                text(
                    "INSERT INTO apps (name, url, revision, created_at) VALUES "
                    "(:name, :url, 7, '2026-01-01 12:00:00+00:00')"
                ),
                {"name": name, "url": url},
            )
        connection.execute(
            text(
                """INSERT INTO policies (app_id, process_type, "values") SELECT id, """
                """'worker', '{"min": "1"}' FROM apps WHERE name = 'shop'"""
            )
        )
    assert schema.upgrade(engine) == ("0002", schema.newest())
    registry = SqlRegistry(engine, SecretCipher(Secret(secret_key)))

    shop = registry.get("shop")
    assert (shop.address, shop.revision, shop.created_at) == (URL, 7, NOON)
    assert shop.policies == {"worker": {"min": "1"}}
    assert registry.get("blog").address == URL
    registry.set_address("shop", ADDRESSES["a broker"])
    assert registry.get("shop").address == ADDRESSES["a broker"]
    engine.dispose()


def test_upgrading_from_the_third_version_loses_nothing(database_url):
    engine = engine_for(database_url)
    secret_key = Fernet.generate_key().decode()
    cipher = SecretCipher(Secret(secret_key))
    config = schema._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for name, address in (("shop", URL), ("blog", ADDRESSES["a token"])):
            connection.execute(
                text(
                    "INSERT INTO apps (name, url, revision, created_at, form, token) "
                    "VALUES (:name, :url, 7, '2026-01-01 12:00:00+00:00', :form, "
                    ":token)"
                ),
                {
                    "name": name,
                    "url": cipher.encrypt_url(address.url),
                    "form": address.form.value,
                    "token": cipher.encrypt(address.token),
                },
            )
    assert schema.upgrade(engine) == ("0003", schema.newest())
    registry = SqlRegistry(engine, cipher)

    shop = registry.get("shop")
    assert (shop.address, shop.revision, shop.created_at) == (URL, 7, NOON)
    assert shop.heroku_key == SHARED_KEY
    assert registry.get("blog").address == ADDRESSES["a token"]
    registry.set_heroku_key("shop", OWN)
    assert registry.get("shop").heroku_key == OWN
    engine.dispose()


def test_the_schema_can_be_downgraded_to_the_third_version(database_url):
    engine = engine_for(database_url)
    schema.upgrade(engine)
    SqlRegistry(engine, SecretCipher(Secret(""))).add("shop", URL, NOON, OWN)
    config = schema._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
        found = connection.execute(text("SELECT name, url FROM apps")).all()

    assert [tuple(row) for row in found] == [("shop", URL.url.reveal())]
    engine.dispose()


def test_the_previous_version_can_still_register_apps(engine):
    """During a deployment its dynos keep running on the new schema."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO apps (name, url, revision, created_at) VALUES ('shop', "
                "'https://user:hunter2@shop.example/counts', 1, "
                "'2026-01-01 12:00:00+00:00')"
            )
        )

    assert SqlRegistry(engine, SecretCipher(Secret(""))).get("shop").address == URL


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("form = 'telepathy'", "'telepathy', which this version"),
        ("queues = '[1]'", "cannot be read. Register it again"),
        ("queues = '{'", "cannot be read. Register it again"),
    ],
    ids=["a form of a newer version", "queues of the wrong type", "not JSON"],
)
def test_an_unreadable_address_is_reported(engine, change, message):
    registry = SqlRegistry(engine, SecretCipher(Secret("")))
    registry.add("shop", ADDRESSES["a broker"], NOON)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE apps SET {change}"))

    with pytest.raises(RegistryError, match=message):
        registry.get("shop")


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("{", {"(unreadable)": "{"}),
        ("[1]", {"(unreadable)": "[1]"}),
        ('{"max": 9}', {"max": "9"}),
    ],
    ids=["not JSON", "a list", "a number"],
)
def test_a_hand_edited_policy_is_shown_as_stored(engine, stored, shown):
    registry = SqlRegistry(engine, SecretCipher(Secret("")))
    registry.add("shop", URL, NOON)
    registry.set_policy("shop", "worker", {"max": "9"})
    registry.set_policy("shop", "mailer", {"max": "8"})
    with engine.begin() as connection:
        change = """UPDATE policies SET "values" = :it WHERE process_type = 'worker'"""
        connection.execute(text(change), {"it": stored})

    assert registry.get("shop").policies == {"worker": shown, "mailer": {"max": "8"}}


def test_the_schema_of_a_newer_version_is_not_changed(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(RegistryError, match="9999"):
        schema.upgrade(engine)


def test_the_error_for_a_missing_schema_says_what_to_run(database_url):
    engine = engine_for(database_url)
    registry = SqlRegistry(engine, SecretCipher(Secret("")))

    with pytest.raises(RegistryError, match="initialise-project"):
        registry.page(0, 1)
    engine.dispose()


def test_the_error_for_an_unavailable_database_hides_the_password():
    engine = engine_for("postgres://user:hunter2@127.0.0.1:1/x")
    registry = SqlRegistry(engine, SecretCipher(Secret("")))

    with pytest.raises(RegistryError) as refusal:
        registry.page(0, 1)
    assert "hunter2" not in str(refusal.value)
    engine.dispose()


def test_two_processes_can_write_to_one_sqlite_file(sqlite_url):
    one, other = engine_for(sqlite_url), engine_for(sqlite_url)
    schema.upgrade(one)
    SqlRegistry(one, SecretCipher(Secret(""))).add("shop", URL, NOON)
    SqlRegistry(other, SecretCipher(Secret(""))).add("blog", URL, NOON)

    assert len(SqlRegistry(one, SecretCipher(Secret(""))).page(0, 10)) == 2
    one.dispose()
    other.dispose()


def test_a_database_that_takes_no_writes_says_so(engine):
    schema.SqlSchema(engine).check_writes()
    schema.SqlSchema(engine).check_writes()  # the first one left nothing behind
    with engine.connect() as connection:
        before = {
            "sqlite": "PRAGMA query_only = ON",
            "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        }[engine.dialect.name]
        connection.execute(text(before))
        connection.commit()
    with pytest.raises(RegistryError, match=r"read-?only"):
        schema.SqlSchema(engine).check_writes()
