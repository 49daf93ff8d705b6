"""The steps of one request: the order of the checks, the cost, the headers."""

from __future__ import annotations

import json
from datetime import timedelta

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
    """Serve one request; a header given as None is left out."""
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


def test_credentials_are_checked_first(heroku):
    heroku.accounts["default"].pool.set_remaining(0, NOON)
    add_fault(heroku, kind="status", status=500)
    outcome = ask(heroku, authorization="Bearer wrong", accept="text/html")

    assert error_of(outcome) == (401, "unauthorized")
    assert "RateLimit-Remaining" not in outcome.headers
    assert heroku.faults.all[0].happened == 0


def test_the_pool_is_checked_before_the_version(heroku):
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


def test_reading_the_rate_limit_is_free_even_with_an_empty_pool(heroku):
    heroku.accounts["default"].pool.set_remaining(0, NOON)
    outcome = ask(heroku, path=RATE_LIMITS)

    assert (outcome.status, outcome.content) == (200, b'{"remaining":0}')
    assert outcome.entry.cost == 0


def test_a_failed_request_costs_as_much_as_a_successful_one(heroku):
    outcomes = [
        ask(heroku),
        ask(heroku, app="wrong"),
        ask(heroku, accept="*/*"),
        ask(heroku, "PATCH", body={"updates": "wrong"}),
    ]

    assert [outcome.status for outcome in outcomes] == [200, 404, 406, 422]
    assert [outcome.entry.cost for outcome in outcomes] == [1, 1, 1, 1]
    assert outcomes[-1].headers["RateLimit-Remaining"] == "4496"


def test_a_rate_limit_fault_costs_nothing(heroku):
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
def test_a_scope_gives_access_to_its_routes_only(heroku, scope, method, path, status):
    heroku.add_token("limited", "limited-secret", "default", [scope])
    body = {"updates": []} if method == "PATCH" else None
    outcome = ask(
        heroku, method, path, body=body, authorization="Bearer limited-secret"
    )

    assert outcome.status == status
    assert outcome.headers["Oauth-Scope"] == scope


def test_the_app_of_another_account_is_forbidden(heroku):
    heroku.add_account("stranger", NOON)
    heroku.add_token("theirs", "their-secret", "stranger", ["global"])
    outcome = ask(heroku, authorization="Bearer their-secret")

    assert error_of(outcome) == (403, "forbidden")
    assert b"You do not have access to the app shop." in outcome.content


def test_a_changed_formation_has_another_etag(heroku):
    tag = ask(heroku).headers["ETag"]
    ask(heroku, "PATCH", body={"updates": [{"type": "web", "quantity": 2}]}, now=at(1))

    assert ask(heroku, if_none_match=tag, now=at(2)).status == 200


def test_a_write_with_an_outdated_etag_changes_nothing(heroku):
    tag = ask(heroku).headers["ETag"]
    three = {"updates": [{"type": "web", "quantity": 3}]}
    two = {"updates": [{"type": "web", "quantity": 2}]}

    assert ask(heroku, "PATCH", body=three, if_match=tag, now=at(1)).status == 200
    assert ask(heroku, "PATCH", body=two, if_match=tag, now=at(2)).status == 412
    assert heroku.apps["shop"].formation["web"].quantity == 3


def test_the_request_id_is_new_and_ends_in_the_clients_own(heroku):
    first = ask(heroku, request_id="mine").headers["Request-Id"]
    second = ask(heroku).headers["Request-Id"]

    assert first.endswith(",mine")
    assert "," not in second
    assert first.split(",")[0] != second


def test_an_app_named_by_uuid_is_logged_by_name(heroku):
    outcome = ask(heroku, app=heroku.apps["shop"].id)

    assert outcome.status == 200
    assert outcome.entry.app == "shop"


@pytest.mark.parametrize(
    ("kind", "quantity"),
    [
        *((kind, 1) for kind in ("reset", "hang", "non_json", "status")),
        *((kind, 5) for kind in ("apply_then_reset", "cut", "drip", "latency")),
    ],
)
def test_a_fault_strikes_before_or_after_the_write(heroku, kind, quantity):
    add_fault(heroku, kind=kind)
    ask(heroku, "PATCH", body={"updates": [{"type": "web", "quantity": 5}]})

    assert heroku.apps["shop"].formation["web"].quantity == quantity


def test_a_write_that_is_applied_late_takes_effect_after_the_reset(heroku):
    add_fault(heroku, kind="apply_late", seconds=5)
    ask(heroku, "PATCH", body={"updates": [{"type": "web", "quantity": 5}]})
    web = heroku.apps["shop"].formation["web"]

    heroku.advance(NOON + timedelta(seconds=4))
    assert web.quantity == 1
    heroku.advance(NOON + timedelta(seconds=5))
    assert web.quantity == 5


def test_a_process_type_that_is_left_out_is_as_if_it_were_not_there(heroku):
    add_fault(heroku, kind="leave_out", extra={"type": "web"}, times=None)

    rows = json.loads(ask(heroku).content)
    refused = ask(heroku, "PATCH", body={"updates": [{"type": "web", "quantity": 5}]})

    assert rows == []
    assert refused.status == 404
    assert heroku.apps["shop"].formation["web"].quantity == 1


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"[]", 400), (b"", 422), (b'{"updates": [1]}', 422)],
)
def test_an_invalid_batch_is_refused(heroku, content, status):
    route = ROUTES["PATCH", FORMATION]
    request = ApiRequest("PATCH", "/apps/shop/formation", "", HEADERS, content)

    assert serve(heroku, NOON, route, {"app": "shop"}, request).status == status
