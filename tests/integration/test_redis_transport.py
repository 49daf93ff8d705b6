"""How a worker fetches its messages from a real Redis."""

from __future__ import annotations

import pytest
from kombu import Connection, Consumer, Queue
from redis import Redis

from scalar.worker import _transport

PREFETCHED = 10


@pytest.fixture
def client(own_redis):
    with Redis.from_url(own_redis.url, decode_responses=True) as client:
        yield client


@pytest.fixture
def broker(own_redis):
    _transport.register()
    options = {"ack_emulation": False}
    with Connection(own_redis.url, transport_options=options) as connection:
        yield connection


@pytest.fixture
def received(broker):
    """The messages received by a consumer with a prefetch window of ten."""
    messages = []
    with broker.channel() as channel:
        queue = Queue("poll", routing_key="poll")
        consumer = Consumer(channel, [queue], on_message=messages.append)
        consumer.qos(prefetch_count=PREFETCHED)
        with consumer:
            yield messages


def send(broker, number):
    with broker.Producer() as producer:
        for place in range(number):
            producer.publish({"place": place}, routing_key="poll")


def test_queued_messages_are_fetched_in_one_batch(broker, received, client):
    send(broker, 5)
    client.config_resetstat()
    broker.drain_events(timeout=1)

    assert [message.payload["place"] for message in received] == [0, 1, 2, 3, 4]
    commands = client.info("commandstats")
    assert (commands["cmdstat_brpop"]["calls"], commands["cmdstat_rpop"]["calls"]) == (
        1,
        1,
    )


def test_no_more_messages_are_fetched_than_fit_the_window(broker, received, client):
    """The rest is for other workers."""
    send(broker, 30)
    broker.drain_events(timeout=1)

    assert len(received) == PREFETCHED
    assert client.llen("poll") == 20


def test_the_next_batch_is_fetched_when_more_than_half_the_window_is_free(
    broker, received
):
    send(broker, 30)
    broker.drain_events(timeout=1)
    for message in received[:5]:
        message.ack()
    with pytest.raises(TimeoutError):
        broker.drain_events(timeout=0.2)
    assert len(received) == PREFETCHED

    received[5].ack()
    broker.drain_events(timeout=1)
    assert len(received) == PREFETCHED + 6


@pytest.mark.parametrize("prefetched", [1, 2])
def test_a_small_window_is_refilled(broker, prefetched):
    received = []
    with broker.channel() as channel:
        consumer = Consumer(channel, [Queue("poll")], on_message=received.append)
        consumer.qos(prefetch_count=prefetched)
        with consumer:
            send(broker, 4)
            while len(received) < 4:
                broker.drain_events(timeout=1)
                for message in received:
                    if not message.acknowledged:
                        message.ack()

    assert [message.payload["place"] for message in received] == [0, 1, 2, 3]


def test_an_unreadable_message_does_not_affect_the_others_of_its_batch(
    broker, received, client, caplog
):
    send(broker, 2)
    client.lpush("poll", "nonsense", "[]")
    send(broker, 3)
    broker.drain_events(timeout=1)

    assert [message.payload["place"] for message in received] == [0, 1, 0, 1, 2]
    assert len(caplog.messages) == 2
    assert all("message.refused" in line for line in caplog.messages)
