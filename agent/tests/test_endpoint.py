"""The answers to requests for the counts."""

from __future__ import annotations

import json
import logging
from typing import Any, Optional

import pytest

from agent.tests.known_jobs import TOKEN, KnownJobs
from scalar_agent.endpoint import Answer, Endpoint, accepts, is_counts_path
from scalar_agent.work import Work

RICH = "application/vnd.scalar+json"


def get(endpoint: Endpoint, accept: Optional[str] = None) -> Answer:
    return endpoint.answer("GET", f"Bearer {TOKEN}", accept)


@pytest.fixture
def jobs() -> KnownJobs:
    return KnownJobs(worker=Work(12), mailer=Work(None, unknown={"count": "why"}))


def test_the_plain_form_is_the_default(jobs: KnownJobs) -> None:
    answer = get(Endpoint(jobs, token=TOKEN), "*/*")

    assert answer.status == 200
    assert answer.body == b'{"worker": 12, "mailer": null}'
    assert dict(answer.headers) == {
        "Content-Type": "application/json",
        "Content-Length": "30",
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }


def test_the_rich_form_is_sent_on_request(jobs: KnownJobs) -> None:
    answer = get(Endpoint(jobs, token=TOKEN), f"{RICH}, application/json;q=0.5")

    assert dict(answer.headers)["Content-Type"] == RICH
    assert dict(answer.headers)["Vary"] == "Accept"
    assert dict(answer.headers)["Cache-Control"] == "no-store"
    assert json.loads(answer.body)["process_types"]["worker"]["count"] == 12


@pytest.mark.parametrize(
    ("accept", "is_rich"),
    [
        (RICH, True),
        ("APPLICATION/VND.Scalar+JSON", True),
        (f"application/json, {RICH}", True),
        (f"{RICH};q=0.1", True),
        (f"{RICH} ; Q=1.0", True),
        (f"{RICH};version=1;q=0.5", True),
        (f"{RICH};q=0", False),
        (f"{RICH}; q=0.000", False),
        (f"{RICH};q=much", False),
        (f"{RICH}x", False),
        ("application/*", False),
        ("*/*", False),
        ("", False),
        (None, False),
    ],
)
def test_the_accept_header(accept: Optional[str], is_rich: bool) -> None:  # noqa: FBT001
    assert accepts(accept, RICH) is is_rich


def test_head_is_get_without_body(jobs: KnownJobs) -> None:
    endpoint = Endpoint(jobs, token=TOKEN)

    answer = endpoint.answer("HEAD", f"Bearer {TOKEN}", None)

    assert answer == Answer(200, get(endpoint).headers, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get", ""])
def test_other_methods_are_refused(jobs: KnownJobs, method: str) -> None:
    answer = Endpoint(jobs, token=TOKEN).answer(method, f"Bearer {TOKEN}", None)

    assert answer.status == 405
    assert dict(answer.headers)["Allow"] == "GET, HEAD"
    assert jobs.measured == 0


def test_a_wrong_token_gets_a_challenge(jobs: KnownJobs) -> None:
    answer = Endpoint(jobs, token=TOKEN).answer("GET", "Bearer other", None)

    assert answer.status == 401
    assert dict(answer.headers)["WWW-Authenticate"].startswith("Basic realm=")
    assert jobs.measured == 0


def test_without_a_token_it_refuses_and_names_the_variable(
    jobs: KnownJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCALAR_AGENT_TOKEN", raising=False)
    for endpoint in (
        Endpoint(jobs),
        Endpoint(jobs, token=""),
        Endpoint(jobs, token=" "),
    ):
        answer = endpoint.answer("GET", None, None)

        assert answer.status == 403
        assert b"SCALAR_AGENT_TOKEN" in answer.body
    assert jobs.measured == 0


def test_open_to_everyone_serves_without_a_token(
    jobs: KnownJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCALAR_AGENT_TOKEN", raising=False)

    assert Endpoint(jobs, open_to_everyone=True).answer("GET", None, None).status == 200


def test_a_token_is_required_even_if_it_is_open_to_everyone(jobs: KnownJobs) -> None:
    endpoint = Endpoint(jobs, token=TOKEN, open_to_everyone=True)

    assert endpoint.answer("GET", None, None).status == 401


def test_the_token_of_the_environment_is_read_at_construction(
    jobs: KnownJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCALAR_AGENT_TOKEN", TOKEN)
    endpoint = Endpoint(jobs)
    monkeypatch.setenv("SCALAR_AGENT_TOKEN", "other")

    assert get(endpoint).status == 200


@pytest.mark.parametrize(
    "broken",
    [
        KnownJobs(error=RuntimeError("redis://:pass@host")),
        KnownJobs(worker=Work(0, latency=float("nan"))),
    ],
)
def test_a_bug_gives_503_and_hides_its_text(
    broken: KnownJobs, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = get(Endpoint(broken, token=TOKEN), RICH)

    assert answer.status == 503
    assert set(json.loads(answer.body)) == {"error"}
    assert len(caplog.records) == 1
    assert "Error" in caplog.text
    assert "pass" not in caplog.text + answer.body.decode()


def test_the_token_is_not_shown(
    jobs: KnownJobs, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = Endpoint(jobs, token=TOKEN)
    answers: list[Any] = [
        get(endpoint),
        endpoint.answer("GET", f"Bearer {TOKEN}x", None),
        endpoint.answer("POST", f"Bearer {TOKEN}", None),
    ]

    assert TOKEN not in f"{endpoint!r} {vars(endpoint)} {answers} {caplog.text}"


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        ("/api/scalar_tasks/", True),
        ("/api/scalar_tasks", True),
        ("/api/scalar_tasks//", False),
        ("/api/scalar_tasks/x", False),
        ("/x/api/scalar_tasks/", False),
        ("/API/scalar_tasks/", False),
        ("", False),
    ],
)
def test_the_path(path: str, is_ours: bool) -> None:  # noqa: FBT001
    assert is_counts_path(path) is is_ours


class RecordingJobs(KnownJobs):
    """Jobs whose workers can be quiesced; remembers what to keep."""

    kept: Any = None

    def measure_before_removal(self, keep: Any) -> Any:
        self.kept = keep
        return self.measure()


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("worker=3", {"worker": 3}),
        ("worker=3, mailer=0", {"worker": 3, "mailer": 0}),
        ("worker=-1, mailer=x, =4, a b=1x", None),
        ("", None),
        (None, None),
    ],
)
def test_the_header_scalar_keep_quiesces_before_measuring(
    keep: Optional[str], expected: Optional[dict[str, int]]
) -> None:
    jobs = RecordingJobs(worker=Work(12))
    answer = Endpoint(jobs, token=TOKEN).answer("GET", f"Bearer {TOKEN}", RICH, keep)

    assert answer.status == 200
    assert jobs.kept == expected


def test_jobs_that_cannot_be_quiesced_are_measured_as_usual(jobs: KnownJobs) -> None:
    endpoint = Endpoint(jobs, token=TOKEN)

    assert endpoint.answer("GET", f"Bearer {TOKEN}", None, "worker=3").status == 200


def test_workers_are_not_quiesced_without_the_token() -> None:
    jobs = RecordingJobs(worker=Work(12))
    Endpoint(jobs, token=TOKEN).answer("GET", "Bearer wrong", RICH, "worker=0")
    opened = Endpoint(jobs, token="", open_to_everyone=True)

    assert opened.answer("GET", None, RICH, "worker=0").status == 200
    assert jobs.kept is None
