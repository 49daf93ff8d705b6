"""`check-app`, `poll` and `events`."""

from __future__ import annotations

import pytest

from scalar.cli import evaluations
from scalar.core.errors import CoordinationError, CountsMalformed, CountsUnavailable
from scalar.core.reading import Unknown
from scalar.core.reason import Reason

WHY = "the app says that it does not know"


# check-app


def test_an_explanation_has_every_stage(shop_cli):
    shop_cli.world.report(
        {"web": 0, "worker": Unknown(Reason.COUNT_NULL, WHY), "wroker": 5}
    )

    assert shop_cli("check-app", "shop").stdout == (
        "shop web: stays at 1\n"
        "  recommended               0   count 0 / boundary 10\n"
        "  web_kept                  1   the app would not answer without it\n"
        "shop worker: stays at 1, held\n"
        f"  count_null                    {WHY}\n"
        "shop wroker: held, not in the formation\n"
        "  not_in_formation              the formation has web, worker\n"
    )


def test_the_explanation_is_there_as_data(shop_cli):
    assert shop_cli("check-app", "shop").stdout == (
        "shop worker: 1 -> 3\n  recommended               3   count 25 / boundary 10\n"
    )
    assert shop_cli.data("check-app", "shop") == {
        "app": "shop",
        "held": None,
        "scaled": False,
        "process_types": [
            {
                "process_type": "worker",
                "current": 1,
                "desired": 3,
                "count": 25,
                "held": False,
                "recommended": 3,
                "dry_run": False,
                "reason": "recommended",
                "trail": [
                    {
                        "quantity": 3,
                        "reason": "recommended",
                        "detail": "count 25 / boundary 10",
                    }
                ],
            }
        ],
    }


def test_a_dry_run_says_so(shop_cli):
    shop_cli("set-policy", "shop", "--dry-run", "yes")

    assert "shop worker: 1 -> 3, dry run\n" in shop_cli("poll", "shop").stdout
    assert shop_cli.world.dynos()["worker"] == 1


def test_an_answer_without_process_types_says_so(shop_cli):
    shop_cli.world.report({})

    said = shop_cli("check-app", "shop").stdout
    assert said == "shop: its answer has no process types\n"


def test_a_held_app_is_explained_and_is_a_failure(shop_cli):
    shop_cli.world.report(CountsUnavailable("the app answered HTTP 503"))

    assert shop_cli("check-app", "shop", status=1).stdout == (
        "shop: held, nothing is changed\n"
        "  counts_unavailable            the app answered HTTP 503\n"
    )
    data = shop_cli.data("check-app", "shop", status=1)
    assert data["held"]["reason"] == "counts_unavailable"
    assert data["process_types"] == []


# poll


def test_poll_scales_and_explains(shop_cli):
    assert "shop worker: 1 -> 3\n" in shop_cli("poll", "shop").stdout
    assert shop_cli.world.dynos() == {"web": 1, "worker": 3}
    assert [row["scaled"] for row in shop_cli.data("poll", "shop")] == [False]


def test_one_app_that_fails_does_not_stop_the_others(shop_cli):
    shop_cli.world.add("blog")
    shop_cli.world.report(CountsUnavailable("HTTP 503"), "blog")

    printed = shop_cli("poll", "--all", status=1)
    assert "shop worker: 1 -> 3\n" in printed.stdout
    assert "blog: held, nothing is changed\n" in printed.stdout
    assert "scale.held app=blog" in printed.stderr
    rows = {row["app"]: row for row in shop_cli.data("poll", "--all", status=1)}
    assert rows["shop"]["held"] is None
    assert rows["blog"]["held"]["reason"] == "counts_unavailable"


@pytest.mark.parametrize("arguments", [(), ("shop", "--all")], ids=["neither", "both"])
def test_poll_takes_one_app_or_all(cli, arguments):
    assert "Name one app, or use --all" in cli("poll", *arguments, status=2).stderr


def test_without_apps_there_is_nothing_to_poll(cli):
    assert cli.data("poll", "--all") == []


def test_an_app_that_a_worker_evaluates_is_left_to_it(shop_cli, monkeypatch):
    monkeypatch.setattr(evaluations, "PATIENCE", 0)
    shop_cli.world.coordinator.reserve([1], "of a worker", 100)

    said = shop_cli("poll", "shop", status=1).stderr
    assert said == "shop: another evaluation was under way for 0 s\n"
    assert shop_cli.world.dynos()["worker"] == 1


def test_what_prevents_an_evaluation_is_data_too(shop_cli, monkeypatch):
    def away(*_):
        raise CoordinationError("Redis is away")

    monkeypatch.setattr(shop_cli.world.coordinator, "reserve", away)

    assert shop_cli.data("poll", "shop", status=1) == [
        {"app": "shop", "error": "Redis is away"}
    ]
    assert shop_cli("poll", "shop", status=1).stderr == "shop: Redis is away\n"


@pytest.mark.parametrize("command", ["poll", "check-app"])
def test_an_app_that_cannot_be_decrypted_is_not_evaluated(shop_cli, command):
    shop_cli.world.registry.unreadable = {"shop"}

    assert "SCALAR_SECRET_KEY" in shop_cli(command, "shop", status=1).stderr
    assert shop_cli.world.patches == []


# events


def test_a_lasting_hold_and_its_end_are_events_newest_first(shop_cli):
    shop_cli.world.report(CountsMalformed("<html>"))
    for _ in range(3):
        shop_cli("poll", "shop", status=1)
    shop_cli.world.report({"worker": 1})
    shop_cli("poll", "shop")

    events = shop_cli.data("events")
    assert [event["kind"] for event in events] == ["resumed", "held"]
    assert [event["process_type"] for event in events] == [None, None]
    assert "(app)" in shop_cli("events").stdout


def test_events_are_printed_in_columns_and_as_data(shop_cli):
    shop_cli("poll", "shop")

    assert shop_cli("events").stdout == (
        "TIME (UTC)           APP   PROCESS TYPE  EVENT   DYNOS   COUNT  REASON       "
        f"ID        DETAIL\n"
        "2026-01-01 12:00:00  shop  worker        scaled  1 -> 3  25     recommended  "
        f"{shop_cli.data('events')[0]['id'][:8]}  count 25 / boundary 10\n"
    )
    (event,) = shop_cli.data("events", "shop")
    assert event.pop("id")
    assert event.pop("facts")["recommended"] == 3
    assert [event] == [
        {
            "at": "2026-01-01T12:00:00+00:00",
            "app": "shop",
            "process_type": "worker",
            "kind": "scaled",
            "reason": "recommended",
            "from_quantity": 1,
            "to_quantity": 3,
            "count": 25,
            "detail": "count 25 / boundary 10",
        }
    ]


def test_the_newest_events_are_printed_up_to_the_limit(shop_cli):
    for count in (25, 35, 45):
        shop_cli.world.report({"worker": count})
        shop_cli("poll", "shop")

    assert [e["count"] for e in shop_cli.data("events", "--limit", "2")] == [45, 35]
    assert len(shop_cli("events", "shop", "--limit", "1").stdout.splitlines()) == 2


def test_without_events_it_says_so_beside_the_data(shop_cli):
    printed = shop_cli("events", "shop")

    assert printed.stdout == ""
    assert printed.stderr == "No events yet.\n"
    assert shop_cli.data("events", "shop") == []


@pytest.mark.parametrize("limit", ["0", "-1", "many", "10001"])
def test_a_bad_limit_is_refused(cli, limit):
    assert "--limit" in cli("events", "--limit", limit, status=2).stderr
