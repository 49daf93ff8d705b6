"""The counts in real apps behind real servers, read over HTTP."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Callable

import django
import flask
import pytest
import requests
from django.conf import settings as django_settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path, set_urlconf
from fastapi import FastAPI
from redis import Redis
from rq import Queue

import scalar_agent.asgi
import scalar_agent.wsgi
from agent.tests.known_jobs import TOKEN, KnownJobs
from agent.tests.serving import asgi_server, wsgi_server
from scalar_agent.django import counts_path
from scalar_agent.fastapi import counts_router
from scalar_agent.flask import counts_blueprint
from scalar_agent.rq import RqJobs
from scalar_agent.work import Jobs, Work

RICH = "application/vnd.scalar+json"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
URLS = "agent_tests_urls"


@contextmanager
def in_wsgi(jobs: Jobs, **options: Any) -> Iterator[str]:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"the app's own"]

    middleware = scalar_agent.wsgi.CountsMiddleware
    with wsgi_server(middleware(app, jobs, **options)) as url:
        yield url


@contextmanager
def in_asgi(jobs: Jobs, **options: Any) -> Iterator[str]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"the app's own"})

    middleware = scalar_agent.asgi.CountsMiddleware
    with asgi_server(middleware(app, jobs, **options)) as url:
        yield url


@contextmanager
def in_flask(jobs: Jobs, **options: Any) -> Iterator[str]:
    app = flask.Flask(__name__)
    app.register_blueprint(counts_blueprint(jobs, **options))
    app.get("/")(lambda: "the app's own")
    with wsgi_server(app) as url:
        yield url


@contextmanager
def in_fastapi(jobs: Jobs, **options: Any) -> Iterator[str]:
    app = FastAPI()
    app.include_router(counts_router(jobs, **options))
    app.get("/")(lambda: "the app's own")
    with asgi_server(app) as url:
        yield url


@contextmanager
def in_django(jobs: Jobs, **options: Any) -> Iterator[str]:
    if not django_settings.configured:
        django_settings.configure(
            ALLOWED_HOSTS=["*"],
            ROOT_URLCONF=URLS,
            SECRET_KEY="made up",
            MIDDLEWARE=[
                "django.middleware.common.CommonMiddleware",
                "django.middleware.csrf.CsrfViewMiddleware",
            ],
        )
        django.setup()
    urls = ModuleType(URLS)
    urls.urlpatterns = [  # type: ignore[attr-defined]
        counts_path(jobs, **options),
        path("", lambda _: HttpResponse("the app's own")),
    ]
    sys.modules[URLS] = urls
    django.urls.clear_url_caches()
    set_urlconf(None)
    with wsgi_server(get_wsgi_application()) as url:
        yield url


Mount = Callable[..., Any]
MOUNTS = [in_wsgi, in_asgi, in_flask, in_fastapi, in_django]


@pytest.fixture(params=MOUNTS, ids=lambda mount: mount.__name__)
def mount(request: pytest.FixtureRequest) -> Mount:
    chosen: Mount = request.param
    return chosen


@pytest.fixture
def jobs() -> KnownJobs:
    return KnownJobs(worker=Work(12, latency=3.2), mailer=Work(None))


def test_both_forms_at_both_spellings_of_the_path(
    mount: Mount, jobs: KnownJobs
) -> None:
    with mount(jobs, token=TOKEN) as url:
        for spelling in ("/api/scalar_tasks/", "/api/scalar_tasks"):
            options: Any = {"allow_redirects": False, "timeout": 10}
            plain = requests.get(url + spelling, headers=BEARER, **options)
            headers = {**BEARER, "Accept": RICH}
            rich = requests.get(url + spelling, headers=headers, **options)

            assert (plain.status_code, rich.status_code) == (200, 200)
            assert plain.headers["Content-Type"] == "application/json"
            assert plain.json() == {"worker": 12, "mailer": None}
            assert rich.headers["Content-Type"] == RICH
            assert rich.headers["Cache-Control"] == "no-store"
            assert "Accept" in rich.headers["Vary"]
            assert rich.json()["process_types"]["worker"]["latency"] == 3.2


def test_only_the_token_may_read(mount: Mount, jobs: KnownJobs) -> None:
    with mount(jobs, token="t\u00fc:") as url:
        path = f"{url}/api/scalar_tasks/"
        for given in ("any", ""):
            right = requests.get(path, auth=(given, "t\u00fc:".encode()), timeout=10)
            assert right.status_code == 200
        bearer = {"Authorization": "Bearer t\u00fc:".encode()}
        assert requests.get(path, headers=bearer, timeout=10).status_code == 200
        wrong = requests.get(path, auth=("any", "t"), timeout=10)
        missing = requests.get(path, timeout=10)

    assert (wrong.status_code, missing.status_code) == (401, 401)
    assert missing.headers["WWW-Authenticate"].startswith("Basic")


def test_without_token_the_app_starts_and_refuses(
    mount: Mount, jobs: KnownJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCALAR_AGENT_TOKEN", raising=False)
    with mount(jobs) as url:
        refused = requests.get(f"{url}/api/scalar_tasks/", timeout=10)
    with mount(jobs, open_to_everyone=True) as url:
        served = requests.get(f"{url}/api/scalar_tasks/", timeout=10)

    assert refused.status_code == 403
    assert "SCALAR_AGENT_TOKEN" in refused.text
    assert served.status_code == 200


def test_head_and_post(mount: Mount, jobs: KnownJobs) -> None:
    with mount(jobs, token=TOKEN) as url, requests.Session() as session:
        session.headers.update(BEARER)
        path = f"{url}/api/scalar_tasks/"
        full = session.get(path, timeout=10)
        head = session.head(path, timeout=10)
        # On the same connection: HEAD left no body that could be read as an answer.
        again = session.get(path, timeout=10)
        post = session.post(path, data={"a": 1}, timeout=10)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == full.headers["Content-Length"]
    assert again.json() == full.json()
    assert post.status_code == 405


def test_other_paths_reach_the_app(mount: Mount, jobs: KnownJobs) -> None:
    with mount(jobs, token=TOKEN) as url:
        assert "the app's own" in requests.get(f"{url}/", timeout=10).text

    assert jobs.measured == 0


def test_a_bug_gives_503(mount: Mount) -> None:
    with mount(KnownJobs(error=RuntimeError("hidden")), token=TOKEN) as url:
        answer = requests.get(f"{url}/api/scalar_tasks/", headers=BEARER, timeout=10)

    assert answer.status_code == 503
    assert "hidden" not in answer.text


def test_real_jobs(mount: Mount, redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        Queue("default", connection=redis).enqueue("jobs.any")
        jobs = RqJobs(redis, {"worker": ["default"]})
        with mount(jobs, token=TOKEN) as url:
            path = f"{url}/api/scalar_tasks/"
            answer = requests.get(path, headers=BEARER, timeout=10)

    assert answer.json() == {"worker": 1}


@pytest.mark.parametrize("mount", [in_asgi, in_fastapi])
def test_the_event_loop_runs_on_while_it_measures(mount: Mount) -> None:
    class Waits(KnownJobs):
        """Measures until the app has answered another request."""

        begun, other_was_answered = threading.Event(), threading.Event()

        def measure(self) -> Any:
            self.begun.set()
            assert self.other_was_answered.wait(10)
            return super().measure()

    jobs = Waits(worker=Work(1))
    answers: list[requests.Response] = []
    with mount(jobs, token=TOKEN) as url:

        def ask() -> None:
            path = f"{url}/api/scalar_tasks/"
            answers.append(requests.get(path, headers=BEARER, timeout=20))

        asking = threading.Thread(target=ask)
        asking.start()
        assert jobs.begun.wait(10)
        assert requests.get(f"{url}/", timeout=5).status_code == 200
        jobs.other_was_answered.set()
        asking.join(20)

    assert answers[0].json() == {"worker": 1}


def test_websockets_and_lifespan_reach_the_app() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    middleware: Any = scalar_agent.asgi.CountsMiddleware(app, KnownJobs(), token=TOKEN)
    for scope in (
        {"type": "lifespan"},
        {"type": "websocket", "path": "/api/scalar_tasks/", "headers": []},
    ):
        asyncio.run(middleware(scope, None, None))

    assert seen == ["lifespan", "websocket"]


def test_an_asgi_app_below_a_root_path() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    middleware: Any = scalar_agent.asgi.CountsMiddleware(
        None, KnownJobs(worker=Work(1)), token=TOKEN
    )
    scope = {
        "type": "http",
        "method": "GET",
        "root_path": "/shop",
        "path": "/shop/api/scalar_tasks/",
        "headers": [(b"authorization", f"Bearer {TOKEN}".encode())],
    }
    asyncio.run(middleware(scope, None, send))

    assert sent[0]["status"] == 200
