"""The control routes and their client."""

from __future__ import annotations

import json

import pytest
import requests

from local_heroku.control import ControlError, LocalHeroku
from local_heroku.process import start
from local_heroku.tests.waiting import wait_until

KEY = "made-up-key"


@pytest.fixture(scope="module")
def server():
    with start(token=KEY, boot_seconds=0.2, stop_seconds=0.2) as heroku:
        yield heroku


@pytest.fixture
def heroku(server):
    server.clear()
    return server


def get(heroku, path, token=KEY, method="GET", **options):
    """Ask the Platform API."""
    headers = {
        "Accept": "application/vnd.heroku+json; version=3",
        "Authorization": f"Bearer {token}",
    }
    return requests.request(
        method, heroku.url + path, headers=headers, timeout=5, **options
    )


def test_an_app_is_made_with_what_was_asked_for(heroku):
    app = heroku.create_app(
        "shop",
        {"web": 1, "worker": 2},
        sizes={"worker": "standard-2x"},
        commands={"worker": "celery worker"},
        web_url="http://127.0.0.1:9/",
    )

    assert (app.name, app.web_url, app.release) == ("shop", "http://127.0.0.1:9/", 1)
    assert heroku.formation("shop") == {"web": 1, "worker": 2}
    assert heroku.sizes("shop") == {"web": "Standard-1X", "worker": "Standard-2X"}
    assert {d.command for d in heroku.dynos("shop")} == {
        "python -m web",
        "celery worker",
    }


def test_an_app_is_listed_until_it_is_deleted(heroku):
    app = heroku.create_app("shop")
    assert heroku.apps() == [app] == [heroku.app("shop")]

    heroku.delete_app("shop")
    assert heroku.apps() == []
    with pytest.raises(ControlError, match="Couldn't find that app"):
        heroku.formation("shop")


def test_a_formation_above_the_limit_is_refused_with_the_reason(heroku):
    with pytest.raises(ControlError, match="more than 1 Eco size dynos"):
        heroku.create_app("shop", {"web": 2}, size="Eco")
    assert heroku.apps() == []


def test_a_person_scales_without_a_cost(heroku):
    heroku.create_app("shop")
    heroku.scale("shop", {"worker": 7})

    assert heroku.formation("shop") == {"web": 1, "worker": 7}
    assert (heroku.cost(), heroku.requests()) == (0, [])


def test_a_stopping_dyno_can_be_followed_to_its_end(heroku):
    heroku.create_app("shop", {"worker": 2})
    ids = {dyno.name: dyno.id for dyno in heroku.dynos("shop")}
    heroku.scale("shop", {"worker": 1})
    states = {dyno.id: dyno.state for dyno in heroku.dynos("shop")}
    assert states == {ids["worker.1"]: "up", ids["worker.2"]: "stopping"}

    wait_until(lambda: [d.id for d in heroku.dynos("shop")] == [ids["worker.1"]])


def test_a_release_restarts_all_and_may_leave_a_release_row(heroku):
    heroku.create_app("shop", {"web": 1})

    assert heroku.release("shop", release_phase=True) == 2
    assert heroku.formation("shop") == {"web": 1, "release": 0}
    assert [(d.release, d.state) for d in heroku.dynos("shop")] == [
        (1, "stopping"),
        (2, "starting"),
    ]


def test_a_dyno_crashes_and_is_cycled(heroku):
    heroku.create_app("shop", {"web": 1})
    heroku.crash_dyno("shop", "web.1")
    assert [dyno.state for dyno in heroku.dynos("shop")] == ["crashed"]

    heroku.cycle_dyno("shop", "web.1")
    wait_until(lambda: [dyno.state for dyno in heroku.dynos("shop")] == ["up"])
    with pytest.raises(ControlError, match="dyno"):
        heroku.crash_dyno("shop", "web.2")


def test_another_account_has_its_own_apps_pool_and_tokens(heroku):
    heroku.create_account("other")
    heroku.create_token("theirs", "their-key", scopes=["write"], account="other")
    heroku.create_app("shop")
    heroku.create_app("their-shop", account="other")
    names = [app["name"] for app in get(heroku, "/apps", "their-key").json()]

    assert names == ["their-shop"]
    assert get(heroku, "/apps/shop", "their-key").status_code == 403
    assert (heroku.remaining("other"), heroku.remaining()) == (4498, 4500)

    heroku.revoke_token("theirs")
    assert get(heroku, "/apps", "their-key").status_code == 401


def test_the_log_tells_who_asked_what_at_which_cost(heroku):
    heroku.create_app("shop")
    body = {"updates": [{"type": "web", "quantity": 3}]}
    get(heroku, "/apps/shop/formation?x=1", method="PATCH", json=body)
    get(heroku, "/account/rate-limits")
    get(heroku, "/apps", token="wrong")
    patch, free, refused = heroku.requests()

    assert (patch.method, patch.path, patch.query) == (
        "PATCH",
        "/apps/shop/formation",
        "x=1",
    )
    assert (patch.app, patch.account, patch.token) == ("shop", "default", "default")
    assert (patch.status, patch.remaining, patch.cost) == (200, 4499, 1)
    assert patch.body == body
    assert (free.status, free.cost) == (200, 0)
    assert (refused.status, refused.cost, refused.token) == (401, 0, None)


def test_the_log_and_the_cost_are_filtered_alike(heroku):
    for name in ("shop", "other"):
        heroku.create_app(name)
        get(heroku, f"/apps/{name}")
        get(heroku, f"/apps/{name}/formation")
    get(heroku, "/apps/shop/dynos", method="DELETE")

    assert heroku.cost() == 5
    assert heroku.cost(app="shop") == 3
    assert heroku.cost(method="DELETE") == 1
    assert heroku.cost(path="/apps/shop/formation") == 1
    assert [r.path for r in heroku.requests(app="other")] == [
        "/apps/other",
        "/apps/other/formation",
    ]

    heroku.clear_requests()
    assert (heroku.cost(), heroku.requests()) == (0, [])


def test_no_secret_is_in_the_state_the_log_or_the_client(heroku):
    heroku.create_app("shop")
    get(heroku, "/apps/shop")
    heroku.fail(503)
    shown = json.dumps(heroku.state()) + repr(heroku.requests()) + repr(heroku)

    assert KEY not in shown


def test_what_remains_is_set_and_read(heroku):
    heroku.set_remaining(7)

    assert heroku.remaining() == 7
    with pytest.raises(ControlError, match="remaining"):
        heroku.set_remaining(-1)


def test_a_misspelt_fault_is_refused(heroku):
    with pytest.raises(ControlError, match="must be one of status, latency"):
        heroku.fail("explode")


def test_a_route_that_is_not_there_is_not_found(heroku):
    answer = requests.get(heroku.url + "/_control/nothing", timeout=5)

    assert (answer.status_code, answer.json()["resource"]) == (404, "route")


def test_the_client_takes_an_address_with_a_slash(heroku):
    heroku.create_app("shop")

    assert LocalHeroku(heroku.url + "/").formation("shop") == {"web": 1, "worker": 1}
