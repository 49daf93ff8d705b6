"""Apps of two Heroku accounts: trouble with one account never holds the other."""

from __future__ import annotations

import pytest

from tests.support.waiting import wait_until


@pytest.fixture
def other(name):
    """The name of an app in another account."""
    return f"{name}-o"


@pytest.fixture
def system(make_system, counts_app, name, other):
    """A running system, with one app of each account that report the same counts."""
    system = make_system(COUNT_BOUNDARY="10")
    system.heroku.create_account("other")
    system.heroku.create_token("first", "first-key", account="other")
    system.heroku.create_app(other, {"worker": 0}, account="other")
    counts_app.answer({"worker": 25})
    system.register(name, {"worker": 0})
    system.cli(
        *("add-app", other, counts_app.url, "--heroku-key", "-"), typed="first-key\n"
    )
    system.start("beat", "worker")
    for app in (name, other):
        system.wait_for_dynos(app, {"worker": 3})
    return system


def test_a_revoked_key_holds_only_its_own_app_until_it_is_replaced(
    system, counts_app, name, other
):
    system.heroku.revoke_token("first")
    counts_app.answer({"worker": 45})
    system.wait_for_dynos(name, {"worker": 5})
    wait_until(lambda: "not_authorized" in system.logs())
    counts_app.answer({"worker": 65})
    system.wait_for_dynos(name, {"worker": 7})
    assert system.dynos(other) == {"worker": 3}
    found = system.cli_process("doctor", status=1)
    assert f"FAIL  own key         of {other}" in found
    assert "ok    heroku key" in found
    system.heroku.create_token("second", "second-key", account="other")
    system.cli("set-heroku-key", other, "-", typed="second-key\n")

    system.wait_for_dynos(other, {"worker": 7})
    assert [p["worker"] for p in system.patches(name)] == [3, 5, 7]
    # 5 was sent once and refused: the first key was not used again.
    assert [p["worker"] for p in system.patches(other)] == [3, 5, 7]


def test_few_calls_left_in_one_account_hold_only_its_own_app(
    system, counts_app, name, other
):
    """100 calls: enough to scale up; below CALLS_RESERVE, so none to scale down."""
    system.heroku.set_remaining(100, "other")
    counts_app.answer({"worker": 45})  # the answer tells how many calls are left
    for app in (name, other):
        system.wait_for_dynos(app, {"worker": 5})
    counts_app.answer({"worker": 0})
    system.wait_for_dynos(name, {"worker": 0})
    wait_until(lambda: "calls_low" in system.logs())
    assert system.dynos(other) == {"worker": 5}
    counts_app.answer({"worker": 65})

    for app in (name, other):
        system.wait_for_dynos(app, {"worker": 7})
    accounts = {r.app: r.account for r in system.heroku.requests(method="PATCH")}
    assert accounts == {name: "default", other: "other"}
