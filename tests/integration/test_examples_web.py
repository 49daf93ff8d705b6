"""The web examples, run as they would be and asked over HTTP."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import requests
from celery import Celery

from devtools.certificates import make_certificate
from devtools.redis_server import free_port
from tests.integration.examples_support import behind_tls, running
from tests.support.waiting import wait_until

pytestmark = pytest.mark.deep

TOKEN = "pässword"
#: For basic authentication; the agent takes any user.
PAIR = (b"scalar", TOKEN.encode())


@contextmanager
def serving(name, tmp_path, token=TOKEN, **env):
    port = free_port()
    url = f"http://127.0.0.1:{port}/api/scalar_tasks/"
    env |= {"PORT": str(port), "SCALAR_AGENT_TOKEN": token}
    with running([f"{name}_app.py"], tmp_path / "web.log", env) as process:

        def answers():
            assert process.alive, process.output
            try:
                return requests.head(url, timeout=5)
            except requests.ConnectionError:
                return None

        # A Response of 401 or 403 is false, and an answer all the same.
        wait_until(lambda: answers() is not None, 20, name)
        yield url


def get_counts(url):
    return requests.get(url, auth=PAIR, timeout=20).json()


@pytest.mark.parametrize("name", ["flask", "django", "fastapi"])
def test_the_counts_are_served_to_those_who_know_the_token(name, tmp_path, redis_url):
    with Celery(broker=redis_url) as producer:
        for queue in ("default", "default", "mail"):
            producer.send_task("jobs.work", queue=queue)

    rich_form = {"Accept": "application/vnd.scalar+json"}
    with serving(name, tmp_path, REDIS_URL=redis_url) as url:
        wait_until(lambda: get_counts(url)["worker"] is not None)  # Redis is not new
        known = requests.get(url, auth=PAIR, timeout=5)
        rich = requests.get(url, auth=PAIR, headers=rich_form, timeout=5)
        wrong = requests.get(url, auth=(PAIR[0], b"guess"), timeout=5)
        missing = requests.get(url, timeout=5)

    assert known.status_code == 200
    assert known.headers["Content-Type"].startswith("application/json")
    assert known.json() == {"worker": 2, "mailer": 1}
    process_types = rich.json()["process_types"]
    assert {name: said["count"] for name, said in process_types.items()} == known.json()
    assert process_types["worker"]["busy_dynos"] == []
    for refused in (wrong, missing):
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Basic")
        assert "worker" not in refused.text


@pytest.mark.parametrize("name", ["flask", "django", "fastapi"])
def test_an_app_without_a_token_starts_and_serves_nobody(name, tmp_path, redis_url):
    with serving(name, tmp_path, token="", REDIS_URL=redis_url) as url:
        answer = requests.get(url, timeout=5)

    assert answer.status_code == 403
    assert "SCALAR_AGENT_TOKEN" in answer.text


@pytest.mark.parametrize("name", ["flask", "django", "fastapi"])
def test_an_app_without_its_redis_still_answers_with_nulls(name, tmp_path):
    nowhere = f"redis://127.0.0.1:{free_port()}/0"

    with serving(name, tmp_path, REDIS_URL=nowhere) as url:
        answer = requests.get(url, auth=PAIR, timeout=20)

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
            wait_until(lambda: get_counts(url)["worker"] is not None)
            answer = requests.get(url, auth=PAIR, timeout=20)

    assert answer.json() == {"worker": 1, "mailer": 0}
