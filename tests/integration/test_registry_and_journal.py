"""The contract of registry and journal: in memory, SQLite, PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet
from sqlalchemy import inspect, text

from scalar.adapters.inmemory.sql import MemoryJournal, MemoryRegistry
from scalar.adapters.sql import schema
from scalar.adapters.sql.engine import make_engine
from scalar.adapters.sql.journal import SqlJournal
from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.secret_cipher import SecretCipher
from scalar.adapters.sql.tables import Base
from scalar.core.app import AppKey
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import (
    AppAlreadyRegistered,
    AppNotFound,
    RegistryError,
    SecretUnreadable,
)
from scalar.core.event import Event, EventKind
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.reading import Form
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from scalar.settings import Settings

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
URL = CountsAddress.parse("https://user:hunter2@shop.example/counts")


def engine_for(url):
    settings = Settings.from_environ({"DATABASE_URL": url})
    return make_engine(settings.database_url.reveal())


@pytest.fixture
def engine(ready_database_url):
    engine = engine_for(ready_database_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def stores(request):
    """A registry and a journal of each kind."""
    if request.param == "memory":
        yield MemoryRegistry(), MemoryJournal()
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


def event(minute=0, app="shop", **facts):
    return Event(
        **{
            "at": NOON + timedelta(minutes=minute),
            "app": app,
            "process_type": "worker",
            "kind": EventKind.SCALED,
            "reason": Reason.RECOMMENDED,
            "from_quantity": 1,
            "to_quantity": 10,
            "count": 99,
            "detail": "count 99 / boundary 10",
            **facts,
        }
    )


def test_an_app_is_read_back_as_registered(registry):
    added = registry.add("shop", URL, NOON)

    assert registry.get("shop") == added
    assert added.address == URL
    assert added.created_at == NOON
    assert registry.find(AppKey(added.id, "shop", 1)) == added


def test_a_name_cannot_be_registered_twice(registry):
    registry.add("shop", URL, NOON)

    with pytest.raises(AppAlreadyRegistered, match="shop"):
        registry.add("shop", URL, NOON)


def test_the_error_for_an_unknown_app_says_how_to_add_it(registry):
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.get("shop")
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.remove("shop")
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.app_key("shop")

    assert registry.find(AppKey(1, "shop", 1)) is None


def test_the_id_of_a_removed_app_is_never_reused(registry):
    first = registry.add("shop", URL, NOON)
    registry.remove("shop")
    second = registry.add("shop", URL, NOON)

    assert second.id > first.id


def test_pages_contain_every_app_once_in_order(registry):
    for number in range(7):
        registry.add(f"app-{number}", URL, NOON)
    pages = [registry.page(0, 3)]
    while pages[-1]:
        pages.append(registry.page(pages[-1][-1].id, 3))

    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [key.name for page in pages for key in page] == [
        f"app-{number}" for number in range(7)
    ]


OTHER_URL = CountsAddress.parse("https://other:secret@shop.example/new?x=1")


#: One address of each kind.
ADDRESSES = {
    "a password": URL,
    "a token": CountsAddress.parse(
        "https://shop.example/counts", Form.SCALAR, Secret("hunter2")
    ),
    "a token in the path": CountsAddress.parse(
        "https://shop.example/hirefire/hunter2/info"
    ),
    "a broker": CountsAddress.parse(
        "rediss://:hunter2@queue.example:6380/0?global_keyprefix=shop:",
        queues={"worker": ("default", "mail"), "mailer": ("post",)},
    ),
}
each_address = pytest.mark.parametrize(
    "address", ADDRESSES.values(), ids=ADDRESSES.keys()
)


@each_address
def test_an_address_is_read_back_as_registered(registry, address):
    added = registry.add("shop", address, NOON)
    registry.add("blog", OTHER_URL, NOON)
    registry.set_address("blog", address)

    assert added.address == address
    assert registry.get("shop").address == address
    assert registry.get("blog").address == address


def test_a_new_address_replaces_every_part_of_the_old_one(registry):
    registry.add("shop", ADDRESSES["a broker"], NOON)
    registry.set_address("shop", ADDRESSES["a token"])
    registry.set_address("shop", OTHER_URL)

    assert registry.get("shop").address == OTHER_URL


def test_a_new_app_has_no_policy(registry):
    assert registry.add("shop", URL, NOON).policies == {}


def test_policies_are_read_back_as_set(registry):
    registry.add("shop", URL, NOON)
    registry.add("blog", URL, NOON)
    schedule = 'Europe/Berlin:\nmon-fri 08:00-18:00 min=2\n"\u00e4" 100%'
    registry.set_policy("shop", "", {"max": "9", "schedule": schedule})
    registry.set_policy("shop", "worker", {"min": "1"})

    expected = {"": {"max": "9", "schedule": schedule}, "worker": {"min": "1"}}
    app = registry.get("shop")
    assert app.policies == expected
    assert registry.find(registry.app_key("shop")) == app
    assert registry.get("blog").policies == {}


def test_a_new_policy_replaces_the_old_one(registry):
    registry.add("shop", URL, NOON)
    registry.set_policy("shop", "worker", {"min": "1", "max": "9"})
    registry.set_policy("shop", "worker", {"max": "8"})

    assert registry.get("shop").policies == {"worker": {"max": "8"}}


def test_an_empty_policy_is_removed(registry):
    registry.add("shop", URL, NOON)
    registry.set_policy("shop", "", {"max": "9"})
    registry.set_policy("shop", "worker", {"min": "1"})
    registry.set_policy("shop", "", {})
    registry.set_policy("shop", "mailer", {})

    assert registry.get("shop").policies == {"worker": {"min": "1"}}


OWN = Secret("HRKU-hunter2")


def test_an_app_has_its_own_heroku_key_or_the_shared_one(registry):
    added = registry.add("shop", URL, NOON, OWN)
    registry.add("blog", URL, NOON)

    assert added.heroku_key == registry.get("shop").heroku_key == OWN
    assert registry.find(registry.app_key("shop")) == added
    assert registry.get("blog").heroku_key == SHARED_KEY
    assert not registry.get("blog").heroku_key


def test_a_heroku_key_is_set_changed_and_removed(registry):
    before = registry.add("shop", URL, NOON)
    registry.add("blog", URL, NOON)
    registry.set_policy("shop", "worker", {"min": "1"})
    for number, heroku_key in enumerate((OWN, Secret("another"), SHARED_KEY), start=3):
        registry.set_heroku_key("shop", heroku_key)
        app = registry.get("shop")
        assert (app.heroku_key, app.revision) == (heroku_key, number)

    assert (app.id, app.address, app.created_at) == (before.id, URL, NOON)
    assert app.policies == {"worker": {"min": "1"}}
    assert registry.get("blog").heroku_key == SHARED_KEY


def test_a_new_address_keeps_the_heroku_key(registry):
    registry.add("shop", URL, NOON, OWN)
    registry.set_address("shop", OTHER_URL)

    assert registry.get("shop").heroku_key == OWN


def test_setting_the_heroku_key_of_an_unknown_app_fails(registry):
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.set_heroku_key("shop", OWN)


def test_each_change_increments_the_revision_of_its_app_only(registry):
    registry.add("shop", URL, NOON)
    blog = registry.add("blog", URL, NOON)
    registry.set_policy("shop", "worker", {"min": "1"})
    assert registry.app_key("shop").revision == 2
    registry.set_policy("shop", "worker", {})
    assert registry.app_key("shop").revision == 3
    registry.set_address("shop", OTHER_URL)
    assert registry.app_key("shop").revision == 4

    assert [key.revision for key in registry.page(0, 10)] == [4, 1]
    assert registry.get("blog") == blog


def test_a_new_url_keeps_the_rest_of_the_row(registry):
    added = registry.add("shop", URL, NOON)
    registry.set_policy("shop", "worker", {"min": "1"})
    registry.set_address("shop", OTHER_URL)

    app = registry.get("shop")
    assert app.address == OTHER_URL
    assert (app.id, app.created_at) == (added.id, added.created_at)
    assert app.policies == {"worker": {"min": "1"}}


def test_changing_an_unknown_app_fails(registry):
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.set_policy("shop", "worker", {"min": "1"})
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.set_address("shop", OTHER_URL)


def test_removing_an_app_removes_its_policies(registry):
    registry.add("shop", URL, NOON)
    registry.set_policy("shop", "worker", {"min": "1"})
    registry.remove("shop")

    assert registry.add("shop", URL, NOON).policies == {}


@pytest.mark.parametrize("number", [1, 60], ids=["one", "many"])
def test_process_types_with_the_longest_names_can_have_policies(registry, number):
    registry.add("shop", URL, NOON)
    names = [f"{n:02}".ljust(128, "x") for n in range(number)]
    for name in names:
        registry.set_policy("shop", name, {"max": "9"})

    assert registry.get("shop").policies == {name: {"max": "9"} for name in names}


def test_events_are_read_back_newest_first(journal):
    events = [event(0), event(2, count=None, process_type=None), event(1, count=0.5)]
    journal.record(events)

    assert journal.recent("shop", 10) == [events[1], events[2], events[0]]


def test_events_can_be_filtered_by_app(journal):
    journal.record([event(0), event(1, app="blog")])

    assert [e.app for e in journal.recent(None, 10)] == ["blog", "shop"]
    assert [e.app for e in journal.recent("blog", 10)] == ["blog"]
    assert len(journal.recent(None, 1)) == 1


def test_events_can_be_filtered_by_kind(journal):
    held = event(1, kind=EventKind.HELD)
    journal.record([event(0), held, event(2)])

    assert journal.recent("shop", 10, EventKind.HELD) == [held]


def test_an_event_written_by_a_newer_version_is_skipped(engine):
    journal = SqlJournal(engine)
    journal.record([event(0), event(1)])
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE events SET reason = 'not_yet_invented' WHERE id = 2")
        )

    assert journal.recent("shop", 10) == [event(0)]


def test_old_events_are_pruned(journal):
    journal.record([event(0), event(5)])

    assert journal.prune(NOON + timedelta(minutes=1)) == 1
    assert [e.at for e in journal.recent(None, 10)] == [NOON + timedelta(minutes=5)]


def test_a_count_of_any_size_is_stored_exactly(journal):
    journal.record([event(count=10**30)])

    assert journal.recent(None, 1)[0].count == 10**30


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
    assert registry.first_without_heroku_key() == "blog"
    registry.remove("blog")
    assert registry.first_without_heroku_key() is None


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


def test_two_processes_can_write_to_one_sqlite_file(sqlite_url):
    one, other = engine_for(sqlite_url), engine_for(sqlite_url)
    schema.upgrade(one)
    SqlRegistry(one, SecretCipher(Secret(""))).add("shop", URL, NOON)
    SqlRegistry(other, SecretCipher(Secret(""))).add("blog", URL, NOON)

    assert len(SqlRegistry(one, SecretCipher(Secret(""))).page(0, 10)) == 2
    one.dispose()
    other.dispose()
