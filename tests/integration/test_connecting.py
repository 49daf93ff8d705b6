"""Connecting takes at most its timeout, whatever the name and its addresses do."""

from __future__ import annotations

import socket
import threading

import pytest
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
)

from devtools.ports import free_port
from scalar.adapters.heroku.platform import HerokuApi
from scalar.adapters.http import connecting
from scalar.adapters.http.counts import HttpCountSource
from scalar.adapters.http.getter import Getter
from scalar.adapters.http.ping import HttpPinger
from scalar.adapters.http.session import make_session
from scalar.adapters.http.tls import tls_context
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import CountsUnavailable, PlatformUnavailable
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from tests.support.counts_app import CountsApp
from tests.support.waiting import wait_until

LIMIT = 0.4


@pytest.fixture
def getter():
    getter = Getter(tls_context(), timeout=(LIMIT, 5))
    yield getter
    getter.close()


@pytest.fixture
def black_hole():
    """The address of a listener that accepts nobody, with a full queue."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = []
        while len(waiting) < 8:
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(address)
            waiting.append(one)
        yield address
        for one in waiting:
            one.close()


@pytest.fixture
def names(monkeypatch):
    """Addresses by name, in place of the system's name servers."""
    table = {}

    def getaddrinfo(host, _port, **_options):
        found = table[host]() if callable(table[host]) else table[host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each) for each in found]

    monkeypatch.setattr(connecting.socket, "getaddrinfo", getaddrinfo)
    return table


@pytest.fixture
def timeouts(monkeypatch):
    """The timeouts of each socket that connects."""
    seen = []

    class Recorded(socket.socket):
        def connect(self, address):
            seen.append(self.gettimeout())
            super().connect(address)

    monkeypatch.setattr(connecting.socket, "socket", Recorded)
    return seen


def test_all_addresses_of_a_name_share_the_timeout(getter, black_hole, names, timeouts):
    names["shop.example"] = [black_hole] * 8
    with pytest.raises(ConnectTimeoutError):
        getter.get("http://shop.example/", {})

    assert len(timeouts) == 8
    assert sum(timeouts) <= LIMIT


def test_so_do_those_of_a_session(black_hole, names, timeouts):
    names["api.example"] = [black_hole] * 8
    session = make_session(tls_context(), timeout=(LIMIT, 5))
    with pytest.raises(OSError, match="timed out"):
        session.get("http://api.example/")

    assert sum(timeouts) <= LIMIT


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    getter, black_hole, names
):
    with CountsApp() as app:
        app.answer({"worker": 1})
        port = int(app.url.split(":")[2].split("/")[0])
        names["shop.example"] = [black_hole, ("127.0.0.1", port)]
        with getter.get(f"http://shop.example:{port}/", {}) as answer:
            assert answer.status in (200, 404)


@pytest.fixture
def slow_name(names):
    """A name that is known only after the event is set; the number of lookups."""
    known, lookups = threading.Event(), []

    def look_up():
        lookups.append(1)
        known.wait(10)
        return [("127.0.0.1", 1)]

    names["slow.example"] = look_up
    yield known, lookups
    known.set()
    wait_until(lambda: not connecting._lookups)


def test_a_name_that_is_not_found_in_time_is_looked_up_once_for_all(getter, slow_name):
    known, lookups = slow_name
    for _ in range(3):
        with pytest.raises(ConnectTimeoutError):
            getter.get("http://slow.example/", {})
    assert len(lookups) == 1

    known.set()
    wait_until(lambda: not connecting._lookups)
    with pytest.raises(NewConnectionError, match="refused"):
        getter.get("http://slow.example/", {})


def test_name_servers_that_hang_use_up_a_bounded_number_of_threads(
    getter, slow_name, names, monkeypatch
):
    monkeypatch.setattr(connecting, "MOST_LOOKUPS", 1)
    names["other.example"] = [("127.0.0.1", 1)]
    for host in ("slow", "other"):
        with pytest.raises(ConnectTimeoutError):
            getter.get(f"http://{host}.example/", {})

    assert [host for host, _ in connecting._lookups] == ["slow.example"]


@pytest.mark.parametrize("host", ["no-such-name.invalid", f"{'a' * 70}.example"])
def test_a_name_that_does_not_exist_is_an_error_of_the_name(getter, host):
    with pytest.raises(NameResolutionError):
        getter.get(f"http://{host}/", {})


def test_what_went_wrong_is_said_with_host_and_port(getter, names, black_hole):
    """urllib3 has one kind of error for a refused port, an unknown name and time."""

    def unknown():
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    names["unknown.example"] = unknown
    names["127.0.0.1"] = [("127.0.0.1", free := free_port())]
    source = HttpCountSource(getter, total_timeout=5, max_bytes=100, period=10)
    said = {}
    for url in ("http://unknown.example/", f"http://127.0.0.1:{free}/"):
        with pytest.raises(CountsUnavailable) as refused:
            source.read(CountsAddress.parse(url))
        said[url] = str(refused.value)
    names["127.0.0.1"] = [black_hole]
    with pytest.raises(CountsUnavailable) as late:
        source.read(CountsAddress.parse(f"http://127.0.0.1:{black_hole[1]}/"))

    assert [*said.values(), str(late.value)] == [
        (
            "unknown.example:80: the name is unknown "
            "([Errno -2] Name or service not known)"
        ),
        f"127.0.0.1:{free}: the connection was refused",
        f"127.0.0.1:{black_hole[1]}: no connection in time",
    ]


def test_heroku_and_the_ping_say_so_too(caplog):
    url = f"http://127.0.0.1:{(port := free_port())}"
    session = make_session(tls_context(), timeout=(LIMIT, 1))
    api = HerokuApi(session, Secret("key"), url, timeout=5)
    with pytest.raises(PlatformUnavailable) as refused:
        api.key_facts(SHARED_KEY)
    assert str(refused.value) == (
        f"Heroku cannot be reached: 127.0.0.1:{port}: the connection was refused"
    )

    assert not HttpPinger(session, Secret(f"{url}/secret")).ping()
    assert f"127.0.0.1:{port}: the connection was refused" in caplog.text
