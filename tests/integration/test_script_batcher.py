"""Scripts of many threads over one connection, in a real Redis."""

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
    """Another client, to look at the server and to disturb it."""
    with redis.Redis.from_url(own_redis.url, decode_responses=True) as client:
        yield client


@pytest.fixture
def trips(client):
    return ScriptBatcher(client.connection_pool)


@pytest.fixture
def echo(client, trips):
    script = client.register_script(ECHO)
    return lambda text: trips.run(script, [], [text])


def together(call, texts, other):
    """Call from as many threads while the server pauses; return the answers."""
    with ThreadPoolExecutor(len(texts)) as pool:
        other.client_pause(500)
        answers = [pool.submit(call, text) for text in texts]
        return [answer.exception() or answer.result() for answer in answers]


def test_each_thread_gets_its_own_answer(echo, other):
    texts = [f"text {number}" for number in range(THREADS)]

    assert together(echo, texts, other) == texts


def test_what_waits_goes_in_one_trip(echo, other):
    """The first call is on its way; the others go together when it is back."""
    echo("load the script")
    before = other.info("stats")["total_reads_processed"]
    together(echo, [str(number) for number in range(THREADS)], other)

    # One read more is that of the pause, one that of this question.
    assert other.info("stats")["total_reads_processed"] - before <= 2 + 3


def test_all_threads_share_one_connection(echo, other, client):
    together(echo, [str(number) for number in range(THREADS)], other)

    ours = [one for one in other.client_list() if one["name"] == "scalar"]
    assert len(ours) == 1
    assert client.ping()  # there is one more for whoever needs it


def test_a_refusal_is_for_its_caller_alone(client, trips, other):
    script = client.register_script(REFUSING)
    texts = ["good", "bad"] * 10
    answers = together(lambda text: trips.run(script, [], [text]), texts, other)

    assert answers[::2] == [1] * 10
    assert {str(answer) for answer in answers[1::2]} == {"refused"}
    assert all(isinstance(answer, redis.ResponseError) for answer in answers[1::2])


def test_scripts_that_the_server_has_forgotten_are_loaded_again(echo, other):
    echo("first")
    other.script_flush()

    assert together(echo, ["a", "b", "c"], other) == ["a", "b", "c"]


def test_a_connection_that_broke_is_made_anew(echo, other):
    echo("first")
    (ours,) = [one for one in other.client_list() if one["name"] == "scalar"]
    other.client_kill_filter(_id=ours["id"])

    assert echo("second") == "second"


def test_a_server_that_is_away_is_an_error_for_all_until_it_is_back(echo, own_redis):
    echo("first")
    own_redis.kill()
    with ThreadPoolExecutor(3) as pool:
        failures = [pool.submit(echo, "x").exception() for _ in range(3)]
    assert all(isinstance(failure, redis.ConnectionError) for failure in failures)

    own_redis.start()
    wait_until(lambda: echo("again") == "again")
