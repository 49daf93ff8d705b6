"""LocalHeroku, and the control routes that it calls."""

from __future__ import annotations

import json

import pytest

from local_heroku.control import ControlError, LocalHeroku


def test_an_app_is_created_as_described(heroku):
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
    assert {dyno.command for dyno in heroku.dynos("shop")} == {
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


def test_a_renamed_app_keeps_its_id_and_gets_another_address(heroku):
    before = heroku.create_app("shop", {"worker": 2})
    after = heroku.rename_app("shop", "store")

    assert (after.id, after.name) == (before.id, "store")
    assert after.web_url.startswith("https://store-")
    assert heroku.apps() == [after]
    assert heroku.formation("store") == {"worker": 2}
    with pytest.raises(ControlError, match="Couldn't find that app"):
        heroku.app("shop")
    heroku.create_app("blog")
    with pytest.raises(ControlError, match="already taken"):
        heroku.rename_app("store", "blog")
    again = heroku.create_app("shop")
    assert again.id != before.id


def test_manual_scaling_is_free_and_not_logged(heroku, shop):
    heroku.scale("shop", {"worker": 7})

    assert heroku.formation("shop") == {"web": 1, "worker": 7}
    assert (heroku.cost(), heroku.requests()) == (0, [])


def test_a_release_restarts_all_dynos_and_may_add_a_release_row(heroku, shop):
    before = {dyno.id for dyno in heroku.dynos("shop")}

    assert heroku.release("shop", release_phase=True) == 2
    assert heroku.formation("shop") == {"web": 1, "worker": 2, "release": 0}
    dynos = heroku.dynos("shop")
    assert [(dyno.release, dyno.state) for dyno in dynos] == [(2, "up")] * 3
    assert before.isdisjoint(dyno.id for dyno in dynos)


def test_a_dyno_can_be_crashed_and_cycled(heroku):
    heroku.create_app("shop", {"web": 1})
    heroku.crash_dyno("shop", "web.1")
    assert [dyno.state for dyno in heroku.dynos("shop")] == ["crashed"]

    heroku.cycle_dyno("shop", "web.1")
    assert [dyno.state for dyno in heroku.dynos("shop")] == ["up"]
    with pytest.raises(ControlError, match="dyno"):
        heroku.crash_dyno("shop", "web.2")


def test_an_account_has_its_own_apps_pool_and_tokens(heroku, api):
    heroku.create_account("other")
    heroku.create_token("theirs", "their-key", scopes=["write"], account="other")
    heroku.create_app("shop")
    heroku.create_app("their-shop", account="other")
    apps = api("GET", "/apps", token="their-key").json()

    assert [app["name"] for app in apps] == ["their-shop"]
    assert api("GET", "/apps/shop", token="their-key").status_code == 403
    assert (heroku.remaining("other"), heroku.remaining()) == (4498, 4500)

    heroku.revoke_token("theirs")
    assert api("GET", "/apps", token="their-key").status_code == 401


def test_the_log_has_each_request_with_its_token_and_cost(heroku, shop, api):
    body = {"updates": [{"type": "web", "quantity": 3}]}
    api("PATCH", "/apps/shop/formation?x=1", json=body)
    api("GET", "/account/rate-limits")
    api("GET", "/apps", token="wrong")
    patch, free, refused = heroku.requests()

    assert (patch.method, patch.path) == ("PATCH", "/apps/shop/formation")
    assert (patch.query, patch.body) == ("x=1", body)
    assert (patch.app, patch.account, patch.token) == ("shop", "default", "default")
    assert (patch.status, patch.remaining, patch.cost) == (200, 4499, 1)
    assert (free.status, free.cost) == (200, 0)
    assert (refused.status, refused.cost, refused.token) == (401, 0, None)


def test_the_log_and_the_cost_take_the_same_filters(heroku, api):
    for name in ("shop", "other"):
        heroku.create_app(name)
        api("GET", f"/apps/{name}")
        api("GET", f"/apps/{name}/formation")
    api("DELETE", "/apps/shop/dynos")

    assert heroku.cost() == 5
    assert heroku.cost(app="shop") == 3
    assert heroku.cost(method="DELETE") == 1
    assert heroku.cost(path="/apps/shop/formation") == 1
    assert [entry.path for entry in heroku.requests(app="other")] == [
        "/apps/other",
        "/apps/other/formation",
    ]

    heroku.clear_requests()
    assert (heroku.cost(), heroku.requests()) == (0, [])


def test_no_secret_shows_in_the_state_the_log_or_the_client(heroku, shop, api):
    api("GET", "/apps/shop")
    heroku.fail(503)
    shown = json.dumps(heroku.state()) + repr(heroku.requests()) + repr(heroku)

    assert heroku.token not in shown


def test_the_remaining_requests_can_be_set(heroku):
    heroku.set_remaining(7)

    assert heroku.remaining() == 7
    with pytest.raises(ControlError, match="remaining"):
        heroku.set_remaining(-1)


def test_an_unknown_control_route_is_404(heroku, api):
    answer = api("GET", "/_control/nothing")

    assert (answer.status_code, answer.json()["resource"]) == (404, "route")


def test_the_url_may_end_in_a_slash(heroku, shop):
    assert LocalHeroku(heroku.url + "/").apps() == [shop]
