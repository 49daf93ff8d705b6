"""Which connections a `Getter` keeps open, and which it closes."""

from __future__ import annotations

import pytest
from urllib3.exceptions import LocationValueError

from scalar.adapters.http.getter import Getter
from scalar.adapters.http.tls import tls_context
from tests.support.counts_app import CountsApp


@pytest.fixture
def getter():
    getter = Getter(tls_context(), timeout=(1, 1), max_hosts=2)
    yield getter
    getter.close()


@pytest.fixture
def apps():
    with CountsApp() as first, CountsApp() as second, CountsApp() as third:
        yield first, second, third


def ask(getter, app):
    """Send a request and release the connection, as a poll does."""
    with getter.get(app.url, {}) as answer:
        answer.read()
        answer.release_conn()


def test_recently_used_hosts_keep_their_connections(getter, apps):
    first, second, _ = apps
    for app in (first, second, first, second):
        ask(getter, app)

    assert [app.connections for app in apps] == [1, 1, 0]


def test_the_connection_of_the_least_recently_used_host_is_closed(getter, apps):
    first, second, third = apps
    for app in (first, second, third, second, third, first):
        ask(getter, app)

    assert [app.connections for app in apps] == [2, 1, 1]


def test_urls_of_one_host_share_a_connection(getter, apps):
    app = apps[0]
    for path in ("a", "b?c=d", "e"):
        with getter.get(f"{app.url}{path}", {}) as answer:
            answer.read()
            answer.release_conn()

    assert app.connections == 1
    assert [seen.path for seen in app.requests] == [
        f"/api/scalar_tasks/{path}" for path in ("a", "b?c=d", "e")
    ]


def test_closing_a_getter_closes_its_connections(getter, apps):
    ask(getter, apps[0])
    getter.close()
    ask(getter, apps[0])

    assert apps[0].connections == 2


@pytest.mark.parametrize("url", ["ftp://example.com/counts", "/counts", "http:///"])
def test_urls_other_than_http_are_rejected(getter, url):
    with pytest.raises(LocationValueError):
        getter.get(url, {})
