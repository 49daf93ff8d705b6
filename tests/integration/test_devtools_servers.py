"""The servers that the tests run."""

from __future__ import annotations

import psutil
import psycopg2
import redis

from devtools.procfile import start_process
from devtools.redis_server import redis_server
from tests.support.waiting import wait_until


def test_a_restarted_redis_is_empty_and_a_stopped_one_is_gone():
    with redis_server() as server, redis.Redis.from_url(server.url) as client:
        client.set("a", "1")
        server.restart()
        assert client.get("a") is None
        pid = server.pid

    assert not psutil.pid_exists(pid)


def test_two_postgres_databases_are_separate(shared_postgres):
    one, other = shared_postgres.create_database(), shared_postgres.create_database()
    with psycopg2.connect(one) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (x int)")
    connection.close()

    connection = psycopg2.connect(other)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('t')")
        assert cursor.fetchone() == (None,)
    connection.close()


def test_a_procfile_process_ends_with_all_its_children(tmp_path):
    procfile = tmp_path / "Procfile"
    procfile.write_text("web: sleep 100 & sleep 100 & echo up; wait\n")
    process = start_process("web", env={}, log=tmp_path / "log", procfile=procfile)
    process.wait_for_log("up")
    pids = process.pids()
    assert len(pids) == 3

    process.terminate_like_heroku(timeout=5)
    wait_until(lambda: not process.pids(), message="all ended")
