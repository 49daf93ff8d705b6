"""Evaluations on the queue, in a real Redis."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from scalar.celery_publisher import CeleryPublisher
from scalar.errors import CoordinationError
from scalar.ports import AppKey

PERIOD = 10
QUEUE = "scalar:celery:poll"
KEYS = [AppKey(7, "shop", 3), AppKey(9, "blog", 1)]


def poll_and_scale(app_id, name, revision, token):
    """Stand for the task: nothing runs it here."""


@pytest.fixture
def connect(celery_apps):
    """Publishers to a Redis, through Celery set up as in production."""

    def make(url):
        app = celery_apps(url)
        task = app.task(name="scalar.poll_and_scale")(poll_and_scale)
        return CeleryPublisher(app, task, PERIOD)

    return make


@pytest.fixture
def publisher(connect, redis_url):
    return connect(redis_url)


@pytest.fixture
def client(redis_url):
    with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def messages(client):
    """Return the messages, first one first."""
    return [json.loads(text) for text in client.lrange(QUEUE, 0, -1)][::-1]


def test_a_message_carries_the_key_and_the_token_and_nothing_else(publisher, client):
    publisher.publish(KEYS, "token")

    bodies = [json.loads(base64.b64decode(m["body"])) for m in messages(client)]
    assert [body[0] for body in bodies] == [
        [7, "shop", 3, "token"],
        [9, "blog", 1, "token"],
    ]
    assert [body[1] for body in bodies] == [{}, {}]
    assert {m["headers"]["task"] for m in messages(client)} == {"scalar.poll_and_scale"}


def test_nothing_of_it_is_repeated_in_the_headers(publisher, client):
    publisher.publish(KEYS[:1], "token-of-the-tick")

    (message,) = messages(client)
    del message["body"]
    assert "shop" not in json.dumps(message)
    assert "token-of-the-tick" not in json.dumps(message)


def test_a_message_expires_with_its_period(publisher, client):
    before = datetime.now(UTC)
    publisher.publish(KEYS[:1], "token")
    after = datetime.now(UTC)

    (message,) = messages(client)
    expires = datetime.fromisoformat(message["headers"]["expires"])
    period = timedelta(seconds=PERIOD)
    assert before + period <= expires <= after + period


@pytest.fixture
def counted(own_redis):
    """A Redis that nobody else uses, and a client to count its commands with."""
    with Redis.from_url(own_redis.url, decode_responses=True) as client:
        yield own_redis.url, client


def test_a_thousand_messages_are_few_round_trips(connect, counted):
    """One by one they would be 1200 packets, each with its answer waited for."""
    url, client = counted
    publisher = connect(url)
    publisher.publish(KEYS, "first")
    client.config_resetstat()
    publisher.publish([AppKey(n, f"app-{n}", 1) for n in range(1200)], "token")

    commands = client.info("commandstats")
    assert commands["cmdstat_lpush"]["calls"] == 1200
    assert commands.keys() == {"cmdstat_lpush", "cmdstat_config|resetstat"}
    assert client.info("stats")["total_reads_processed"] < 300


def test_no_apps_are_no_messages(connect, counted):
    url, client = counted
    client.config_resetstat()
    connect(url).publish([], "token")

    assert client.info("commandstats").keys() == {"cmdstat_config|resetstat"}


def test_a_broker_that_goes_away_is_our_own_error_until_it_is_back(connect, own_redis):
    publisher = connect(own_redis.url)
    publisher.publish(KEYS, "token")
    own_redis.kill()
    with pytest.raises(CoordinationError, match="broker"):
        publisher.publish(KEYS, "token")

    own_redis.start()
    publisher.publish(KEYS, "token")
    with Redis.from_url(own_redis.url) as client:
        assert client.llen(QUEUE) == 2
