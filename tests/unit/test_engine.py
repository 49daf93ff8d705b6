"""How the engine of a PostgreSQL database connects."""

from __future__ import annotations

import pytest
from psycopg2 import extensions
from sqlalchemy import make_url

from scalar.adapters.sql.engine import _tls, make_engine

BASE = "postgresql+psycopg2://user:secret@"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in ("PGSSLMODE", "PGSERVICE", "PGHOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "rest",
    ["ec2-1.example:5432/db", "10.0.0.7/db", "/db?host=one.example,two.example"],
)
def test_a_database_elsewhere_is_spoken_to_with_tls(rest):
    assert _tls(make_url(BASE + rest)) == {"sslmode": "require"}


@pytest.mark.parametrize(
    "rest",
    [
        "localhost/db",
        "127.0.0.1:5433/db",
        "[::1]/db",
        "/db",
        "/db?host=/var/run/postgresql",
    ],
)
def test_one_on_this_machine_need_not(rest):
    assert _tls(make_url(BASE + rest)) == {}


@pytest.mark.parametrize(
    "said", ["sslmode=verify-full", "sslmode=disable", "service=x"]
)
def test_what_the_url_says_is_kept(said):
    """What is passed to libpq beside the URL would override it."""
    assert _tls(make_url(f"{BASE}db.example/db?{said}")) == {}


@pytest.mark.parametrize("name", ["PGSSLMODE", "PGSERVICE"])
def test_what_libpqs_variables_say_is_kept(monkeypatch, name):
    monkeypatch.setenv(name, "verify-full")

    assert _tls(make_url(f"{BASE}db.example/db")) == {}


def test_a_host_of_libpqs_variables_counts(monkeypatch):
    monkeypatch.setenv("PGHOST", "db.example")

    assert _tls(make_url(f"{BASE}/db")) == {"sslmode": "require"}


def test_every_statement_is_waited_for_with_a_timeout():
    make_engine(f"{BASE}db.example/db").dispose()

    assert extensions.get_wait_callback() is not None
