"""The Platform API over HTTP: its routes, and answers that follow the schema."""

from __future__ import annotations

import pytest

from local_heroku.tests.schema import valid

pytestmark = pytest.mark.usefixtures("shop")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/apps", "app"),
        ("/users/~/apps", "app"),
        ("/apps/shop", "app"),
        ("/apps/shop/formation", "formation"),
        ("/apps/shop/formation/web", "formation"),
        ("/apps/shop/dynos", "dyno"),
        ("/apps/shop/dynos/web.1", "dyno"),
        ("/account", "person"),
        ("/account/rate-limits", "rate_limit"),
        ("/dyno-sizes", "dyno_size"),
        ("/apps/shop/available-dyno-sizes", "dyno_size"),
    ],
)
def test_a_read_follows_the_schema(api, path, kind):
    answer = api("GET", path)

    assert answer.status_code == 200
    assert valid(answer.json(), kind)


@pytest.mark.parametrize(
    ("method", "path", "resource"),
    [
        ("GET", "/apps/wrong", "app"),
        ("GET", "/apps/wrong/formation", "app"),
        ("GET", "/apps/shop/formation/wroker", "formation"),
        ("GET", "/apps/shop/dynos/web.9", "dyno"),
        ("GET", "/apps/shop/releases/9", "release"),
        ("GET", "/apps/shop/pipeline-couplings", "pipeline-coupling"),
        ("GET", "/nothing/here", None),
        ("PUT", "/apps/shop/formation", None),
    ],
)
def test_what_does_not_exist_is_404(api, method, path, resource):
    answer = api(method, path)
    body = valid(answer.json(), "error")

    assert (answer.status_code, body["id"]) == (404, "not_found")
    assert body.get("resource") == resource


def test_an_app_is_renamed_and_deleted(api):
    """What a formation says of its app changes with it; the id outlives the name."""
    before = api("GET", "/apps/shop").json()
    renamed = api("PATCH", "/apps/shop", json={"name": "store"})
    assert valid(renamed.json(), "app")["id"] == before["id"]
    assert renamed.json()["web_url"] != before["web_url"]
    rows = api("GET", f"/apps/{before['id']}/formation").json()

    assert {row["app"]["name"] for row in rows} == {"store"}
    assert api("GET", "/apps/shop").status_code == 404
    assert api("PATCH", "/apps/store", json={"region": "eu"}).status_code == 422
    assert api("DELETE", "/apps/store").json()["id"] == before["id"]
    assert api("GET", f"/apps/{before['id']}/formation").status_code == 404


def test_a_batch_returns_every_row(api, heroku):
    updates = [{"type": "worker", "quantity": "+3"}]
    answer = api("PATCH", "/apps/shop/formation", json={"updates": updates})
    rows = valid(answer.json(), "formation")

    assert answer.status_code == 200
    assert {row["type"]: row["quantity"] for row in rows} == {"web": 1, "worker": 5}
    assert heroku.formation("shop") == {"web": 1, "worker": 5}


def test_a_single_update_returns_its_row(api, heroku):
    body = {"quantity": 2, "size": "standard-2x"}
    answer = api("PATCH", "/apps/shop/formation/web", json=body)
    row = valid(answer.json(), "formation")

    assert (row["type"], row["quantity"], row["size"]) == ("web", 2, "Standard-2X")
    assert heroku.sizes("shop")["web"] == "Standard-2X"


def test_the_headers_of_a_write(api):
    headers = api(
        "PATCH",
        "/apps/shop/formation",
        json={"updates": []},
        headers={"Request-Id": "mine"},
    ).headers

    assert headers["RateLimit-Remaining"] == "4499"
    assert headers["RateLimit-Multiplier"] == "1"
    assert headers["Oauth-Scope"] == "global"
    assert headers["Oauth-Scope-Accepted"] == "global write write-protected"
    assert headers["Request-Id"].endswith(",mine")
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Content-Type"].startswith("application/json")


def test_an_unchanged_formation_is_304_without_a_body_and_still_costs(api, heroku):
    tag = api("GET", "/apps/shop/formation").headers["ETag"]
    answer = api("GET", "/apps/shop/formation", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == tag
    assert heroku.cost() == 2


@pytest.mark.parametrize(
    ("method", "path", "restarted"),
    [
        ("DELETE", "/dynos", {"web.1", "worker.1", "worker.2"}),
        ("DELETE", "/dynos/worker.2", {"worker.2"}),
        ("POST", "/dynos/worker.2/actions/stop", {"worker.2"}),
        ("DELETE", "/formations/worker", {"worker.1", "worker.2"}),
        ("POST", "/formations/worker/actions/stop", {"worker.1", "worker.2"}),
    ],
)
def test_a_restart_replaces_dynos_under_the_same_names(api, method, path, restarted):
    def ids():
        dynos = api("GET", "/apps/shop/dynos").json()
        return {dyno["name"]: dyno["id"] for dyno in dynos}

    before = ids()
    answer = api(method, "/apps/shop" + path)
    after = ids()

    assert answer.status_code == 202
    assert {name for name in before if after[name] != before[name]} == restarted


def test_the_newest_release_is_a_page_of_one(api, heroku):
    """`heroku ps:wait` asks for it like this."""
    heroku.release("shop")
    newest = {"Range": "version ..; max=1, order=desc"}
    answer = api("GET", "/apps/shop/releases", headers=newest)

    assert answer.status_code == 206
    assert [release["version"] for release in answer.json()] == [2]
    assert answer.headers["Next-Range"] == "version ]2..; order=desc,max=1"


@pytest.mark.parametrize("name", ["addons", "collaborators"])
def test_addons_and_collaborators_are_empty(api, name):
    assert api("GET", f"/apps/shop/{name}").json() == []


def test_the_maintenance_mode_is_turned_on_and_off(api):
    """As `heroku maintenance:on` does."""
    for is_on in (True, False):
        answer = api("PATCH", "/apps/shop", json={"maintenance": is_on})
        assert valid(answer.json(), "app")["maintenance"] is is_on
        assert api("GET", "/apps/shop").json()["maintenance"] is is_on

    assert api("PATCH", "/apps/shop", json={"maintenance": "yes"}).status_code == 422
