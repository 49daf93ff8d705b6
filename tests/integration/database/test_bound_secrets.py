"""Encrypted secrets are bound to their app, their column and their host."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.secret_cipher import SecretCipher
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import SecretUnreadable
from scalar.core.reading import Form
from scalar.core.secret import Secret
from scalar.ports.registry import Identity
from tests.integration.database.support import NOON, OWN

KEY = Fernet.generate_key().decode()
VICTIM = CountsAddress.parse("https://shop.example/x", Form.SCALAR, Secret("hunter2"))
MINE = CountsAddress.parse("https://mine.example/x", Form.SCALAR, Secret("mine"))


def opened(engine, keys=KEY, *, refuses_unbound=False):
    cipher = SecretCipher(Secret(keys), refuses_unbound=refuses_unbound)
    return SqlRegistry(engine, cipher)


def run(engine, statement, **values):
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def column(engine, name, app="shop"):
    with engine.connect() as connection:
        query = text(f"SELECT {name} FROM apps WHERE name = :app")
        return connection.execute(query, {"app": app}).scalar_one()


def store_unbound(engine, app="shop", address=VICTIM, key=OWN):
    """Store an app's secrets as an older version does."""
    cipher = SecretCipher(Secret(KEY))
    run(
        engine,
        "UPDATE apps SET url = :url, token = :token, heroku_key = :key "
        "WHERE name = :app",
        url=cipher.encrypt_url(address.url),
        token=cipher.encrypt(address.token),
        key=cipher.encrypt(key),
        app=app,
    )


@pytest.fixture
def registry(engine):
    """A customer's app, and one of somebody who can write to the database."""
    registry = opened(engine)
    registry.add("shop", VICTIM, NOON, OWN)
    registry.add("mine", MINE, NOON, Secret("my own"))
    return registry


@pytest.mark.parametrize("source", ["url", "token", "heroku_key"])
@pytest.mark.parametrize("target", ["url", "token", "heroku_key"])
def test_a_secret_copied_to_another_app_is_not_readable(
    engine, registry, source, target
):
    copied = column(engine, source)
    run(engine, f"UPDATE apps SET {target} = :text WHERE name = 'mine'", text=copied)

    with pytest.raises(SecretUnreadable, match="copied from another app"):
        registry.get("mine")
    assert registry.get("shop").heroku_key == OWN


@pytest.mark.parametrize(
    ("source", "target"), [("heroku_key", "token"), ("token", "heroku_key")]
)
def test_a_secret_copied_to_another_column_is_not_readable(
    engine, registry, source, target
):
    copied = column(engine, source)
    run(engine, f"UPDATE apps SET {target} = :text WHERE name = 'shop'", text=copied)

    with pytest.raises(SecretUnreadable, match="copied"):
        registry.get("shop")


def test_a_secret_is_not_readable_beside_the_url_of_another_host(engine, registry):
    """Neither one that is put there as plain text, nor an older one of the same app."""
    for url in (
        *("https://mine.example/x", "http://shop.example/x"),
        "https://shop.example:8443/x",
    ):
        run(engine, "UPDATE apps SET url = :url WHERE name = 'shop'", url=url)
        with pytest.raises(SecretUnreadable, match=r"token.*copied"):
            registry.get("shop")
    run(engine, "UPDATE apps SET token = NULL WHERE name = 'shop'")
    with pytest.raises(SecretUnreadable, match=r"Heroku key.*copied"):
        registry.get("shop")
    with pytest.raises(SecretUnreadable, match=r"Heroku key.*copied"):
        registry.own_heroku_keys()


def test_without_its_mark_a_bound_secret_is_not_readable_either(engine, registry):
    bound = column(engine, "heroku_key")
    unmarked = bound.replace("fernet:bound:", "fernet:")
    run(engine, "UPDATE apps SET token = :it WHERE name = 'mine'", it=unmarked)

    with pytest.raises(SecretUnreadable):
        registry.get("mine")


def test_moving_an_app_binds_its_heroku_key_to_the_new_host(engine, registry):
    old_url = column(engine, "url")
    registry.set_address("shop", MINE)
    assert registry.get("shop").address == MINE
    assert registry.get("shop").heroku_key == OWN
    run(engine, "UPDATE apps SET url = :url WHERE name = 'shop'", url=old_url)

    with pytest.raises(SecretUnreadable):
        registry.get("shop")


def test_a_rename_binds_all_to_the_new_host(registry):
    moved = CountsAddress.parse(
        "https://store.example/x", Form.SCALAR, Secret("hunter2")
    )
    key = registry.app_key("shop")
    registry.identify(key.id, Identity("id-1", "store"), NOON, moved)

    app = registry.get("store")
    assert (app.address, app.heroku_key) == (moved, OWN)


@pytest.mark.parametrize(
    "change", ["name = 'mine2'", "platform_id = 'id-of-mine'"], ids=["name", "id"]
)
def test_an_app_cannot_be_made_to_mean_another_one(engine, registry, change):
    """Else its address would follow the other one's, and its token with it."""
    run(engine, f"UPDATE apps SET {change} WHERE name = 'shop'")

    with pytest.raises(SecretUnreadable, match="copied"):
        registry.find(registry.page(0, 1)[0])


def test_secrets_are_bound_to_the_id_once_it_is_learned(engine, registry):
    key = registry.app_key("shop")
    registry.identify(key.id, Identity("id-1", "shop"), NOON)
    assert registry.get("shop").address == VICTIM
    registry.identify(key.id, Identity("id-1", "store"), NOON)
    assert registry.get("store").heroku_key == OWN
    run(engine, "UPDATE apps SET platform_id = NULL WHERE name = 'store'")

    with pytest.raises(SecretUnreadable, match="copied"):
        registry.get("store")


def test_an_id_is_learned_without_binding_what_older_workers_read(engine, registry):
    store_unbound(engine)
    key = registry.app_key("shop")
    registry.identify(key.id, Identity("id-1", "shop"), NOON)

    assert registry.unbound() == 1
    assert registry.get("shop").heroku_key == OWN


def test_rotating_the_secret_key_keeps_the_binding(engine, registry):
    new = Fernet.generate_key().decode()
    assert registry.bind() == 2
    opened(engine, f"{new},{KEY}").reencrypt()
    after = opened(engine, new, refuses_unbound=True)

    assert after.get("shop").address == VICTIM
    assert after.get("shop").heroku_key == OWN
    assert after.unbound() == 0
    assert after.bind() is None  # that they were bound is still known


def test_what_an_older_version_stored_is_bound_once_and_refused_from_then_on(
    engine, registry
):
    stored = column(engine, "heroku_key")
    store_unbound(engine)
    old = column(engine, "heroku_key")
    assert registry.unbound() == 1
    assert registry.get("shop").address == VICTIM
    strict = opened(engine, refuses_unbound=True)
    with pytest.raises(SecretUnreadable, match=r"not bound.*BIND_SECRETS"):
        strict.get("shop")

    assert strict.bind() == 2
    assert strict.get("shop").address == VICTIM
    assert strict.get("shop").heroku_key == OWN
    assert strict.unbound() == 0
    assert column(engine, "heroku_key") not in (stored, old)
    # What somebody kept from before is neither read nor bound again.
    run(engine, "UPDATE apps SET token = :old WHERE name = 'mine'", old=old)
    assert strict.bind() is None
    with pytest.raises(SecretUnreadable, match="not bound"):
        strict.get("mine")
    assert strict.get("shop").heroku_key == OWN


def test_plain_text_is_bound_too_and_refused_from_then_on(engine):
    opened(engine, "").add("shop", VICTIM, NOON, OWN)
    strict = opened(engine, refuses_unbound=True)
    strict.bind()
    assert strict.get("shop").heroku_key == OWN
    run(engine, "UPDATE apps SET url = 'https://mine.example/x'")

    with pytest.raises(SecretUnreadable, match="not bound"):
        strict.get("shop")


def test_nobody_can_write_that_secrets_were_bound(engine, registry):
    run(engine, "INSERT INTO facts (name, value) VALUES ('secrets_bound', 'yes')")

    assert registry.bind() == 2


def test_rotation_leaves_unbound_what_older_workers_still_read(engine, registry):
    store_unbound(engine)
    registry.reencrypt()
    assert registry.unbound() == 1

    assert not column(engine, "url").startswith("fernet:bound:")
    assert column(engine, "url", "mine").startswith("fernet:bound:")


def test_unbinding_stores_secrets_as_older_versions_read_them(engine, registry):
    registry.bind()
    assert registry.unbind() == 2
    stored = column(engine, "heroku_key").removeprefix("fernet:")
    assert Fernet(KEY).decrypt(stored) == OWN.reveal().encode()

    assert registry.unbound() == 2
    assert registry.bind() == 2
    assert registry.get("shop").heroku_key == OWN
