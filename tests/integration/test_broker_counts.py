"""Measuring an app's queues at its broker: a real Redis, with real messages."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from celery import Celery, current_app
from redis import Redis
from scalar_agent import celery_silence

from devtools.redis_server import redis_server
from scalar.adapters.broker.counts import BrokerCountSource, celery_app
from scalar.adapters.count_sources import CountSources
from scalar.adapters.deadline import within
from scalar.core.counts_address import CountsAddress
from scalar.core.counts_url import CountsUrl
from scalar.core.errors import CountsUnavailable
from tests.support.waiting import wait_until

PASSWORD = "hunter2-of-redis"
QUEUES = {"worker": ("default", "mail"), "mailer": ("post",)}


@pytest.fixture(scope="module")
def guarded():
    """A Redis that requires a password."""
    with redis_server(config={"requirepass": PASSWORD}) as server:
        yield server


@pytest.fixture(autouse=True)
def _believes_a_new_redis(monkeypatch):
    """Each Redis here has just been started, and no worker has lost it."""
    monkeypatch.setattr(celery_silence, "RETURN", 0.0)


@pytest.fixture(autouse=True)
def _empty(guarded):
    with Redis(port=guarded.port, password=PASSWORD) as client:
        client.flushall()


@pytest.fixture
def source():
    source = BrokerCountSource(total_timeout=5.0)
    yield source
    source.close()
    # Wait for a measurement that timed out but still runs.
    wait_until(lambda: not [t for t in threading.enumerate() if "_put" in t.name])


def address_of(server, query="", password=PASSWORD, queues=None):
    url = f"redis://:{password}@127.0.0.1:{server.port}/0{query}"
    return CountsAddress.parse(url, queues=queues or QUEUES)


def send(server, *tasks, **options):
    """Send tasks as the app itself does."""
    url = f"redis://:{PASSWORD}@127.0.0.1:{server.port}/0"
    with Celery("shop", broker=url, set_as_current=False) as app:
        app.conf.broker_transport_options = options
        for queue, sent in tasks:
            app.send_task("pack", queue=queue, **sent)


def counts(readings):
    return {name: reading.count for name, reading in readings.items()}


def test_jobs_are_counted_by_the_queues_of_each_process_type(source, guarded):
    send(
        guarded,
        *(("default", {}), ("default", {"priority": 9}), ("mail", {})),
        *(("post", {}), ("elsewhere", {})),
    )

    assert counts(source.read(address_of(guarded))) == {"worker": 3, "mailer": 1}


def test_a_job_that_is_not_due_is_not_counted_but_its_eta_is_reported(source, guarded):
    send(guarded, ("default", {"countdown": 600}), ("default", {}))

    reading = source.read(address_of(guarded))["worker"]
    assert reading.count == 1
    assert 590 < reading.next_eta <= 600


def test_transport_options_are_respected(source, guarded):
    options = {"global_keyprefix": "shop:", "priority_steps": [0, 5], "sep": ":"}
    send(guarded, ("default", {"priority": 5}), ("default", {}), **options)
    query = "?global_keyprefix=shop:&priority_steps=0,5&sep=:"

    assert counts(source.read(address_of(guarded)))["worker"] == 0
    assert counts(source.read(address_of(guarded, query)))["worker"] == 2


@pytest.mark.parametrize(
    ("password", "why"),
    [
        pytest.param("hunter2-is-wrong", "user or password refused", id="bad"),
        pytest.param("", "a password is required", id="none"),
    ],
)
def test_a_wrong_password_is_reported_but_not_shown(
    source, guarded, caplog, password, why
):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CountsUnavailable, match=why) as failure:
        source.read(address_of(guarded, password=password))

    error = failure.value
    while error is not None:
        assert "hunter2" not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__
    assert "hunter2" not in caplog.text


def test_an_unavailable_broker_is_not_a_count_of_zero(source, own_redis):
    address = CountsAddress.parse(own_redis.url, queues=QUEUES)
    assert counts(source.read(address)) == {"worker": 0, "mailer": 0}
    own_redis.kill()
    with pytest.raises(CountsUnavailable, match="connection refused"):
        source.read(address)

    own_redis.start()
    assert counts(source.read(address)) == {"worker": 0, "mailer": 0}


def test_a_hanging_broker_takes_no_longer_than_the_total_timeout(own_redis):
    source = BrokerCountSource(total_timeout=0.5)
    address = CountsAddress.parse(own_redis.url, queues=QUEUES)
    own_redis.pause()
    started = time.monotonic()
    with pytest.raises(CountsUnavailable, match=r"no complete answer within 0\.5 s"):
        source.read(address)
    assert time.monotonic() - started < 2
    with pytest.raises(
        CountsUnavailable, match="previous measurement has not finished"
    ):
        source.read(address)

    own_redis.resume()

    def answered():
        try:
            return source.read(address)
        except CountsUnavailable:
            return None

    assert counts(wait_until(answered)) == {"worker": 0, "mailer": 0}
    source.close()


def test_the_deadline_of_the_evaluation_applies(guarded):
    source = BrokerCountSource(total_timeout=60.0)

    with within(0.01), pytest.raises(CountsUnavailable, match=r"within 0\.0\d* s"):
        source.read(address_of(guarded))
    source.close()


def clients(server):
    with Redis(port=server.port) as client:
        me = str(client.client_id())
        return {one["id"] for one in client.client_list()} - {me}


def test_a_connection_is_kept_and_reused(source, own_redis):
    address = CountsAddress.parse(own_redis.url, queues=QUEUES)
    source.read(address)
    before = clients(own_redis)
    for _ in range(3):
        source.read(address)

    assert clients(own_redis) == before
    # Our own transport keeps one connection; kombu's keeps two.
    assert 1 <= len(before) <= 2


def test_the_number_of_kept_connections_is_limited(own_redis):
    source = BrokerCountSource(total_timeout=5.0, max_brokers=2)
    for number in range(5):
        queues = {"worker": (f"queue-{number}",)}
        address = CountsAddress.parse(own_redis.url, queues=queues)
        assert counts(source.read(address)) == {"worker": 0}

    wait_until(lambda: 2 <= len(clients(own_redis)) <= 2 * 2)
    source.close()
    wait_until(lambda: not clients(own_redis))


def test_our_own_celery_app_is_unaffected(source, guarded, monkeypatch):
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    ours = current_app._get_current_object()

    assert counts(source.read(address_of(guarded)))["worker"] == 0
    assert current_app._get_current_object() is ours


def test_tls_certificates_are_verified_only_on_request():
    url = CountsUrl.parse("rediss://:pw@queue.example:6380/0")
    unchecked = celery_app(url).conf.broker_use_ssl
    checked = celery_app(
        CountsUrl.parse(f"{url.reveal()}?ssl_cert_reqs=required")
    ).conf.broker_use_ssl

    assert unchecked["ssl_cert_reqs"] == 0
    assert checked["ssl_cert_reqs"] == 2


def test_each_form_is_read_from_its_own_source():
    class Source:
        def __init__(self, name):
            self.name = name

        def read(self, _address, _keep):
            return self.name

    made = []
    sources = CountSources(Source("http"), lambda: made.append(1) or Source("broker"))

    assert sources.read(CountsAddress.parse("https://shop.example/")) == "http"
    assert made == []
    broker = CountsAddress.parse("redis://queue.example/", queues=QUEUES)
    assert [sources.read(broker) for _ in range(2)] == ["broker"] * 2
    assert made == [1]


def test_a_redis_that_has_just_been_started_is_not_believed(
    source, own_redis, monkeypatch
):
    """Workers that had jobs from it may not have come back yet."""
    monkeypatch.setattr(celery_silence, "RETURN", 35.0)
    address = CountsAddress.parse(own_redis.url, queues={"worker": ("default",)})
    count = source.read(address)["worker"].count

    assert "so workers may be unheard" in count.detail


def test_settings_that_change_where_workers_are_asked(guarded):
    url = (
        f"redis://:{PASSWORD}@127.0.0.1:{guarded.port}/0?control_exchange=mine"
        "&unacked_key=held&unacked_index_key=held_index&fanout_prefix=all_"
    )
    app = celery_app(CountsUrl.parse(url))
    channel = app.connection_for_read().default_channel

    assert app.control.mailbox.exchange.name == "mine.pidbox"
    assert (channel.unacked_key, channel.unacked_index_key) == ("held", "held_index")
    assert channel.keyprefix_fanout == "all_"
