"""The Heroku adapter, against the local Heroku."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from urllib3.connectionpool import HTTPConnectionPool

from local_heroku.heroku import DEFAULT_TOKEN as TOKEN
from scalar.adapters.heroku.platform import READ_RETRIES, HerokuApi, HerokuPlatform
from scalar.adapters.http.session import make_session
from scalar.adapters.http.tls import tls_context
from scalar.core.errors import (
    AboveLimit,
    NotAuthorized,
    PlatformUnavailable,
    RateLimited,
    Refused,
)
from scalar.core.formation import ProcessType
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from scalar.ports.platform import Urgency

OTHER = Secret("key-of-another-account")


@pytest.fixture
def heroku(heroku_server):
    """The server with one app of three process types, and no history."""
    heroku_server.clear()
    heroku_server.create_account("other")
    heroku_server.create_token(
        "other", OTHER.reveal(), account="other", scopes=["write"]
    )
    heroku_server.create_app("shop", {"web": 1, "worker": 2, "mailer": 0})
    return heroku_server


def on(api, app="shop", heroku_key=SHARED_KEY):
    """Return an app's platform, whose calls are signed with a Heroku key."""
    return HerokuPlatform(api, app, heroku_key)


def a_call(platform, method):
    """Return a call that makes a request with a method."""
    if method == "GET":
        return lambda: on(platform).formation(Urgency.READ)
    return lambda: on(platform).scale({"worker": 1}, Urgency.SCALE_UP)


@pytest.fixture
def answers():
    return []


@pytest.fixture
def connect(heroku, answers):
    """Make clients of the server; close them at the end."""
    sessions = []

    def make(token=TOKEN, timeout=0.5):
        session = make_session(
            tls_context(), timeout=(0.5, timeout), retries=READ_RETRIES
        )
        sessions.append(session)
        return HerokuApi(
            session,
            Secret(token),
            heroku.url,
            timeout=timeout,
            on_answer=lambda *answer: answers.append(answer),
        )

    yield make
    for session in sessions:
        session.close()


@pytest.fixture
def platform(connect):
    return connect()


def test_reading_the_formation_takes_one_request(platform, heroku):
    assert on(platform).formation(Urgency.READ) == {
        "web": ProcessType(1, "Standard-1X"),
        "worker": ProcessType(2, "Standard-1X"),
        "mailer": ProcessType(0, "Standard-1X"),
    }
    assert [(r.method, r.path) for r in heroku.requests()] == [
        ("GET", "/apps/shop/formation")
    ]


def test_an_answer_says_which_app_it_is_of(platform, heroku):
    """An app is found by its id under any name, and no more once it is deleted."""
    app = heroku.app("shop")
    heroku.rename_app("shop", "store")
    read = on(platform, app.id).formation(Urgency.READ)
    after = on(platform, app.id).scale({"worker": 3}, Urgency.SCALE_UP)
    described = on(platform, app.id).describe(Urgency.READ)

    for answer in (read, after):
        assert (answer.app_id, answer.app_name) == (app.id, "store")
    assert (described.id, described.name) == (app.id, "store")
    heroku.delete_app("store")
    heroku.create_app("store", {"worker": 1})
    with pytest.raises(Refused) as refusal:
        on(platform, app.id).formation(Urgency.READ)
    assert refusal.value.reason is Reason.APP_NOT_ON_HEROKU


def test_an_empty_formation_says_of_no_app(platform, heroku):
    heroku.create_app("empty", {})
    read = on(platform, "empty").formation(Urgency.READ)

    assert (read, read.app_id) == ({}, "")


def test_scaling_takes_one_request_with_quantities_only(platform, heroku):
    after = on(platform).scale({"worker": 5, "mailer": 1}, Urgency.SCALE_UP)

    assert {name: row.quantity for name, row in after.items()} == {
        "web": 1,
        "worker": 5,
        "mailer": 1,
    }
    (request,) = heroku.requests()
    assert request.method == "PATCH"
    assert request.body == {
        "updates": [
            {"type": "mailer", "quantity": 1},
            {"type": "worker", "quantity": 5},
        ]
    }


def test_describe_tells_the_maintenance_mode(platform):
    assert not on(platform).describe(Urgency.READ).maintenance
    platform.request(
        SHARED_KEY, "PATCH", ("apps", "shop"), json.dumps({"maintenance": True})
    )

    assert on(platform).describe(Urgency.READ).maintenance


def test_the_formation_tells_when_a_row_was_changed(platform, heroku):
    """By the same clock as the release, so the two can be compared."""
    before = on(platform).formation(Urgency.READ)
    heroku.release("shop")
    heroku.scale("shop", {"worker": 5})
    after = on(platform).formation(Urgency.READ)
    released_at = on(platform).describe(Urgency.READ).released_at

    assert before["worker"].changed_at <= released_at <= after["worker"].changed_at


def test_describe_returns_the_web_address(platform, heroku):
    app = on(platform).describe(Urgency.READ)

    assert app.name == "shop"
    assert app.web_url == heroku.app("shop").web_url


def test_each_answer_reports_the_calls_left(platform, answers):
    on(platform).formation(Urgency.READ)
    on(platform).formation(Urgency.READ)

    assert answers[0] > answers[1] > (0, SHARED_KEY)


def test_the_key_and_its_scope_are_checked_for_free(platform, heroku):
    facts = platform.key_facts(SHARED_KEY)

    assert facts.remaining > 4000
    assert facts.scope == "global"
    assert sum(r.cost for r in heroku.requests()) == 0


def test_each_request_has_an_id_of_its_own(platform, heroku):
    on(platform).formation(Urgency.READ)
    on(platform).formation(Urgency.READ)

    first, second = heroku.requests()
    assert first.request_id != second.request_id


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, NotAuthorized, Reason.NOT_AUTHORIZED),
        (402, Refused, Reason.PAYMENT_REQUIRED),
        (403, Refused, Reason.FORBIDDEN),
        (404, Refused, Reason.APP_NOT_ON_HEROKU),
        (409, Refused, Reason.HEROKU_REFUSED),
        (422, Refused, Reason.HEROKU_REFUSED),
        (429, RateLimited, Reason.RATE_LIMITED),
        (500, PlatformUnavailable, Reason.HEROKU_UNAVAILABLE),
        (503, PlatformUnavailable, Reason.HEROKU_UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_heroku_errors_are_translated(connect, heroku, status, kind, reason, method):  # noqa: PLR0917 - a table
    call = a_call(connect(), method)
    heroku.fail(status, method=method, times=None)
    with pytest.raises(kind) as failure:
        call()

    assert failure.value.status == status
    assert failure.value.reason is reason
    assert failure.value.error_id
    assert str(status) in str(failure.value)


@pytest.mark.parametrize(
    ("error_id", "per_process_type"),
    [("cannot_run_above_limit", False), ("cannot_update_above_limit", True)],
)
def test_a_reported_limit_is_in_the_error(platform, heroku, error_id, per_process_type):
    heroku.fail(422, error_id=error_id, extra={"limit": 7})

    with pytest.raises(AboveLimit) as failure:
        on(platform).scale({"worker": 50}, Urgency.SCALE_UP)
    assert failure.value.limit == 7
    assert failure.value.per_process_type is per_process_type


def test_the_servers_own_limit_is_in_the_error(platform):
    with pytest.raises(AboveLimit) as failure:
        on(platform).scale({"worker": 500}, Urgency.SCALE_UP)

    assert 0 < failure.value.limit <= 100


@pytest.mark.parametrize("what", ["hang", "reset", "cut", "non_json", "drip"])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_broken_answer_is_platform_unavailable(connect, heroku, what, method):
    call = a_call(connect(timeout=0.4), method)
    heroku.fail(what, method=method, times=None, seconds=0.1)

    with pytest.raises(PlatformUnavailable):
        call()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"null", id="null"),
        pytest.param(b"5", id="a number"),
        pytest.param(b"{}", id="an object"),
        pytest.param(b'"web"', id="text"),
        pytest.param(b"[5]", id="a list of numbers"),
        pytest.param(b'[{"type": "web"}]', id="no quantity"),
        pytest.param(b'[{"type": "web", "quantity": null}]', id="a quantity of null"),
    ],
)
def test_json_that_is_not_a_formation_is_platform_unavailable(
    heroku, counts_app, answer
):
    """None of these may pass for a formation without dynos."""
    counts_app.answer(answer)
    session = make_session(tls_context(), timeout=(0.5, 0.5))
    url = f"http://127.0.0.1:{counts_app.port}"
    with session:
        platform = HerokuApi(session, Secret(TOKEN), url, timeout=0.5)

        with pytest.raises(
            PlatformUnavailable, match="does not match its API reference"
        ):
            on(platform).formation(Urgency.READ)


def test_a_read_is_retried_once_after_503(platform, heroku):
    heroku.fail(503, method="GET")

    assert on(platform).formation(Urgency.READ)["worker"].quantity == 2
    assert len(heroku.requests()) == 2


@pytest.mark.parametrize("status", [429, 500])
def test_a_read_is_not_retried_after_429_or_500(platform, heroku, status):
    heroku.fail(status, method="GET")

    with pytest.raises((RateLimited, PlatformUnavailable)):
        on(platform).formation(Urgency.READ)
    assert len(heroku.requests()) == 1


@pytest.mark.parametrize("what", [503, "reset"])
def test_a_change_is_never_retried(platform, heroku, what):
    heroku.fail(what, method="PATCH")

    with pytest.raises(PlatformUnavailable):
        on(platform).scale({"worker": 9}, Urgency.SCALE_UP)
    assert len(heroku.requests()) == 1
    assert heroku.formation("shop")["worker"] == 2


def test_a_paged_list_is_read_completely(platform, heroku):
    heroku.fail("partial", method="GET")

    assert set(on(platform).formation(Urgency.READ)) == {"web", "worker", "mailer"}


def test_a_wrong_key_is_not_authorized(connect):
    with pytest.raises(NotAuthorized, match="HEROKU_API_KEY"):
        on(connect("wrong")).formation(Urgency.READ)


def test_without_a_key_no_request_is_sent(connect, heroku):
    with pytest.raises(NotAuthorized, match="HEROKU_API_KEY is not set"):
        on(connect("")).formation(Urgency.READ)

    assert heroku.requests() == []


def test_no_error_contains_the_key(connect, heroku):
    heroku.fail("reset", method="GET", times=None)
    with pytest.raises(PlatformUnavailable) as failure:
        on(connect()).formation(Urgency.READ)

    error = failure.value
    while error is not None:
        assert TOKEN not in f"{error} {error!r}"
        error = error.__cause__


def test_nothing_is_printed(platform, heroku, capsys):
    heroku.fail("partial", method="GET")
    on(platform).formation(Urgency.READ)

    assert capsys.readouterr().out == ""


# several accounts


@pytest.fixture
def blog(heroku):
    """An app in another account."""
    return heroku.create_app("blog", {"worker": 1}, account="other").name


def test_each_call_is_signed_with_its_own_key(platform, heroku, blog):
    on(platform).scale({"worker": 3}, Urgency.SCALE_UP)
    on(platform, blog, OTHER).scale({"worker": 4}, Urgency.SCALE_UP)
    on(platform).formation(Urgency.READ)
    on(platform, blog, OTHER).describe(Urgency.READ)
    platform.key_facts(OTHER)

    made = [(r.account, r.app) for r in heroku.requests()]
    assert made == [
        ("default", "shop"),
        ("other", "blog"),
        ("default", "shop"),
        ("other", "blog"),
        ("other", None),
    ]


def test_a_key_cannot_access_the_apps_of_another_account(platform, blog):
    for app, key in ((blog, SHARED_KEY), ("shop", OTHER)):
        with pytest.raises(Refused) as failure:
            on(platform, app, key).formation(Urgency.READ)

        assert failure.value.reason is Reason.FORBIDDEN


def test_the_calls_left_are_reported_with_their_key(platform, heroku, blog, answers):
    heroku.set_remaining(1000, "other")
    on(platform).formation(Urgency.READ)
    on(platform, blog, OTHER).formation(Urgency.READ)

    assert [key for _, key in answers] == [SHARED_KEY, OTHER]
    assert answers[0][0] > 4000
    assert 990 < answers[1][0] <= 1000


def test_all_keys_share_one_connection(connect, heroku, blog, monkeypatch):
    made = []
    begin = HTTPConnectionPool._new_conn

    def count(pool):
        made.append(pool)
        return begin(pool)

    monkeypatch.setattr(HTTPConnectionPool, "_new_conn", count)
    platform = connect()
    for _ in range(3):
        on(platform).formation(Urgency.READ)
        on(platform, blog, OTHER).formation(Urgency.READ)

    assert len(made) == 1


def test_threads_do_not_mix_up_keys(connect, heroku, blog):
    platform = connect(timeout=5)

    def read(number):
        app, key = ((blog, OTHER), ("shop", SHARED_KEY))[number % 2]
        return on(platform, app, key).formation(Urgency.READ)

    with ThreadPoolExecutor(8) as pool:
        read_all = list(pool.map(read, range(80)))

    assert len(read_all) == 80
    assert {r.status for r in heroku.requests()} == {200}


def test_the_error_for_a_wrong_own_key_says_how_to_replace_it(connect, heroku, blog):
    heroku.revoke_token("other")

    with pytest.raises(NotAuthorized, match="set-heroku-key") as failure:
        on(connect(), blog, OTHER).formation(Urgency.READ)
    assert "HEROKU_API_KEY" not in str(failure.value)
    assert OTHER.reveal() not in str(failure.value)


def test_an_own_key_works_without_a_shared_one(connect, blog):
    assert on(connect(""), blog, OTHER).formation(Urgency.READ)["worker"].quantity == 1
