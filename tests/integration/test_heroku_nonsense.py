"""Nonsense in the headers and numbers of Heroku's answers fails nothing else."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scalar.adapters.heroku.platform import HerokuApi, HerokuPlatform
from scalar.adapters.http.session import make_session
from scalar.adapters.http.tls import tls_context
from scalar.core.errors import PlatformUnavailable, RateLimited
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from scalar.ports.platform import Urgency

ROWS = (
    b'[{"type": "worker", "quantity": 2, "size": "Basic", '
    b'"app": {"id": "the-id", "name": "shop"}}]'
)
NONSENSE = [b"\xb2", b"9" * 5_000, b"-1", b"1e3"]


@pytest.fixture
def server():
    """A server whose answer a test chooses, to the byte."""

    class Handler(BaseHTTPRequestHandler):
        answer = (200, b"", ROWS)

        def do_GET(self):
            status, headers, body = self.answer
            self.wfile.write(b"HTTP/1.1 %d Said\r\n%s" % (status, headers))
            self.wfile.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

        def log_message(self, *_arguments):
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handler = Handler
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def remaining():
    return []


@pytest.fixture
def platform(server, remaining):
    session = make_session(tls_context(), timeout=(1, 1))
    api = HerokuApi(
        session,
        Secret("token"),
        f"http://127.0.0.1:{server.server_port}",
        timeout=5,
        on_answer=lambda left, _key: remaining.append(left),
    )
    yield HerokuPlatform(api, "shop", SHARED_KEY)
    session.close()


@pytest.mark.parametrize("said", NONSENSE)
def test_calls_left_that_are_no_number_are_not_known(server, platform, remaining, said):
    server.handler.answer = (200, b"RateLimit-Remaining: %s\r\n" % said, ROWS)

    assert platform.formation(Urgency.READ)["worker"].quantity == 2
    assert remaining == [None]


@pytest.mark.parametrize("said", NONSENSE)
def test_a_wait_that_is_no_number_is_not_known(server, platform, said):
    server.handler.answer = (429, b"Retry-After: %s\r\n" % said, b"{}")
    with pytest.raises(RateLimited) as raised:
        platform.formation(Urgency.READ)

    assert raised.value.retry_after is None


@pytest.mark.parametrize("number", [b"1e999", b"-1", b"2.5", b"true", b"9" * 5_000])
def test_a_quantity_that_is_no_whole_number_is_no_answer(server, platform, number):
    server.handler.answer = (200, b"", ROWS.replace(b"2", number))
    with pytest.raises(PlatformUnavailable, match=r"API reference|not JSON"):
        platform.formation(Urgency.READ)


@pytest.mark.parametrize("status", [200, 503])
def test_an_answer_that_is_nested_without_end_is_no_answer(server, platform, status):
    server.handler.answer = (status, b"", b"[" * 60_000)
    with pytest.raises(PlatformUnavailable):
        platform.formation(Urgency.READ)
