"""Publishing evaluations to a real Redis."""

from __future__ import annotations

import base64
import json

import pytest
from redis import Redis

from scalar.core.app import AppKey
from scalar.core.errors import CoordinationError
from scalar.worker import CeleryPublisher
from scalar.worker._publisher import BODY, ID, SLOW

QUEUE = "scalar:celery:poll"
APP_KEYS = [AppKey(7, "shop", 3), AppKey(9, "blog", 1)]


def poll_and_scale(app_id, name, revision, token):
    """The task; nothing runs it here."""


@pytest.fixture
def connect(celery_apps):
    """Make publishers to a Redis, with Celery set up as in production."""

    def make(url):
        app = celery_apps(url)
        task = app.task(name="scalar.poll_and_scale", shared=False)(poll_and_scale)
        return CeleryPublisher(app, task)

    return make


@pytest.fixture
def publisher(connect, redis_url):
    return connect(redis_url)


@pytest.fixture
def client(redis_url):
    with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def messages(client):
    """Return the messages, oldest first."""
    return [json.loads(text) for text in client.lrange(QUEUE, 0, -1)][::-1]


def test_a_message_carries_only_the_app_key_and_the_token(publisher, client):
    publisher.publish(APP_KEYS, "token")

    bodies = [json.loads(base64.b64decode(m["body"])) for m in messages(client)]
    assert [body[0] for body in bodies] == [
        [7, "shop", 3, "token"],
        [9, "blog", 1, "token"],
    ]
    assert [body[1] for body in bodies] == [{}, {}]
    assert {m["headers"]["task"] for m in messages(client)} == {"scalar.poll_and_scale"}


def test_the_headers_do_not_repeat_the_arguments(publisher, client):
    publisher.publish(APP_KEYS[:1], "token-of-the-tick")

    (message,) = messages(client)
    del message["body"]
    assert "shop" not in json.dumps(message)
    assert "token-of-the-tick" not in json.dumps(message)


def without_ids(message):
    """Return a message without its ids."""
    body = json.loads(base64.b64decode(message["body"]))
    task_id = message["headers"]["id"]
    text = json.dumps({**message, "body": body})
    tag = message["properties"]["delivery_tag"]
    return json.loads(text.replace(task_id, "id").replace(tag, "id"))


def test_a_message_equals_the_one_celery_makes(celery_apps, redis_url, client):
    """So that workers, `celery inspect` and newer versions of Celery understand it."""
    app = celery_apps(redis_url)
    task = app.task(name="scalar.poll_and_scale", shared=False)(poll_and_scale)
    CeleryPublisher(app, task).publish(APP_KEYS[:1], "token")
    task.apply_async((7, "shop", 3, "token"), argsrepr="", kwargsrepr="")

    ours, theirs = messages(client)
    for name in ("argsrepr", "kwargsrepr"):  # also in the headers
        del theirs["properties"][name]
    theirs["properties"]["reply_to"] = ""  # no one waits for a result
    theirs["headers"].pop("scalar_agent_sent_at", None)  # if a test imports the agent
    assert without_ids(ours) == without_ids(theirs)


def test_no_clock_of_a_worker_drops_a_message(publisher, client):
    """Whether it is too late is decided by Redis, where its reservation ends."""
    publisher.publish(APP_KEYS[:1], "token")

    (message,) = messages(client)
    assert message["headers"]["expires"] is None
    assert message["headers"]["eta"] is None


def test_the_message_of_a_slow_app_says_so_in_a_header(publisher, client):
    """Arguments would be too many for a worker of an older version."""
    publisher.publish(APP_KEYS[:1], "token")
    publisher.publish(APP_KEYS[1:], "token", slow=True)

    assert [m["headers"].get(SLOW) for m in messages(client)] == [None, True]


def test_each_message_has_its_own_id_and_tag(publisher, client):
    publisher.publish(APP_KEYS, "token")

    first, second = messages(client)
    for at in (
        ("headers", "id"),
        ("headers", "root_id"),
        ("properties", "delivery_tag"),
    ):
        assert first[at[0]][at[1]] != second[at[0]][at[1]]


def test_placeholders_in_an_apps_name_are_not_replaced(publisher, client):
    """No Heroku app can have such a name, but a registry can contain anything."""
    name = f'{ID} {BODY} "}}'
    publisher.publish([AppKey(1, name, 1)], "token")

    (message,) = messages(client)
    assert json.loads(base64.b64decode(message["body"]))[0][1] == name


def test_waiting_is_the_number_of_queued_messages(publisher, client):
    assert publisher.waiting() == 0
    publisher.publish(APP_KEYS, "token")
    assert publisher.waiting() == 2
    client.rpop(QUEUE)
    assert publisher.waiting() == 1


@pytest.fixture
def counted(own_redis):
    """A Redis for this test alone, and a client to count its commands."""
    with Redis.from_url(own_redis.url, decode_responses=True) as client:
        yield own_redis.url, client


def test_a_thousand_messages_take_three_round_trips(connect, counted):
    url, client = counted
    publisher = connect(url)
    publisher.publish(APP_KEYS, "first")
    client.config_resetstat()
    publisher.publish([AppKey(n, f"app-{n}", 1) for n in range(1200)], "token")

    commands = client.info("commandstats")
    assert commands["cmdstat_lpush"]["calls"] == 3
    assert commands.keys() == {"cmdstat_lpush", "cmdstat_config|resetstat"}
    assert client.llen(QUEUE) == 2 + 1200


def test_without_apps_nothing_is_sent(connect, counted):
    url, client = counted
    client.config_resetstat()
    connect(url).publish([], "token")

    assert client.info("commandstats").keys() == {"cmdstat_config|resetstat"}


def test_an_unavailable_broker_raises_coordination_error_until_it_returns(
    connect, own_redis
):
    publisher = connect(own_redis.url)
    publisher.publish(APP_KEYS, "token")
    own_redis.kill()
    with pytest.raises(CoordinationError, match="broker"):
        publisher.publish(APP_KEYS, "token")
    with pytest.raises(CoordinationError, match="broker"):
        publisher.waiting()

    own_redis.start()
    publisher.publish(APP_KEYS, "token")
    with Redis.from_url(own_redis.url) as client:
        assert client.llen(QUEUE) == 2
