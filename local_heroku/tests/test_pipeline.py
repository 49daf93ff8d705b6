"""The life of one request: what is checked first, what it costs."""

from __future__ import annotations

import json

import pytest

from local_heroku.fault_spec import read_fault
from local_heroku.server import account_api, apps_api, formation_api
from local_heroku.server.calls import ApiRequest
from local_heroku.server.pipeline import serve
from local_heroku.tests.world import NOON, SECRET, at, make_app, make_heroku

ROUTES = {
    (route.method, route.path): route
    for route in (*account_api.ROUTES, *apps_api.ROUTES, *formation_api.ROUTES)
}
FORMATION = "/apps/{app}/formation"
RATE_LIMITS = "/account/rate-limits"
HEADERS = {
    "authorization": f"Bearer {SECRET}",
    "accept": "application/vnd.heroku+json; version=3",
}


@pytest.fixture
def heroku():
    heroku = make_heroku()
    make_app(heroku, {"web": 1})
    return heroku


def ask(
    heroku, method="GET", path=FORMATION, *, body=None, now=NOON, app="shop", **extra
):
    """Serve one request; a header is left out if it is given as None."""
    given = {name.replace("_", "-"): value for name, value in extra.items()}
    headers = {name: v for name, v in {**HEADERS, **given}.items() if v is not None}
    request = ApiRequest(
        method,
        path.replace("{app}", app),
        headers=headers,
        content=b"" if body is None else json.dumps(body).encode(),
    )
    params = {"app": app} if "{app}" in path else {}
    return serve(heroku, now, ROUTES[method, path], params, request)


def add_fault(heroku, **described):
    heroku.faults.all.append(read_fault("0", described))


def error_of(outcome):
    return outcome.status, json.loads(outcome.content)["id"]


def test_credentials_come_before_everything_else(heroku):
    heroku.accounts["default"].pool.set_remaining(0, NOON)
    add_fault(heroku, kind="status", status=500)
    outcome = ask(heroku, authorization="Bearer wrong", accept="text/html")

    assert error_of(outcome) == (401, "unauthorized")
    assert "RateLimit-Remaining" not in outcome.headers
    assert heroku.faults.all[0].happened == 0


def test_an_empty_pool_comes_before_the_version(heroku):
    heroku.accounts["default"].pool.set_remaining(0, NOON)
    outcome = ask(heroku, accept="text/html")

    assert error_of(outcome) == (429, "rate_limit")
    assert outcome.headers["RateLimit-Remaining"] == "0"
    assert outcome.entry.cost == 0


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/vnd.heroku+json; version=3", 200),
        ("application/vnd.heroku+json; version=3.cedar-acm", 200),
        ("application/vnd.heroku+json; version=3.sdk", 200),
        ("application/vnd.heroku+json;version=3", 200),
        ("application/vnd.heroku+json; version=2", 406),
        ("application/vnd.heroku+json; version=30", 406),
        ("application/vnd.heroku+json", 406),
        ("application/json", 406),
        ("*/*", 406),
        (None, 406),
    ],
)
def test_only_version_3_is_served(heroku, accept, status):
    assert ask(heroku, accept=accept).status == status


def test_the_rate_limit_is_free_to_ask_for_even_with_an_empty_pool(heroku):
    heroku.accounts["default"].pool.set_remaining(0, NOON)
    outcome = ask(heroku, path=RATE_LIMITS)

    assert (outcome.status, outcome.content) == (200, b'{"remaining":0}')
    assert outcome.entry.cost == 0


def test_a_request_that_fails_costs_as_one_that_succeeds(heroku):
    outcomes = [
        ask(heroku),
        ask(heroku, app="wrong"),
        ask(heroku, accept="*/*"),
        ask(heroku, "PATCH", body={"updates": "wrong"}),
    ]

    assert [outcome.status for outcome in outcomes] == [200, 404, 406, 422]
    assert [outcome.entry.cost for outcome in outcomes] == [1, 1, 1, 1]
    assert outcomes[-1].headers["RateLimit-Remaining"] == "4496"


def test_a_rate_limit_that_was_asked_for_costs_nothing(heroku):
    add_fault(heroku, kind="status", status=429)
    outcome = ask(heroku)

    assert error_of(outcome) == (429, "rate_limit")
    assert outcome.entry.cost == 0
    assert outcome.headers["RateLimit-Remaining"] == "0"


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("read", "GET", FORMATION, 200),
        ("read", "PATCH", FORMATION, 403),
        ("write", "GET", FORMATION, 200),
        ("write", "PATCH", FORMATION, 200),
        ("write", "GET", "/apps/{app}/releases", 403),
        ("read-protected", "GET", "/apps/{app}/releases", 200),
        ("write", "GET", "/account", 403),
        ("identity", "GET", "/account", 200),
        ("identity", "GET", FORMATION, 403),
        ("identity", "GET", RATE_LIMITS, 200),
        ("global", "PATCH", FORMATION, 200),
    ],
)
def test_a_scope_opens_what_it_is_for(heroku, scope, method, path, status):
    heroku.add_token("limited", "limited-secret", "default", [scope])
    body = {"updates": []} if method == "PATCH" else None
    outcome = ask(
        heroku, method, path, body=body, authorization="Bearer limited-secret"
    )

    assert outcome.status == status
    assert outcome.headers["Oauth-Scope"] == scope


def test_the_accepted_scopes_of_a_write_are_told(heroku):
    outcome = ask(heroku, "PATCH", body={"updates": []})

    assert outcome.headers["Oauth-Scope-Accepted"] == "global write write-protected"


def test_the_app_of_another_account_is_forbidden(heroku):
    heroku.add_account("stranger", NOON)
    heroku.add_token("theirs", "their-secret", "stranger", ["global"])
    outcome = ask(heroku, authorization="Bearer their-secret")

    assert error_of(outcome) == (403, "forbidden")
    assert b"You do not have access to the app shop." in outcome.content


def test_a_known_body_is_304_without_content_and_still_costs(heroku):
    tag = ask(heroku).headers["ETag"]
    outcome = ask(heroku, if_none_match=tag)

    assert (outcome.status, outcome.content) == (304, b"")
    assert outcome.entry.cost == 1


def test_a_changed_formation_has_another_tag(heroku):
    tag = ask(heroku).headers["ETag"]
    ask(heroku, "PATCH", body={"updates": [{"type": "web", "quantity": 2}]}, now=at(1))

    assert ask(heroku, if_none_match=tag, now=at(2)).status == 200


def test_a_write_with_the_tag_of_an_older_state_changes_nothing(heroku):
    tag = ask(heroku).headers["ETag"]
    three = {"updates": [{"type": "web", "quantity": 3}]}
    two = {"updates": [{"type": "web", "quantity": 2}]}

    assert ask(heroku, "PATCH", body=three, if_match=tag, now=at(1)).status == 200
    assert ask(heroku, "PATCH", body=two, if_match=tag, now=at(2)).status == 412
    assert heroku.apps["shop"].formation["web"].quantity == 3


def test_the_request_id_is_new_and_followed_by_the_clients(heroku):
    first = ask(heroku, request_id="mine").headers["Request-Id"]
    second = ask(heroku).headers["Request-Id"]

    assert first.endswith(",mine")
    assert "," not in second
    assert first.split(",")[0] != second


def test_the_log_has_the_name_of_the_token_and_never_its_secret(heroku):
    ask(heroku, "PATCH", body={"updates": []})
    entry = heroku.log.entries[0].as_json()

    assert entry["token"] == "default"
    assert entry["body"] == {"updates": []}
    assert SECRET not in json.dumps(entry)


def test_the_log_names_the_app_of_a_uuid(heroku):
    outcome = ask(heroku, app=heroku.apps["shop"].id)

    assert outcome.status == 200
    assert outcome.entry.app == "shop"


@pytest.mark.parametrize("kind", ["reset", "hang", "non_json", "status"])
def test_a_fault_before_the_answer_leaves_the_formation_alone(heroku, kind):
    add_fault(heroku, kind=kind)
    ask(heroku, "PATCH", body={"updates": [{"type": "web", "quantity": 5}]})

    assert heroku.apps["shop"].formation["web"].quantity == 1


@pytest.mark.parametrize("kind", ["apply_then_reset", "cut", "drip", "latency"])
def test_a_fault_of_the_answer_leaves_the_write_in_force(heroku, kind):
    add_fault(heroku, kind=kind)
    ask(heroku, "PATCH", body={"updates": [{"type": "web", "quantity": 5}]})

    assert heroku.apps["shop"].formation["web"].quantity == 5


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"[]", 400), (b"", 422), (b'{"updates": [1]}', 422)],
)
def test_a_body_that_is_no_batch_is_refused(heroku, content, status):
    route = ROUTES["PATCH", FORMATION]
    request = ApiRequest("PATCH", "/apps/shop/formation", "", HEADERS, content)

    assert serve(heroku, NOON, route, {"app": "shop"}, request).status == status
