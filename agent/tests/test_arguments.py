"""The arguments of `CeleryJobs` and `RqJobs` are checked alike."""

from __future__ import annotations

import re
from typing import Any, Callable

import pytest
from celery import Celery
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from scalar_agent.arguments import shown
from scalar_agent.celery import CeleryJobs
from scalar_agent.rq import RqJobs

URL = "redis://:hunter2@redis.example:6379/0"
WORKER = {"worker": ["celery"]}
Make = Callable[..., Any]


def make_celery(*arguments: Any, **options: Any) -> CeleryJobs:
    return CeleryJobs(Celery(broker="memory://"), *arguments, **options)


def make_rq(*arguments: Any, **options: Any) -> RqJobs:
    return RqJobs(Redis(), *arguments, **options)


both = pytest.mark.parametrize("make", [make_celery, make_rq])


def refusal(make: Make, *arguments: Any, **options: Any) -> str:
    with pytest.raises((TypeError, ValueError)) as refused:
        make(*arguments, **options)
    return str(refused.value)


@both
@pytest.mark.parametrize(
    ("queues", "words"),
    [
        (["a"], "queues_by_process = ['a'], must map process types to lists"),
        ("a", """queues_by_process = 'a', must map .*{"worker": ["default"]}"""),
        ({}, "queues_by_process = {}, must name at least one process type"),
        ({1: ["a"]}, "queues_by_process has the process type 1, must be a name"),
        ({"worker": "a"}, "queues_by_process['worker'] = 'a', must be a list"),
        ({"worker": None}, "queues_by_process['worker'] = None, must be a list"),
        ({"worker": []}, "queues_by_process['worker'] = [], must name at least one"),
        ({"worker": ()}, "leave out a process type that reads none"),
        ({"worker": [None]}, "= [None], must hold names of queues, not None"),
        ({"worker": ["a", ""]}, "must hold names of queues, not ''"),
    ],
)
def test_wrong_queues_are_refused(make: Make, queues: Any, words: str) -> None:
    """An empty list would count 0 for ever, and remove every dyno."""
    pattern = re.escape(words).replace(re.escape(".*"), ".*")

    assert re.search(pattern, refusal(make, queues))


@both
def test_a_flag_is_true_or_false(make: Make) -> None:
    assert refusal(make, WORKER, busy_dynos="no") == (
        "busy_dynos = 'no', must be True or False"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"inspect_timeout": 0}, "inspect_timeout = 0, must be from 0.05 to 10.0"),
        ({"inspect_timeout": "1"}, "inspect_timeout = '1', must be a number from"),
        ({"most_messages": 0}, "most_messages = 0, must be from 1"),
        ({"time_to_end": -1}, "time_to_end = -1, must be from"),
        ({"time_to_end": True}, "time_to_end = True, must be a number"),
        ({"pool": 1}, "pool = 1, must be a pool's name"),
        ({"pool": {"web": "solo"}}, "names 'web', must be one of worker"),
        ({"pool": {"worker": ""}}, "pool['worker'] = '', must be a pool's name"),
    ],
)
def test_wrong_options_of_celery_are_refused(options: Any, words: str) -> None:
    assert words in refusal(make_celery, WORKER, **options)


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        (URL, "= 'redis://...', must be a Redis client; pass redis.Redis.from_url"),
        (URL.encode(), "= b'redis://...', must be a Redis client"),
        (None, "connection = None (builtins.NoneType), must be a Redis client"),
        (AsyncRedis(), "(redis.asyncio.client.Redis), must be a Redis client"),
    ],
)
def test_what_is_no_client_of_redis_is_refused(connection: Any, words: str) -> None:
    text = refusal(RqJobs, connection, WORKER)

    assert words in text
    assert "hunter2" not in text


@pytest.mark.parametrize("app", [URL, None, "app", Redis()])
def test_what_is_no_celery_app_is_refused(app: Any) -> None:
    text = refusal(CeleryJobs, app, WORKER)

    assert text.startswith("app = ")
    assert "must be a Celery app: the one that sends the jobs" in text
    assert "hunter2" not in text


def test_a_value_is_shown_short_and_without_secrets() -> None:
    assert shown({"worker": URL}) == "{'worker': 'redis://...'}"
    assert len(shown("a" * 1000)) < 100
