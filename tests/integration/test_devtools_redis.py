"""The Redis of the tests and of `make run`."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading

import psutil
import pytest
import redis

from devtools.procfile import ROOT
from devtools.redis_binary import find_binary
from devtools.redis_server import NoRedisError, RedisServer, redis_server
from tests.support.processes import is_gone
from tests.support.waiting import wait_until


@pytest.fixture
def taken_port():
    """A port that somebody else has."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        yield somebody.getsockname()[1], somebody


def test_it_answers_and_ends_with_the_block(tmp_path):
    with redis_server(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        pid = server.pid
        assert client.info("server")["process_id"] == pid
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}

    assert is_gone(pid)
    assert [path.name for path in tmp_path.iterdir()] == ["redis.log"]


def test_its_password_stands_in_no_process_list(tmp_path):
    config = {"requirepass": 'a "quoted" \\ pass word'}
    with (
        redis_server(tmp_path, config=config) as server,
        redis.Redis(port=server.port, password=config["requirepass"]) as client,
    ):
        arguments = psutil.Process(server.pid).cmdline()

        assert client.ping()
        assert "quoted" not in " ".join(arguments)
        assert not (tmp_path / "redis.conf").exists()


def test_it_ends_when_the_block_fails():
    pids = []

    def fail():
        with redis_server() as server:
            pids.append(server.pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert is_gone(pids[0])


def test_a_restarted_redis_is_empty_and_has_the_same_port(own_redis):
    port = own_redis.port
    with redis.Redis.from_url(own_redis.url) as client:
        client.set("a", "1")
        own_redis.restart()

        assert client.get("a") is None
        assert own_redis.port == port


@pytest.mark.parametrize("end", [RedisServer.stop, RedisServer.kill])
def test_an_ended_redis_refuses_connections_until_it_is_started(own_redis, end):
    end(own_redis)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", own_redis.port))
    with pytest.raises(NoRedisError, match="not running"):
        _ = own_redis.pid

    own_redis.start()
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.ping()


def test_a_paused_redis_answers_when_it_is_resumed(own_redis):
    with redis.Redis.from_url(own_redis.url, socket_timeout=0.1) as client:
        own_redis.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        own_redis.resume()

        assert wait_until(client.ping, message="it answers again")


def test_a_paused_redis_can_be_stopped(own_redis):
    pid = own_redis.pid
    own_redis.pause()
    own_redis.stop()

    assert is_gone(pid)


def test_another_port_is_chosen_when_the_first_was_taken(tmp_path, taken_port):
    port, _ = taken_port
    server = RedisServer(find_binary(), tmp_path, 0, {})
    server.port = port
    try:
        server.start()

        assert server.port != port
    finally:
        server.stop()


def test_another_redis_on_the_port_is_not_taken_for_ours(tmp_path, own_redis):
    server = RedisServer(find_binary(), tmp_path, 0, {})
    server.port = own_redis.port
    try:
        server.start()

        assert server.port != own_redis.port
    finally:
        server.stop()


def test_a_port_that_was_named_is_waited_for(tmp_path, taken_port):
    port, somebody = taken_port
    log = tmp_path / "redis.log"

    def leave_when_it_has_been_tried():
        wait_until(lambda: log.exists() and "in use" in log.read_text())
        somebody.close()

    thread = threading.Thread(target=leave_when_it_has_been_tried)
    thread.start()
    with redis_server(tmp_path, port=port) as server:
        thread.join()

        assert server.port == port


def test_a_redis_that_cannot_start_says_why():
    with (
        pytest.raises(NoRedisError, match="no-such-setting"),
        redis_server(config={"no-such-setting": "1"}),
    ):
        pass


def test_settings_reach_it():
    config = {"maxmemory-policy": "noeviction", "requirepass": "hunter2"}
    with (
        redis_server(config=config) as server,
        redis.Redis(port=server.port, password="hunter2") as client,
    ):
        policy = client.config_get("maxmemory-policy")

        assert policy == {"maxmemory-policy": "noeviction"}


def test_it_outlives_the_thread_that_started_it(tmp_path):
    server = RedisServer(find_binary(), tmp_path, 0, {})
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    try:
        # The thread's end is what would have killed it. The kernel may be later
        # than Python to know of it.
        wait_until(
            lambda: all(
                one.id != thread.native_id for one in psutil.Process().threads()
            )
        )
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
    finally:
        server.stop()


def test_many_can_be_had(redis_server_factory):
    one, other = redis_server_factory(), redis_server_factory()

    assert one.pid != other.pid
    assert one.port != other.port


def test_the_url_is_of_an_empty_redis_each_time(redis_url, redis):
    assert redis_url == f"redis://127.0.0.1:{redis.port}/0"


# Other systems cannot promise it.
if sys.platform == "linux":

    def test_it_ends_with_a_process_that_was_killed():
        code = (
            "import time\n"
            "from devtools.redis_server import redis_server\n"
            "with redis_server() as server:\n"
            "    print(server.pid, flush=True)\n"
            "    time.sleep(100)\n"
        )
        command = [sys.executable, "-c", code]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
            pid = int(parent.stdout.readline())
            assert not is_gone(pid)
            parent.send_signal(signal.SIGKILL)

        wait_until(lambda: is_gone(pid), message="it ends too")
