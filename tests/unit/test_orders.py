"""What people order is in the journal: who, what was set before, what is set now."""

from __future__ import annotations

import pytest

from scalar.cli.actor import acting
from scalar.core.actor import Actor
from scalar.core.decision.facts import read_facts
from scalar.core.errors import AppChanged
from scalar.core.formation import ProcessType
from scalar.core.secret import Secret

BY = {"user": "ann", "host": "laptop"}
SECRETS = ("hunter2", "HRKU-secret", "t0ken")


def newest(cli, *arguments):
    return cli.data("events", *arguments)[0]


@pytest.fixture
def shop(shop_cli):
    shop_cli.world.platform.formations["depot"] = {}
    return shop_cli


def register(cli):
    url = "https://any:hunter2@depot.example/counts"
    cli("add-app", "depot", url, "--heroku-key", "HRKU-secret", "--no-check")


def test_a_registration_is_an_event(shop):
    register(shop)

    event = newest(shop, "depot")
    assert (event["kind"], event["reason"]) == ("registered", "ordered")
    assert event["facts"]["by"] == {**BY, "command": "add-app"}
    assert event["facts"]["after"] == {
        "url": "https://any:***@depot.example/counts",
        "heroku_key": "own key",
    }


def test_a_policy_has_its_values_before_and_after(shop):
    shop("set-policy", "shop", "worker", "--max", "8", "--min", "1")
    shop("set-policy", "shop", "worker", "--max", "9", "--min", "1")

    event = newest(shop, "shop")
    assert (event["kind"], event["process_type"]) == ("policy_changed", "worker")
    assert event["facts"]["before"] == {"max": "8"}
    assert event["facts"]["after"] == {"max": "9"}
    assert event["detail"] == "max: 8 -> 9; by ann, set-policy, on laptop"
    shop("unset-policy", "shop", "worker", "--all")
    event = newest(shop, "shop")
    assert event["facts"]["before"] == {"max": "9", "min": "1"}
    assert "after" not in event["facts"]


def test_pauses_and_ended_leases_are_events(shop):
    shop("pause-app", "shop", "worker", "--down")
    shop("resume-app", "shop")

    assert [e["kind"] for e in shop.data("events", "shop")] == ["unpaused", "paused"]
    shop.world.registry.set_policy("shop", "", {"manual_lease": "1h"})
    shop("poll", "shop")
    shop.world.platform.formations["shop"]["worker"] = ProcessType(7)
    shop.world.clock.walk(30)
    shop("poll", "shop")
    shop("resume-app", "shop")
    event = newest(shop, "shop")
    assert event["kind"] == "unpaused"
    assert "lease_ended" in event["facts"]["after"]


def test_moves_keys_renames_and_removals_are_events(shop):
    register(shop)
    shop("move-app", "depot", "https://depot.example/?token=t0ken", "--no-check")
    shop("set-heroku-key", "depot", "HRKU-other-secret", "--no-check")
    shop("unset-heroku-key", "depot")
    shop("set-policy", "depot", "--max", "3")
    shop("del-app", "depot", "--yes")

    events = shop.data("events", "depot")
    assert [event["kind"] for event in events] == [
        "removed",
        "policy_changed",
        *("key_changed", "key_changed", "moved", "registered"),
    ]
    assert events[0]["facts"]["before"] == {
        "url": "https://depot.example/?***",
        "heroku_key": "shared key",
        "policies": {"(app)": {"max": "3"}},
    }
    assert events[3]["facts"]["after"] == {"heroku_key": "another own key"}
    stored = str(shop.world.journal.events)
    assert [secret for secret in SECRETS if secret in stored] == []


def test_a_rename_by_a_person_has_who_it_was(shop):
    shop.world.platform.rename("shop", "store")
    shop("rename-app", "shop", "store")

    event = newest(shop, "store", "--kind", "renamed")
    assert event["facts"]["by"]["user"] == "ann"
    assert event["facts"]["after"]["name"] == "store"


def test_what_a_file_applies_are_events(shop, tmp_path):
    file = tmp_path / "fleet.yaml"
    file.write_text(
        "apps:\n"
        "  shop: {url: 'https://shop.example/new', policy: {max: 4}}\n"
        "  depot: {url: 'https://depot.example/counts'}\n"
    )
    shop("apply", str(file))

    events = shop.data("events")
    assert {(e["app"], e["kind"]) for e in events} == {
        ("depot", "registered"),
        ("shop", "moved"),
        ("shop", "policy_changed"),
    }
    assert {e["facts"]["by"]["command"] for e in events} == {"apply"}
    file.write_text("apps: {}\n")
    shop("apply", str(file), "--prune")
    assert [e["kind"] for e in shop.data("events", "--limit", "2")] == ["removed"] * 2


def test_what_changes_nothing_is_no_event(shop):
    shop("set-policy", "shop", "--max", "8")
    shop("set-policy", "shop", "--max", "8")
    shop("resume-app", "shop")

    assert len(shop.data("events", "shop")) == 1


def test_an_order_that_is_not_written_is_no_event(shop, monkeypatch):
    registry = shop.world.registry
    key = registry.app_key("shop")
    registry.set_policy("shop", "", {"max": "5"})
    with pytest.raises(AppChanged):
        registry.set_heroku_key("shop", Secret("x"), read=key, events=["an event"])

    assert shop.data("events") == []


def test_a_removed_app_whose_row_cannot_be_read_is_an_event(shop):
    shop.world.registry.unreadable = {"shop"}
    shop("del-app", "shop", "--yes")

    before = newest(shop, "shop")["facts"]["before"]
    assert before == {"url": "(encrypted with another key)"}


def test_a_decision_names_who_set_each_value(shop):
    shop("set-policy", "shop", "worker", "--max", "2")
    shop.world.clock.walk(3600)
    shop("set-policy", "shop", "worker", "--min", "1")
    shop("poll", "shop")

    policy = newest(shop, "--kind", "scaled")["facts"]["policy"]
    who = {"from": "process type", "set_by": "ann, set-policy, on laptop"}
    assert policy["max"] == {
        "value": "2",
        **who,
        "set_at": "2026-01-01T12:00:00+00:00",
    }
    assert policy["min"]["set_at"] == "2026-01-01T13:00:00+00:00"
    assert "set_by" not in policy["boundary"]
    printed = shop("show-event", newest(shop, "--kind", "scaled")["id"]).stdout
    assert "type; ann, set-policy, on laptop, 2026-01-01 12:00:00\n" in printed


def test_an_order_is_shown_in_full(shop):
    shop("set-policy", "shop", "worker", "--max", "2")
    printed = shop("show-event", newest(shop)["id"]).stdout

    assert "by:       ann, set-policy, on laptop\n" in printed
    assert "  max                  not set -> 2\n" in printed


def test_an_actor_of_whom_nothing_is_known_has_no_name():
    assert str(Actor()) == ""
    assert str(Actor("ann")) == "ann"
    assert read_facts("") == {}


def test_who_runs_a_command_is_what_the_machine_knows(monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.setenv("DYNO", "run.1234")
    assert acting() == Actor("ann", "", "run.1234")

    monkeypatch.delenv("DYNO")
    monkeypatch.setenv("SCALAR_USER", "ben\n")
    assert (acting().user, bool(acting().host)) == ("ben", True)
