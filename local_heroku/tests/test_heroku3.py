"""The local Heroku as the heroku3 library sees it."""

from __future__ import annotations

import heroku3
import pytest
import requests
from heroku3.api import Heroku, RateLimitExceeded, ResponseError


@pytest.fixture
def client(heroku, session):
    session.auth = ("", heroku.token)
    client = Heroku(session=session)
    client._heroku_url = heroku.url
    client._api_key = heroku.token
    return client


@pytest.fixture
def app(client, heroku, shop):
    """The app, with the request that read it off the log."""
    app = client.app("shop")
    heroku.clear_requests()
    return app


def logged(heroku):
    return [(entry.method, entry.path, entry.cost) for entry in heroku.requests()]


def test_a_batch_of_two_process_types_is_one_request(app, heroku):
    app.batch_scale_formation_processes({"web": 3, "worker": 5})

    assert logged(heroku) == [("PATCH", f"/apps/{app.id}/formation", 1)]
    assert heroku.formation("shop") == {"web": 3, "worker": 5}


def test_one_process_type_is_one_request(app, heroku):
    app.scale_formation_process("worker", 4)

    assert logged(heroku) == [("PATCH", f"/apps/{app.id}/formation/worker", 1)]
    assert heroku.formation("shop") == {"web": 1, "worker": 4}


def test_everything_can_be_read(client, app, heroku):
    heroku.release("shop")
    rows = app.process_formation()

    assert {row.type: row.quantity for row in rows} == {"web": 1, "worker": 2}
    assert rows["worker"].size == "Standard-1X"
    assert [found.name for found in client.apps()] == ["shop"]
    assert {dyno.name for dyno in app.dynos()} == {"web.1", "worker.1", "worker.2"}
    assert [release.version for release in app.releases()] == [1, 2]
    assert client.account().email == "default@local-heroku.test"


def test_an_empty_pool_raises_heroku3s_own_error(app, heroku):
    heroku.set_remaining(0)
    with pytest.raises(RateLimitExceeded, match="rate_limit"):
        app.process_formation()


def test_the_probe_of_from_key_is_free(heroku, session, monkeypatch):
    monkeypatch.setattr(heroku3.api, "HEROKU_URL", heroku.url)

    assert heroku3.from_key(heroku.token, session=session).is_authenticated
    assert logged(heroku) == [("GET", "/account/rate-limits", 0)]


def test_a_scaling_limit_raises_an_error_that_has_the_answer(app):
    with pytest.raises(requests.HTTPError) as refused:
        app.scale_formation_process("worker", 101)

    assert refused.value.response.json()["limit"] == 100


def test_a_page_of_html_raises_a_response_error(app, heroku):
    heroku.fail("non_json")
    with pytest.raises(ResponseError):
        app.process_formation()


def test_a_partial_list_is_read_to_its_end(app, heroku, capsys):
    heroku.fail("partial")
    rows = app.process_formation()

    assert {row.type for row in rows} == {"web", "worker"}
    assert "chunked" in capsys.readouterr().out  # heroku3 prints a warning


def test_a_restart_replaces_every_dyno(app, heroku):
    before = {dyno.id for dyno in heroku.dynos("shop")}
    app.restart()
    after = {dyno.id for dyno in heroku.dynos("shop")}

    assert len(after) == 3
    assert before.isdisjoint(after)
