"""`initialise-project`, `make-secret-key` and `encrypt-urls`."""

from __future__ import annotations

from cryptography.fernet import Fernet

from scalar.adapters.inmemory.sql import MemorySchema


def test_the_schema_is_created_once(cli):
    said = [cli("initialise-project").stdout for _ in range(2)]

    assert said == [
        "Created the schema: version 2\n",
        "The schema is up to date: version 2\n",
    ]


def test_an_older_schema_is_upgraded(cli):
    cli.schema = MemorySchema("1")

    said = cli("initialise-project").stdout
    assert said == "Upgraded the schema: version 1 -> 2\n"


def test_a_new_key_is_one_that_encrypts(cli):
    first, second = (cli("make-secret-key").stdout.strip() for _ in range(2))

    assert Fernet(first)
    assert first != second
    assert cli("list-apps", SCALAR_SECRET_KEY=first).stdout == ""


def test_without_a_key_nothing_can_be_encrypted_and_it_says_how(cli):
    assert "make-secret-key" in cli("encrypt-urls", status=1).stderr


def test_secrets_are_encrypted_unless_one_cannot_be_read(shop_cli):
    shop_cli.env["SCALAR_SECRET_KEY"] = shop_cli("make-secret-key").stdout.strip()

    said = shop_cli("encrypt-urls").stdout
    assert said == "Encrypted 1 URL with the first key\n"
    shop_cli.world.registry.unreadable = {"shop"}
    assert "SCALAR_SECRET_KEY" in shop_cli("encrypt-urls", status=1).stderr


def test_the_release_phase_binds_secrets_once(shop_cli):
    """Only when it is told that no older worker is running."""
    key = shop_cli("make-secret-key").stdout.strip()
    shop_cli.env["SCALAR_SECRET_KEY"] = key
    shop_cli.world.registry.encrypted = {"shop"}
    assert "Bound" not in shop_cli("initialise-project").stdout
    assert "not bound to their apps: 1" in shop_cli("doctor", status=1).stdout
    shop_cli.env["BIND_SECRETS"] = "true"

    assert "Bound the secrets of 1 app" in shop_cli("initialise-project").stdout
    assert "Bound" not in shop_cli("initialise-project").stdout
    shop_cli.world.registry.bound = set()
    assert "refused: 1 app" in shop_cli("initialise-project").stderr


def test_secrets_are_unbound_before_an_older_version_is_deployed(shop_cli):
    shop_cli.env["SCALAR_SECRET_KEY"] = shop_cli("make-secret-key").stdout.strip()
    assert "BIND_SECRETS is set" in (
        shop_cli("encrypt-urls", "--unbind", status=1, BIND_SECRETS="true").stderr
    )

    assert "1 URL, not bound" in shop_cli("encrypt-urls", "--unbind").stdout
    assert shop_cli.world.registry.unbound() == 1


def test_secrets_are_not_bound_without_a_key(cli):
    assert "SCALAR_SECRET_KEY" in cli("list-apps", status=2, BIND_SECRETS="yes").stderr
