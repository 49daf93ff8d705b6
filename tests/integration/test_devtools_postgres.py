"""The PostgreSQL of the tests."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
from sqlalchemy import create_engine, text

from devtools.postgres_server import postgres_server
from scalar.settings import Settings


@pytest.fixture(scope="module")
def server():
    with postgres_server() as server:
        yield server


def run(url, statement):
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None


def test_two_databases_are_separate(server):
    one, other = server.create_database(), server.create_database()
    run(one, "CREATE TABLE t (x int)")

    assert run(one, "SELECT to_regclass('t')") == [("t",)]
    assert run(other, "SELECT to_regclass('t')") == [(None,)]


def test_a_database_gets_the_name_that_it_is_given(server):
    url = server.create_database('odd "name"')

    assert url.startswith("postgres://")
    assert ('odd "name"',) in run(server.url, "SELECT datname FROM pg_database")
    with pytest.raises(psycopg2.errors.DuplicateDatabase):
        server.create_database('odd "name"')


def test_the_url_is_one_that_the_settings_take(server):
    settings = Settings.from_environ({"DATABASE_URL": server.create_database("named")})
    engine = create_engine(settings.database_url.reveal())
    with engine.connect() as connection:
        name = connection.scalar(text("SELECT current_database()"))
    engine.dispose()

    assert name == "named"


def test_a_stopped_server_refuses_and_a_started_one_has_its_data(server):
    url = server.create_database()
    run(url, "CREATE TABLE kept (x int)")
    server.stop()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url)
    server.start()

    assert run(url, "SELECT to_regclass('kept')") == [("kept",)]


def test_the_databases_of_the_fixture_are_new(postgres_url, shared_postgres):
    assert postgres_url != shared_postgres.create_database()
    assert run(postgres_url, "SELECT count(*) FROM pg_stat_user_tables") == [(0,)]
