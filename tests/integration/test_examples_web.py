"""The web examples, run as they would be and asked over HTTP."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import requests
from celery import Celery

from devtools.redis_server import free_port
from tests.integration.examples_support import behind_tls, running
from tests.support.certificates import make_certificate
from tests.support.waiting import wait_until

AUTH = "scalar:pässword"
PAIR = tuple(part.encode() for part in AUTH.split(":"))


@contextmanager
def serving(name, tmp_path, **env):
    port = free_port()
    url = f"http://127.0.0.1:{port}/api/scalar_tasks/"
    with running(
        [f"{name}_app.py"], tmp_path / "web.log", {"PORT": str(port), **env}
    ) as process:

        def answers():
            assert process.alive, process.output
            try:
                return requests.head(url, timeout=5)
            except requests.ConnectionError:
                return None

        # A Response of 401 or 405 is false, and an answer all the same.
        wait_until(lambda: answers() is not None, 20, name)
        yield url


@pytest.mark.parametrize("name", ["flask", "django", "fastapi"])
def test_the_counts_are_served_to_those_who_know_the_password(
    name, tmp_path, redis_url
):
    with Celery(broker=redis_url) as producer:
        for queue in ("default", "default", "mail"):
            producer.send_task("jobs.work", queue=queue)

    with serving(name, tmp_path, REDIS_URL=redis_url, SCALAR_TASKS_AUTH=AUTH) as url:
        known = requests.get(url, auth=PAIR, timeout=5)
        wrong = requests.get(url, auth=(PAIR[0], b"guess"), timeout=5)
        missing = requests.get(url, timeout=5)

    assert known.status_code == 200
    assert known.headers["Content-Type"].startswith("application/json")
    assert known.json() == {"worker": 2, "mailer": 1}
    for refused in (wrong, missing):
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Basic")
        assert "worker" not in refused.text


@pytest.mark.parametrize("name", ["flask", "django", "fastapi"])
def test_an_app_without_its_redis_still_answers_with_nulls(name, tmp_path):
    nowhere = f"redis://127.0.0.1:{free_port()}/0"

    with serving(name, tmp_path, REDIS_URL=nowhere) as url:
        answer = requests.get(url, timeout=20)

    assert answer.status_code == 200
    assert answer.json() == {"worker": None, "mailer": None}


def test_a_redis_with_a_self_signed_certificate_and_a_prefix_serves(
    tmp_path, shared_redis, redis_url
):
    with Celery(broker=redis_url) as producer:
        options = {"global_keyprefix": "example:"}
        producer.conf.broker_transport_options = options
        producer.send_task("jobs.work", queue="default")

    with behind_tls(shared_redis.port, make_certificate(tmp_path)) as port:
        env = {
            "REDIS_URL": f"rediss://127.0.0.1:{port}/0",
            "EXAMPLE_KEY_PREFIX": "example:",
        }
        with serving("flask", tmp_path, **env) as url:
            answer = requests.get(url, timeout=20)

    assert answer.json() == {"worker": 1, "mailer": 0}
