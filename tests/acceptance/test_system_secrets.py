"""Secrets do not show up anywhere."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager

from cryptography.fernet import Fernet
from redis import Redis
from redis.exceptions import RedisError

from tests.support.waiting import wait_until

PASSWORD = "hunter2-and-more"
OWN_KEY, WRONG_KEY = "HRKU-of-another-account", "HRKU-that-is-revoked"


@contextmanager
def commands_to_redis(url):
    """Collect each command that Redis receives, as text."""
    commands: list[str] = []
    client = Redis.from_url(url, socket_timeout=None)  # it may be idle for long

    def listen():
        try:
            with client.monitor() as monitor:
                commands.extend(map(str, monitor.listen()))
        except (RedisError, OSError, ValueError):
            return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    with Redis.from_url(url) as other:
        wait_until(lambda: other.set("listening", "1") and commands)
    yield commands
    with Redis.from_url(url) as other:
        other.client_kill_filter(_type="normal", skipme=True)
    thread.join(5)


def test_a_password_in_a_url_does_not_leak(make_system, counts_app, name, tmp_path):
    key = Fernet.generate_key().decode()
    system = make_system(SCALAR_SECRET_KEY=key)
    counts_app.require_auth("user", PASSWORD)
    counts_app.answer({"worker": 1})
    url = counts_app.url.replace("://", f"://user:{PASSWORD}@")
    printed = []
    with commands_to_redis(system.redis.url) as commands:
        system.heroku.create_app(name, {"worker": 0})
        printed.append(system.cli("add-app", name, url))
        system.start("beat", "worker")
        system.wait_for_dynos(name, {"worker": 1})
        counts_app.answer({"worker": 0}, status=500)
        wait_until(lambda: "held" in [e["kind"] for e in system.events(name)])
        counts_app.behave("reset")
        system.wait_for_polls(2)
        for form in ((), ("--json",)):
            printed += [system.cli(word, *form) for word in ("list-apps", "events")]
            printed.append(system.cli_process("doctor", *form))
        printed.append(system.cli("show-app", name))
        printed.append(system.cli("check-app", name, status=1))
        printed.append(system.celery("inspect", "active"))
    files = tmp_path.glob("registry.sqlite3*")
    everywhere = {
        "the command line": "".join(printed),
        "the logs": system.logs(),
        "Redis": system.all_of_redis(),
        "the commands to Redis": "".join(commands),
        "Heroku's log": repr(system.heroku.requests()),
        "the database": repr([file.read_bytes() for file in files]),
    }

    assert "user:***@" in everywhere["the command line"]
    assert "scalar.poll_and_scale" in everywhere["the commands to Redis"]
    found = [
        (place, secret)
        for place, text in everywhere.items()
        for secret in (PASSWORD, system.heroku.token, key)
        if secret in text
    ]
    assert found == []


def test_an_apps_heroku_key_does_not_leak(make_system, counts_app, name, tmp_path):
    """Neither while it is valid, nor after Heroku refuses it."""
    secret_key = Fernet.generate_key().decode()
    system = make_system(SCALAR_SECRET_KEY=secret_key, COUNT_BOUNDARY="1")
    system.heroku.create_account("other")
    system.heroku.create_token("own", OWN_KEY, account="other")
    system.heroku.create_app(name, {"worker": 0}, account="other")
    counts_app.answer({"worker": 1})
    add = ("add-app", name, counts_app.url)
    printed = []
    with commands_to_redis(system.redis.url) as commands:
        for key, status in ((WRONG_KEY, 1), (OWN_KEY, 0)):
            printed.append(
                system.cli(*add, "--heroku-key", "-", typed=f"{key}\n", status=status)
            )
        system.start("beat", "worker")
        system.wait_for_dynos(name, {"worker": 1})
        system.cli("set-heroku-key", name, "-", "--no-check", typed=f"{WRONG_KEY}\n")
        counts_app.answer({"worker": 3})
        wait_until(lambda: "held" in [e["kind"] for e in system.events(name)])
        printed += [system.cli(word) for word in ("list-apps", "events", "export")]
        for command in ("show-app", "check-app"):
            status = int(command == "check-app")
            printed.append(system.cli(command, name, status=status))
            printed.append(system.cli(command, name, "--json", status=status))
        printed.append(system.cli_process("doctor", status=1))
        printed.append(system.celery("inspect", "active"))
    files = tmp_path.glob("registry.sqlite3*")
    everywhere = {
        "the command line": "".join(printed),
        "the logs": system.logs(),
        "Redis": system.all_of_redis(),
        "the commands to Redis": "".join(commands),
        "the database": repr([file.read_bytes() for file in files]),
    }

    assert "own key" in everywhere["the command line"]
    assert "heroku_key: '***'" in everywhere["the command line"]
    assert "not_authorized" in everywhere["the logs"]
    assert "scalar:account:" in everywhere["Redis"]
    hashes = [
        hashlib.new(kind, key.encode()).hexdigest()[:16]
        for kind in ("md5", "sha1", "sha256")
        for key in (OWN_KEY, WRONG_KEY)
    ]
    found = [
        (place, secret)
        for place, text in everywhere.items()
        for secret in (OWN_KEY, WRONG_KEY, *hashes)
        if secret in text
    ]
    assert found == []
