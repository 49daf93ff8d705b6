"""`status`, and a real dead man's switch over HTTP."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from devtools.ports import free_port
from scalar.adapters.http import ping
from scalar.adapters.http.ping import HttpPinger
from scalar.adapters.http.session import make_session
from scalar.adapters.http.tls import tls_context
from scalar.adapters.redis.connection import connect
from scalar.adapters.redis.coordinator import RedisCoordinator
from scalar.core.app_state import Memory
from scalar.core.secret import Secret
from tests.support.leases import begin

PATH = "/ping/8f3c-secret"


@pytest.fixture
def switch():
    """A server that takes the calls of a dead man's switch."""
    calls = []

    class Handler(BaseHTTPRequestHandler):
        status = 200

        def do_GET(self):
            calls.append(self.path)
            self.send_response(self.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments):
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.calls, server.handler = calls, Handler
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def pinger(url):
    return HttpPinger(make_session(tls_context(), timeout=(1, 1)), Secret(url))


def test_a_switch_that_drips_its_answer_holds_nobody_for_long(switch, monkeypatch):
    """Each byte restarts a socket's timeout."""

    def drip(handler):
        with suppress(OSError):
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":
                handler.wfile.write(bytes([byte]))
                given_up.wait(0.05)

    given_up = threading.Event()
    monkeypatch.setattr(switch.handler, "do_GET", drip)
    monkeypatch.setattr(ping, "LONGEST_PING", 0.2)
    try:
        assert not pinger(f"http://127.0.0.1:{switch.server_port}{PATH}").ping()
    finally:
        given_up.set()


def test_a_switch_is_called_with_a_get(switch):
    url = f"http://127.0.0.1:{switch.server_port}{PATH}"

    assert pinger(url).ping()
    assert switch.calls == [PATH]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_switch_that_refuses_is_told_without_its_secret(switch, status, caplog):
    switch.handler.status = status
    url = f"http://127.0.0.1:{switch.server_port}{PATH}"
    with caplog.at_level(logging.DEBUG, "scalar"):
        assert not pinger(url).ping()

    assert f"HTTP {status}" in caplog.text
    assert "secret" not in caplog.text


def test_a_switch_that_is_away_is_told_without_its_secret(caplog):
    with caplog.at_level(logging.DEBUG, "scalar"):
        assert not pinger(f"http://127.0.0.1:{free_port()}{PATH}").ping()

    assert "status.ping_failed" in caplog.text
    assert "secret" not in caplog.text


def test_status_before_anything_runs(cli):
    cli("add-app", "shop", "http://127.0.0.1:1/", "--no-check")
    done = cli("status", status=1)

    assert "FAIL  ticks        never" in done.stdout
    assert "FAIL  evaluations  never" in done.stdout


def test_status_while_all_goes_on(cli, redis_url):
    cli("add-app", "shop", "http://127.0.0.1:1/", "--no-check")
    client = connect(redis_url)
    coordinator = RedisCoordinator(client)
    coordinator.open_tick(10)
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, Memory(stuck=True))
    client.close()

    found = {
        check["what"]: check for check in json.loads(cli("status", "--json").stdout)
    }
    assert found["ticks"]["is_well"]
    assert found["evaluations"]["is_well"]
    assert found["changes"]["text"].startswith("1 app waits for Heroku")
