"""Reading an app's counts over real connections."""

from __future__ import annotations

import ssl
import threading

import pytest

from devtools.certificates import make_certificate
from scalar.adapters.http.counts import HttpCountSource
from scalar.adapters.http.getter import Getter
from scalar.adapters.http.tls import tls_context
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import CountsMalformed, CountsUnavailable
from tests.support.counts_app import CountsApp


@pytest.fixture
def make_source():
    """Make sources with short timeouts; close them at the end."""
    getters = []

    def make(
        ca_file="", read_timeout=0.3, total_timeout=0.6, max_bytes=65536, period=10
    ):
        getter = Getter(tls_context(ca_file), timeout=(0.3, read_timeout))
        getters.append(getter)
        return HttpCountSource(
            getter, total_timeout=total_timeout, max_bytes=max_bytes, period=10
        )

    yield make
    for getter in getters:
        getter.close()


@pytest.fixture
def source(make_source):
    return make_source()


def with_user(app, user="user", password="hunter2"):
    return CountsAddress.parse(app.url.replace("://", f"://{user}:{password}@"))


def counts(readings):
    return {name: reading.count for name, reading in readings.items()}


def test_counts_are_read(source, counts_app):
    counts_app.answer({"worker": 12})

    assert counts(source.read(CountsAddress.parse(counts_app.url))) == {"worker": 12}


def test_an_answer_from_a_cache_that_is_too_old_is_refused(source, counts_app):
    address = CountsAddress.parse(counts_app.url)
    counts_app.answer({"worker": 0}, headers={"Age": "86400"})

    with pytest.raises(CountsUnavailable, match="86400 s old"):
        source.read(address)

    counts_app.answer({"worker": 0}, headers={"Age": "9"})
    assert counts(source.read(address)) == {"worker": 0}


def test_a_second_look_is_not_for_a_cache_to_answer(source, counts_app):
    address = CountsAddress.parse(counts_app.url)
    source.read(address)
    source.read(address, {"worker": 1})
    source.read(address, {"worker": 1})

    paths = [request.path for request in counts_app.requests]
    assert len(set(paths)) == 3
    assert all(path.startswith(paths[0]) for path in paths)
    assert {r.headers["Cache-Control"] for r in counts_app.requests} == {"no-cache"}


def test_a_connection_is_reused(source, counts_app):
    for _ in range(5):
        source.read(CountsAddress.parse(counts_app.url))

    assert len(counts_app.requests) == 5
    assert counts_app.connections == 1


def test_a_connection_closed_by_the_app_is_reopened(source, counts_app):
    counts_app.answer({"worker": 1}, headers={"Connection": "close"})
    for _ in range(3):
        assert counts(source.read(CountsAddress.parse(counts_app.url))) == {"worker": 1}


def test_the_password_is_sent_and_accepted(source, counts_app):
    counts_app.require_auth("us@er", "p/ä:s")
    counts_app.answer({"worker": 12})
    url = with_user(counts_app, "us%40er", "p%2F%C3%A4%3As")

    assert counts(source.read(url)) == {"worker": 12}


@pytest.mark.parametrize("status", [201, 204, 400, 401, 403, 404, 500, 502, 503])
def test_an_http_error_is_unavailable_even_with_counts_in_it(
    source, counts_app, status
):
    body = b"" if status == 204 else {"worker": 0}
    counts_app.answer(body, status=status)

    with pytest.raises(CountsUnavailable, match=str(status)):
        source.read(CountsAddress.parse(counts_app.url))


def test_a_refused_connection_is_unavailable(source):
    with pytest.raises(CountsUnavailable):
        source.read(CountsAddress.parse("http://127.0.0.1:1/counts"))


@pytest.mark.parametrize("kind", ["hang", "drip_headers", "drip_body", "cut", "reset"])
def test_a_broken_exchange_is_unavailable(source, counts_app, kind):
    counts_app.behave(kind)

    with pytest.raises(CountsUnavailable):
        source.read(CountsAddress.parse(counts_app.url))


def test_a_dripping_answer_over_tls_is_unavailable(make_source, tmp_path):
    certificate = make_certificate(tmp_path)
    with CountsApp(tls=certificate) as app:
        app.behave("drip_headers")
        with pytest.raises(CountsUnavailable):
            make_source(str(certificate.ca)).read(CountsAddress.parse(app.url))


def test_a_huge_answer_is_rejected(make_source, counts_app):
    counts_app.behave("huge", size=50_000_000)

    with pytest.raises(CountsMalformed, match="1000 bytes"):
        make_source(max_bytes=1000).read(CountsAddress.parse(counts_app.url))


def test_an_answer_of_the_maximum_length_is_read(make_source, counts_app):
    body = b'{"worker": 3}'.ljust(1000)
    counts_app.answer(body)

    source = make_source(max_bytes=1000)
    assert counts(source.read(CountsAddress.parse(counts_app.url))) == {"worker": 3}


def test_a_redirect_is_followed(source, counts_app):
    with CountsApp() as other:
        other.answer({"worker": 5})
        counts_app.behave("redirect", to=other.url)

        assert counts(source.read(CountsAddress.parse(counts_app.url))) == {"worker": 5}


def test_credentials_are_not_sent_to_another_host_after_a_redirect(source, counts_app):
    with CountsApp() as other:
        other.answer({"worker": 5})
        counts_app.behave("redirect", to=other.url)
        source.read(with_user(counts_app))

        assert "Authorization" in counts_app.requests[0].headers
        assert "Authorization" not in other.requests[0].headers


def test_credentials_are_sent_to_the_same_host_after_a_redirect(source, counts_app):
    counts_app.behave("redirect", to="/elsewhere")
    with pytest.raises(CountsUnavailable, match="redirects"):
        source.read(with_user(counts_app))

    assert counts_app.requests[1].path == "/elsewhere"
    assert all("Authorization" in seen.headers for seen in counts_app.requests)


def test_a_loop_of_redirects_ends(source, counts_app):
    counts_app.behave("redirect", to=counts_app.url)

    with pytest.raises(CountsUnavailable, match="more than 3 redirects"):
        source.read(CountsAddress.parse(counts_app.url))
    assert len(counts_app.requests) == 4


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://host/", "", "http://"])
def test_a_redirect_to_anything_but_http_is_unavailable(source, counts_app, to):
    counts_app.behave("redirect", to=to)

    with pytest.raises(CountsUnavailable, match="redirects"):
        source.read(CountsAddress.parse(counts_app.url))


def test_credentials_in_a_redirect_are_ignored(source, counts_app):
    with CountsApp() as other:
        to = other.url.replace("://", "://evil:hunter2@")
        counts_app.behave("redirect", to=to)
        source.read(CountsAddress.parse(counts_app.url))

        assert "Authorization" not in other.requests[0].headers


def test_the_certificate_is_verified(make_source, tmp_path):
    certificate = make_certificate(tmp_path)
    with CountsApp(tls=certificate) as app:
        app.answer({"worker": 7})
        url = CountsAddress.parse(app.url)

        with pytest.raises(CountsUnavailable, match="TLS"):
            make_source().read(url)
        assert counts(make_source(str(certificate.ca)).read(url)) == {"worker": 7}


def test_a_certificate_of_another_host_is_refused(make_source, tmp_path):
    certificate = make_certificate(tmp_path)
    source = make_source(str(certificate.ca))
    with (
        CountsApp(tls=certificate, host="127.0.0.2") as app,
        pytest.raises(CountsUnavailable, match="TLS"),
    ):
        source.read(CountsAddress.parse(app.url))


def test_the_environment_is_ignored(make_source, counts_app, monkeypatch):
    """No proxy, CA bundle or ~/.netrc is used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    counts_app.answer({"worker": 1})

    answer = make_source().read(CountsAddress.parse(counts_app.url))
    assert counts(answer) == {"worker": 1}


def test_no_cookies_are_kept(source, counts_app):
    counts_app.answer({"worker": 1}, headers={"Set-Cookie": "session=1; Path=/"})
    for _ in range(2):
        source.read(CountsAddress.parse(counts_app.url))

    assert all("Cookie" not in seen.headers for seen in counts_app.requests)


@pytest.mark.parametrize("kind", ["hang", "reset", "cut"])
def test_no_error_contains_the_password(source, counts_app, kind):
    counts_app.behave(kind)

    with pytest.raises(CountsUnavailable) as failure:
        source.read(with_user(counts_app))
    error = failure.value
    while error is not None:
        assert "hunter2" not in str(error)
        error = error.__cause__


def test_threads_can_share_a_source(source, counts_app):
    counts_app.answer({"worker": 1})
    answers = []

    def read():
        answers.extend(
            source.read(CountsAddress.parse(counts_app.url)) for _ in range(20)
        )

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(map(counts, answers)) == [{"worker": 1}] * 160


def test_an_invalid_ca_file_is_an_error(tmp_path):
    (tmp_path / "ca.pem").write_text("nonsense")

    with pytest.raises((OSError, ssl.SSLError)):
        tls_context(str(tmp_path / "ca.pem"))


def test_a_redirect_from_https_to_http_is_not_followed(
    make_source, counts_app, tmp_path
):
    """The counts would then be anybody's on the way."""
    counts_app.answer({"worker": 1})
    certificate = make_certificate(tmp_path)
    with CountsApp(tls=certificate) as app:
        app.behave("redirect", to=counts_app.url)
        with pytest.raises(CountsUnavailable, match="from https to http"):
            make_source(certificate.ca).read(CountsAddress.parse(app.url))

    assert counts_app.requests == []
