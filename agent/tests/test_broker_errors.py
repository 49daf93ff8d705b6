"""Why a broker cannot be read: in its own words, once, and without secrets."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from celery import Celery
from redis import Redis
from redis import exceptions as redis_errors

from devtools.ports import free_port
from devtools.redis_server import RedisServer
from scalar_agent.broker_errors import words_for
from scalar_agent.celery import CeleryJobs
from scalar_agent.rq import RqJobs
from scalar_agent.rq_version import unsupported

WORKER = {"worker": ["a"]}
PASSWORD = "hunter2"
Make = Callable[[str], Any]


def celery_jobs(url: str) -> CeleryJobs:
    return CeleryJobs(Celery(broker=url, set_as_current=False), WORKER)


def rq_jobs(url: str) -> RqJobs:
    return RqJobs(Redis.from_url(url), WORKER)


both = pytest.mark.parametrize("make", [celery_jobs, rq_jobs], ids=["celery", "rq"])


def why(jobs: Any) -> str:
    work = jobs.measure()["worker"]
    assert work.count is None
    return str(work.unknown["count"])


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            redis_errors.ConnectionError("max number of clients reached"),
            "no connections left",
        ),
        (redis_errors.MaxConnectionsError(PASSWORD), "no connections left"),
        (
            redis_errors.NoPermissionError(
                "User x has no permissions to run the 'client|list' command"
            ),
            "may not run CLIENT LIST",
        ),
        (
            redis_errors.NoPermissionError(
                "this user has no permissions to run the 'eval' command or more"
            ),
            "may not run EVAL",
        ),
        (
            redis_errors.ResponseError(
                "The user executing the script can't run this command or subcommand"
            ),
            "may not run a command of the script",
        ),
        (
            redis_errors.NoPermissionError("No permissions to access a key"),
            "may not read a key of the app",
        ),
        (
            redis_errors.ResponseError("unknown command 'EVAL', with args"),
            "does not know the command EVAL",
        ),
        (redis_errors.AuthenticationError(PASSWORD), "user or password refused"),
        (redis_errors.OutOfMemoryError(PASSWORD), "out of memory"),
        (redis_errors.BusyLoadingError(PASSWORD), "is loading its data"),
        (redis_errors.TimeoutError(PASSWORD), "no answer in time"),
        (caused(OSError(PASSWORD), ConnectionRefusedError()), "connection refused"),
        (
            caused(OSError(PASSWORD), socket.gaierror(PASSWORD)),
            "the host name cannot be resolved",
        ),
        (RuntimeError(PASSWORD), "RuntimeError"),
    ],
)
def test_an_error_is_told_in_the_brokers_words(error: Exception, words: str) -> None:
    assert words_for(error) == words


def test_errors_that_led_to_each_other_end() -> None:
    first, second = OSError(), OSError()
    first.__cause__, second.__cause__ = second, first

    assert words_for(first) == "OSError"


@both
def test_a_refused_connection_names_host_and_port(make: Make) -> None:
    port = free_port()
    text = why(make(f"redis://:{PASSWORD}@127.0.0.1:{port}/0"))

    assert text.endswith(f" at 127.0.0.1:{port}: connection refused")
    assert PASSWORD not in text


@both
def test_a_redis_without_connections_left_says_so(
    make: Make, own_redis: RedisServer
) -> None:
    with Redis.from_url(own_redis.url) as client:
        client.config_set("maxclients", 1)

        assert why(make(own_redis.url)).endswith(": no connections left")


@pytest.fixture
def limited_url(own_redis: RedisServer) -> Iterator[Callable[..., str]]:
    """Make a user of Redis that may not run some commands; return its URL."""
    with Redis.from_url(own_redis.url) as client:

        def limit(*commands: str) -> str:
            may_not = [f"-{command}" for command in commands]
            client.acl_setuser(
                "app",
                enabled=True,
                passwords=[f"+{PASSWORD}"],
                keys=["*"],
                channels=["*"],
                commands=["+@all", *may_not],
            )
            return own_redis.url.replace("redis://", f"redis://app:{PASSWORD}@")

        yield limit


@pytest.mark.parametrize(
    ("make", "command"), [(celery_jobs, "eval"), (rq_jobs, "smembers")]
)
def test_a_user_that_may_not_run_a_command_is_told_which(
    limited_url: Callable[..., str], make: Make, command: str
) -> None:
    text = why(make(limited_url(command)))

    assert text.endswith(f": may not run {command.upper()}")
    assert PASSWORD not in text


@both
def test_a_wrong_password_is_told(limited_url: Callable[..., str], make: Make) -> None:
    url = limited_url().replace(PASSWORD, "wrong")

    assert why(make(url)).endswith(": user or password refused")


@both
def test_a_warning_is_logged_once_per_change(
    make: Make, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "scalar_agent")
    jobs = make(own_redis.url)
    jobs.measure()
    own_redis.stop()
    for _ in range(2):  # the second one cannot even connect
        jobs.measure()

    assert "cannot measure" in caplog.text

    caplog.clear()
    for _ in range(3):
        jobs.measure()
    own_redis.start()
    for _ in range(2):
        jobs.measure()
    (record,) = caplog.records

    assert record.getMessage().startswith("can measure ")
    assert record.name == "scalar_agent"


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("2.0", ""),
        ("3.0.0", ""),
        ("1.16.2", "RQ 1.16.2 is not supported, only 2.0 to 3.x; upgrade RQ"),
        ("4.0", "RQ 4.0 is not supported, only 2.0 to 3.x; upgrade the agent"),
    ],
)
def test_a_version_of_rq_that_is_not_supported_is_named(
    version: str, words: str
) -> None:
    assert unsupported(version) == words


def test_with_a_newer_rq_all_is_unknown(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scalar_agent.rq_version.UNSUPPORTED", unsupported("4.0"))

    assert why(rq_jobs(redis_url)) == unsupported("4.0")
