"""The Platform API of the local Heroku, over HTTP and against its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import requests

import local_heroku
from local_heroku.process import start
from local_heroku.tests.waiting import wait_until

SCHEMA = json.loads((Path(local_heroku.__file__).parent / "schema.json").read_text())
VERSION_3 = "application/vnd.heroku+json; version=3"


@pytest.fixture(scope="module")
def server():
    with start(boot_seconds=0.2, stop_seconds=0.2) as heroku:
        yield heroku


@pytest.fixture
def heroku(server):
    server.clear()
    server.create_app("shop", {"web": 1, "worker": 2})
    return server


@pytest.fixture
def api(heroku):
    """Make a request: `api("GET", "/apps")`."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Accept"] = VERSION_3
        session.auth = ("", heroku.token)

        def ask(method, path, **options):
            return session.request(method, heroku.url + path, timeout=5, **options)

        yield ask


def valid(answer, name):
    """Return the body, once it is seen to be as the schema says."""
    body = answer.json()
    of_kind = {"$ref": f"#/$defs/{name}"}
    schema = {"type": "array", "items": of_kind} if isinstance(body, list) else of_kind
    jsonschema.validate(body, {**SCHEMA, **schema})
    return body


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


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
def test_what_is_read_is_as_the_schema_says(api, path, kind):
    answer = api("GET", path)

    assert answer.status_code == 200
    assert valid(answer, kind)


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/apps/wrong", "app"),
        ("/apps/wrong/formation", "app"),
        ("/apps/shop/formation/wroker", "formation"),
        ("/apps/shop/dynos/web.9", "dyno"),
        ("/apps/shop/releases/9", "release"),
        ("/apps/shop/pipeline-couplings", "pipeline-coupling"),
        ("/nothing/here", None),
    ],
)
def test_what_is_not_there_is_an_error_as_the_schema_says(api, path, resource):
    answer = api("GET", path)
    body = valid(answer, "error")

    assert (answer.status_code, body["id"]) == (404, "not_found")
    assert body.get("resource") == resource


def test_a_method_that_a_path_does_not_have_is_not_found(api):
    assert api("PUT", "/apps/shop/formation").status_code == 404


def test_app_and_row_go_by_name_or_uuid(api, heroku):
    row = api("GET", "/apps/shop/formation/worker").json()
    same = api("GET", f"/apps/{row['app']['id']}/formation/{row['id']}").json()

    assert same == row


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer local-token", 200),
        ("Basic OmxvY2FsLXRva2Vu", 200),
        ("Bearer wrong", 401),
        (None, 401),
    ],
)
def test_bearer_and_basic_open_the_door(heroku, header, status):
    headers = {"Accept": VERSION_3}
    if header:
        headers["Authorization"] = header
    answer = requests.get(heroku.url + "/apps", headers=headers, timeout=5)

    assert answer.status_code == status
    if status == 401:
        assert valid(answer, "error")["id"] == "unauthorized"


def test_a_batch_answers_every_row(api, heroku):
    updates = [{"type": "worker", "quantity": "+3"}]
    answer = api("PATCH", "/apps/shop/formation", json={"updates": updates})
    rows = valid(answer, "formation")

    assert answer.status_code == 200
    assert {row["type"]: row["quantity"] for row in rows} == {"web": 1, "worker": 5}
    assert heroku.formation("shop") == {"web": 1, "worker": 5}


def test_a_single_update_answers_its_row(api, heroku):
    body = {"quantity": 2, "size": "standard-2x"}
    answer = api("PATCH", "/apps/shop/formation/web", json=body)
    row = valid(answer, "formation")

    assert (row["type"], row["quantity"], row["size"]) == ("web", 2, "Standard-2X")
    assert heroku.sizes("shop")["web"] == "Standard-2X"


def test_more_than_allowed_is_an_error_that_tells_the_limit(api, heroku):
    answer = api("PATCH", "/apps/shop/formation/worker", json={"quantity": 100})
    body = valid(answer, "error")

    assert answer.status_code == 422
    assert (body["id"], body["limit"]) == ("cannot_run_above_limit", 100)
    assert heroku.formation("shop")["worker"] == 2


def test_the_headers_of_a_write_tell_pool_scope_and_request(api):
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


def test_a_known_formation_is_304_without_a_body(api):
    tag = api("GET", "/apps/shop/formation").headers["ETag"]
    answer = api("GET", "/apps/shop/formation", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == tag


def test_an_empty_pool_is_429_for_every_token_of_the_account(api, heroku):
    heroku.create_token("second", "second-token", scopes=["read"])
    heroku.set_remaining(0)
    answers = [
        api("GET", "/apps"),
        api(
            "GET", "/apps", auth=None, headers={"Authorization": "Bearer second-token"}
        ),
    ]
    bodies = [valid(answer, "error") for answer in answers]

    assert [answer.status_code for answer in answers] == [429, 429]
    assert {body["id"] for body in bodies} == {"rate_limit"}
    assert heroku.cost() == 0


def test_a_new_dyno_boots_and_an_old_one_goes(api):
    api("PATCH", "/apps/shop/formation/worker", json={"quantity": 3})

    def listed():
        dynos = valid(api("GET", "/apps/shop/dynos"), "dyno")
        return {dyno["name"]: dyno["state"] for dyno in dynos}

    wait_until(lambda: listed().get("worker.3") == "up")
    api("PATCH", "/apps/shop/formation/worker", json={"quantity": 1})

    assert set(listed()) == {"web.1", "worker.1"}


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
def test_a_restart_makes_other_dynos_of_the_same_name(api, method, path, restarted):
    def ids():
        return {
            dyno["name"]: dyno["id"] for dyno in api("GET", "/apps/shop/dynos").json()
        }

    before = ids()
    answer = api(method, "/apps/shop" + path)
    after = ids()

    assert answer.status_code == 202
    assert {name for name in before if after[name] != before[name]} == restarted


def test_the_newest_release_is_a_page_of_one_as_ps_wait_asks(api, heroku):
    heroku.release("shop")
    newest = {"Range": "version ..; max=1, order=desc"}
    answer = api("GET", "/apps/shop/releases", headers=newest)

    assert answer.status_code == 206
    assert [release["version"] for release in answer.json()] == [2]
    assert answer.headers["Next-Range"] == "version ]2..; order=desc,max=1"


def test_what_apps_info_asks_besides_is_empty(api):
    lists = [api("GET", f"/apps/shop/{name}") for name in ("addons", "collaborators")]

    assert [answer.json() for answer in lists] == [[], []]
