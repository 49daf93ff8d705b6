"""Refusing addresses that are not public, over real connections."""

from __future__ import annotations

import socket
import threading
from contextlib import closing

import pytest

from devtools.certificates import make_certificate
from scalar.adapters.http.counts import HttpCountSource
from scalar.adapters.http.getter import Getter
from scalar.adapters.http.public_addresses import why_not_public
from scalar.adapters.http.tls import tls_context
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import CountsUnavailable
from scalar.core.reading import Reading
from tests.support.counts_app import CountsApp


class Listener:
    """A server that accepts connections, records what it receives and never answers.

    Attributes:
        received: All bytes of each connection that has ended.
    """

    def __init__(self, family=socket.AF_INET, host="127.0.0.1"):
        self._socket = socket.create_server((host, 0), family=family)
        self.port = self._socket.getsockname()[1]
        self.received = []
        self._ended = threading.Condition()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def wait(self, connections):
        """Return what was received, once a number of connections have ended."""
        with self._ended:
            assert self._ended.wait_for(lambda: len(self.received) >= connections, 5)
        return self.received

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                data = connection.makefile("rb").read()
            with self._ended:
                self.received.append(data)
                self._ended.notify_all()


@pytest.fixture
def make_source():
    """Make sources that do or do not refuse private addresses."""
    getters = []

    def make(*, refuse_private=True, ca_file=""):
        getter = Getter(
            tls_context(ca_file), timeout=(2, 2), refuse_private=refuse_private
        )
        getters.append(getter)
        return HttpCountSource(getter, total_timeout=4, max_bytes=65536, period=10)

    yield make
    for getter in getters:
        getter.close()


def reading(source, url):
    return source.read(CountsAddress.parse(url))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433"])
def test_a_private_address_is_refused_before_a_byte_is_sent(make_source, scheme, host):
    """Whatever its host name: `localhost` resolves to a private address, too."""
    with Listener() as server:
        with pytest.raises(CountsUnavailable) as failure:
            reading(make_source(), f"{scheme}://u:hunter2@{host}:{server.port}/counts")

        assert server.wait(connections=1) == [b""]
    assert str(failure.value) == (
        f"{host}: the connection failed (refused: 127.0.0.1 is a loopback address; "
        "ALLOW_PRIVATE_ADDRESSES=true permits it)"
    )


def test_a_refused_address_is_not_retried(make_source, counts_app):
    """A refusal is not a dropped connection, which would be retried.

    Once a later connection has been served, all earlier ones have been counted.
    """
    with pytest.raises(CountsUnavailable, match="loopback"):
        reading(make_source(), counts_app.url)
    reading(make_source(refuse_private=False), counts_app.url)

    assert counts_app.connections == 2
    assert len(counts_app.requests) == 1


def test_a_private_ipv6_address_is_refused(make_source):
    if not _has_ipv6():
        pytest.skip("this machine has no ::1")
    with Listener(socket.AF_INET6, "::1") as server:
        with pytest.raises(CountsUnavailable, match="refused: ::1 is a loopback"):
            reading(make_source(), f"http://[::1]:{server.port}/counts")

        assert server.wait(connections=1) == [b""]


def test_a_private_address_mapped_to_ipv6_is_refused(make_source):
    """The system connects ::ffff:127.0.0.1 to 127.0.0.1, even without IPv6."""
    with Listener() as server:
        url = f"http://[::ffff:127.0.0.1]:{server.port}/counts"
        with pytest.raises(CountsUnavailable, match=r"alias of 127.*, a loopback"):
            reading(make_source(), url)

        assert server.wait(connections=1) == [b""]


def test_private_addresses_can_be_permitted(make_source, counts_app, tmp_path):
    certificate = make_certificate(tmp_path)
    counts_app.answer({"worker": 3})
    with CountsApp(tls=certificate) as over_tls:
        over_tls.answer({"worker": 4})
        source = make_source(refuse_private=False, ca_file=str(certificate.ca))

        assert reading(source, counts_app.url) == {"worker": Reading(3)}
        assert reading(source, over_tls.url) == {"worker": Reading(4)}


def test_a_redirect_to_a_private_address_is_refused(counts_app):
    """The app's own address stands for a public one: it alone is permitted."""
    permitting = Getter(tls_context(), timeout=(2, 2))
    refusing = Getter(tls_context(), timeout=(2, 2), refuse_private=True)

    class Either:
        def get(self, url, headers):
            is_the_app = url.startswith(counts_app.url)
            return (permitting if is_the_app else refusing).get(url, headers)

    source = HttpCountSource(Either(), total_timeout=4, max_bytes=65536, period=10)
    with closing(permitting), closing(refusing), Listener() as server:
        counts_app.behave("redirect", to=f"http://localhost:{server.port}/latest/")
        with pytest.raises(CountsUnavailable, match=r"refused: 127.* loopback"):
            reading(source, counts_app.url)

        assert server.wait(connections=1) == [b""]
    assert len(counts_app.requests) == 1


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("0.0.0.0", "an unspecified address"),
        ("10.0.0.5", "a private address"),
        ("100.64.0.1", "a shared address"),
        ("100.127.255.255", "a shared address"),
        ("127.255.0.1", "a loopback address"),
        ("169.254.169.254", "a link-local address"),
        ("172.31.255.255", "a private address"),
        ("192.0.0.8", "a reserved address"),
        ("192.0.2.1", "a documentation address"),
        ("192.168.1.1", "a private address"),
        ("198.19.0.1", "a benchmarking address"),
        ("224.0.0.1", "a multicast address"),
        ("239.1.1.1", "a multicast address"),
        ("255.255.255.255", "a reserved address"),
        ("::", "an unspecified address"),
        ("::1", "a loopback address"),
        ("::10.0.0.5", "an alias of 10.0.0.5, a private address"),
        ("::ffff:169.254.169.254", "an alias of 169.254.169.254, a link-local address"),
        ("64:ff9b::7f00:1", "an alias of 127.0.0.1, a loopback address"),
        ("64:ff9b:1::a00:5", "a private address"),
        ("2002:a00:5::1", "an alias of 10.0.0.5, a private address"),
        ("2001::1", "a reserved address"),
        ("2001:db8::1", "a documentation address"),
        ("fd00::2", "a private address"),
        ("fe80::1%eth0", "a link-local address"),
        ("fec0::1", "a private address"),
        ("ff02::1", "a multicast address"),
        ("100::1", "a reserved address"),
        ("5f00::1", "a reserved address"),
    ],
)
def test_addresses_that_are_not_public_are_named_by_kind(address, why):
    assert why_not_public(address) == why


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "11.0.0.1",
        "100.128.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "223.255.255.255",
        "2606:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
        "2002:101:101::1",
    ],
)
def test_public_addresses_are_permitted(address):
    assert why_not_public(address) is None


def _has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
