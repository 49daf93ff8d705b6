"""Forged messages at the broker of a real worker do no harm."""

from __future__ import annotations

import base64
import json
import pickle
import uuid
from pathlib import Path

import pytest
from redis import Redis

from devtools.redis_server import redis_server
from scalar.adapters.redis.connection import PREFIX
from tests.acceptance.system import System
from tests.support.counts_app import CountsApp
from tests.support.waiting import wait_until

QUEUE = f"{PREFIX}celery:poll"
TASK = "scalar.poll_and_scale"
PASSWORD = "hunter2-of-the-app"
#: The start of a forged log line.
FORGED = "level=ERROR scale.done app=forged"


class Bomb:
    """An object that touches a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self._path,)


def envelope(content=b"[[], {}, {}]", media_type="application/json", **more):
    """Return a message as Celery stores it in a queue."""
    headers = {"lang": "py", "task": TASK, "id": str(uuid.uuid4()), "root_id": None}
    headers |= {"parent_id": None, "group": None, "argsrepr": "", "kwargsrepr": ""}
    headers |= more.pop("headers", {})
    properties = {
        "correlation_id": headers["id"],
        "reply_to": str(uuid.uuid4()),
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "poll"},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid.uuid4()),
    }
    whole = {
        "body": base64.b64encode(content).decode(),
        "content-encoding": "utf-8",
        "content-type": media_type,
        "headers": headers,
        "properties": properties,
    }
    return json.dumps(whole | more).encode()


def call(*args, **kwargs):
    """Return a message that calls our task with these arguments."""
    return envelope(json.dumps([args, kwargs, {}]).encode())


def pickled(trap, media_type):
    content = pickle.dumps([[Bomb(trap)], {}, {}])
    return envelope(content, media_type, **{"content-encoding": "binary"})


def forged(trap):
    """Return forged messages by kind; code in them would create the file `trap`."""
    callbacks = {"callbacks": [{"task": "x"}], "errbacks": "x", "chain": 5, "chord": 5}
    return {
        "wrong types": call("x", [1], {"a": 2}, None),
        "no number": call("9" * 5_000, "a", 1, "t"),
        "too few": call(1),
        "too many": call(*range(500)),
        "by name": call(app_id=1, evil="x"),
        "an app that is not registered": call(999_999, "nobody", 1, "t"),
        "negative": call(-1, "nobody", -5, "t"),
        "a huge number": call(10**60, "nobody", 10**60, "t"),
        "infinite": envelope(b'[[Infinity, "a", NaN, "t"], {}, {}]'),
        "a name of lines": call(10**40, f"a\n{FORGED}\r\n{FORGED}", 1, "t"),
        "an id of lines": envelope(b"[[1], {}, {}]", headers={"id": f"x\n{FORGED}\n"}),
        "huge": call(999_999, "x" * 2_000_000, 1, "t"),
        "no list": envelope(b"7"),
        "no JSON": envelope(b"{nonsense"),
        "nested": envelope(b"[" * 100_000),
        "another task": envelope(headers={"task": "os.system"}),
        "a task of lines": envelope(headers={"task": f"x\n{FORGED}\n"}),
        "a task of Celery's": envelope(headers={"task": "celery.backend_cleanup"}),
        "no task": envelope(headers={"task": None, "id": None}),
        "pickle": pickled(trap, "application/x-python-serialize"),
        "pickle said to be JSON": pickled(trap, "application/json"),
        "yaml": envelope(
            f"!!python/object/apply:os.mknod [{trap}]".encode(), "application/x-yaml"
        ),
        "a type of lines": envelope(b"x", f"text/x\n{FORGED}"),
        "no time": envelope(headers={"eta": "nonsense", "expires": "nonsense"}),
        "callbacks": envelope(json.dumps([[1], {}, callbacks]).encode()),
        "no base64": envelope(body="*"),
        "compressed": envelope(b"x", headers={"compression": "zlib"}),
        "an envelope of nonsense": b"nonsense",
        "an envelope that is a list": b"[]",
        "an empty envelope": b"{}",
        "half an envelope": b'{"body": "", "headers": {}}',
    }


@pytest.fixture(scope="module")
def name():
    """The name of the app of all these tests."""
    return "shop-of-forgers"


@pytest.fixture(scope="module")
def system(tmp_path_factory, heroku, name):
    """A system at rest; one app with 3 dynos for 25 counts."""
    folder = tmp_path_factory.mktemp("system")
    url = f"sqlite:///{folder}/registry.sqlite3"
    settings = {"COUNT_BOUNDARY": "10", "LOG_LEVEL": "INFO"}
    with (
        redis_server() as redis,
        CountsApp() as counts,
        System(folder, redis, heroku, counts, url, settings) as system,
    ):
        counts.answer({"worker": 25})
        address = counts.url.replace("://", f"://user:{PASSWORD}@")
        system.register(name, {"worker": 3}, address)
        (system.worker,) = system.start("all-in-one")
        system.wait_for_polls(1)
        yield system


def send(system, *messages):
    """Put messages on the queue; return when all of them have been taken."""
    with Redis.from_url(system.redis.url) as client:
        for message in messages:
            client.lpush(QUEUE, message)
        wait_until(
            lambda: client.llen(QUEUE) == 0 or not system.worker.running, timeout=30
        )


def assert_unharmed(system, name):
    """Assert that the worker polls and answers, and changed and leaked nothing."""
    assert system.worker.running, system.logs()[-3000:]
    system.wait_for_polls(2)

    assert "pong" in system.celery("inspect", "ping", "--timeout", "2")
    assert system.patches(name) == []
    assert system.dynos(name) == {"worker": 3}
    log = system.logs()
    assert PASSWORD not in log
    assert system.heroku.token not in log
    assert [line for line in log.splitlines() if line.startswith(FORGED)] == []


def test_a_forged_message_does_no_harm(system, tmp_path, name):
    trap = tmp_path / "trap"
    for kind, message in forged(trap).items():
        send(system, message)
        assert system.worker.running, f"{kind}: {system.logs()[-3000:]}"
    assert_unharmed(system, name)

    assert not trap.exists()


def test_a_flood_of_forged_messages_does_no_harm(system, tmp_path, name):
    """More than fit the prefetch window: none of them keeps its place in it."""
    messages = list(forged(tmp_path / "trap").values())
    small = [message for message in messages if len(message) < 10_000]
    send(system, *small * 3, *[envelope(b"7")] * 200)

    assert_unharmed(system, name)


def test_forged_polls_change_nothing(system, name):
    """Anyone who can write to the broker can trigger a poll, but not forge a count."""
    send(system, *[call(1, "another-name", 1, "t")] * 20)

    assert_unharmed(system, name)
