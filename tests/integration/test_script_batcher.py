"""Scripts of many threads in shared round trips, in a real Redis."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from scalar.adapters.redis.connection import connect
from scalar.adapters.redis.script_batcher import ScriptBatcher
from tests.support.waiting import wait_until

ECHO = "return ARGV[1]"
REFUSING = "if ARGV[1] == 'bad' then return redis.error_reply('refused') end return 1"
THREADS = 30


@pytest.fixture
def client(own_redis):
    client = connect(own_redis.url)
    yield client
    client.close()


@pytest.fixture
def other(own_redis):
    """A second client, to inspect and disturb the server."""
    with redis.Redis.from_url(own_redis.url, decode_responses=True) as client:
        yield client


@pytest.fixture
def batcher(client):
    return ScriptBatcher(client.connection_pool)


@pytest.fixture
def echo(client, batcher):
    script = client.register_script(ECHO)
    return lambda text: batcher.run(script, [], [text])


def together(call, texts, other):
    """Call from one thread per text while the server pauses; return the replies."""
    with ThreadPoolExecutor(len(texts)) as pool:
        other.client_pause(500)
        replies = [pool.submit(call, text) for text in texts]
        return [reply.exception() or reply.result() for reply in replies]


def test_each_thread_gets_its_own_reply(echo, other):
    texts = [f"text {number}" for number in range(THREADS)]

    assert together(echo, texts, other) == texts


def test_queued_calls_are_sent_in_one_batch(echo, other):
    """The first call is in flight; the others are sent together after it."""
    echo("load the script")
    before = other.info("stats")["total_reads_processed"]
    together(echo, [str(number) for number in range(THREADS)], other)

    # The limit includes the reads of the pause and of this query.
    assert other.info("stats")["total_reads_processed"] - before <= 2 + 3


def test_all_threads_share_one_connection(echo, other, client):
    together(echo, [str(number) for number in range(THREADS)], other)

    ours = [one for one in other.client_list() if one["name"] == "scalar"]
    assert len(ours) == 1
    assert client.ping()  # the pool still has another one


def test_an_error_reply_is_raised_for_its_caller_only(client, batcher, other):
    script = client.register_script(REFUSING)
    texts = ["good", "bad"] * 10
    replies = together(lambda text: batcher.run(script, [], [text]), texts, other)

    assert replies[::2] == [1] * 10
    assert {str(reply) for reply in replies[1::2]} == {"refused"}
    assert all(isinstance(reply, redis.ResponseError) for reply in replies[1::2])


def test_what_cannot_be_encoded_is_an_error_for_its_caller_only(echo, other):
    """Before it is queued, so that it shares no round trip."""
    texts = ["good", None] * 10
    replies = together(echo, texts, other)

    assert replies[::2] == ["good"] * 10
    assert all(isinstance(reply, redis.DataError) for reply in replies[1::2])


def test_what_cannot_be_decoded_fails_no_call(client, batcher, other):
    """It is no valid JSON, nor a number, so its reader notices."""
    script = client.register_script("return redis.call('GET', KEYS[1])")
    with redis.Redis.from_url(f"redis://127.0.0.1:{port(other)}/0") as raw:
        raw.set("good", '{"v":1}')
        raw.set("bad", b'{"v":"\xff\xb2"}')
    names = ["good", "bad"] * 10
    replies = together(lambda name: batcher.run(script, [name], []), names, other)

    assert set(replies[::2]) == {'{"v":1}'}
    assert set(replies[1::2]) == {r'{"v":"\xff\xb2"}'}


def port(client):
    return client.connection_pool.connection_kwargs["port"]


def test_scripts_missing_on_the_server_are_loaded_again(echo, other):
    echo("first")
    other.script_flush()

    assert together(echo, ["a", "b", "c"], other) == ["a", "b", "c"]


def test_a_broken_connection_is_reopened(echo, other):
    echo("first")
    (ours,) = [one for one in other.client_list() if one["name"] == "scalar"]
    other.client_kill_filter(_id=ours["id"])

    assert echo("second") == "second"


def test_an_unavailable_server_is_an_error_for_all_callers_until_it_returns(
    echo, own_redis
):
    echo("first")
    own_redis.kill()
    with ThreadPoolExecutor(3) as pool:
        failures = [pool.submit(echo, "x").exception() for _ in range(3)]
    assert all(isinstance(failure, redis.ConnectionError) for failure in failures)

    own_redis.start()
    wait_until(lambda: echo("again") == "again")
