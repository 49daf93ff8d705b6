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
