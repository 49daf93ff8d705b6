"""`check-app --at`, and in `show-app` what is open, what comes, what still holds."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from scalar.cli.at_times import read_at
from scalar.core.errors import InvalidInput
from scalar.core.formation import ProcessType
from scalar.core.policy.coming_windows import open_and_next, openings
from scalar.core.policy.schedule_text import read_schedule

#: A Thursday.
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
WEEK = "UTC: mon-fri 08:00-18:00 min=2; sat 20:00-07:00 max=1"
BERLIN = ZoneInfo("Europe/Berlin")


def spans(found):
    return [
        (
            one.window.text,
            *(f"{t:%d %H:%M}" if t else None for t in (one.start, one.end)),
        )
        for one in found
    ]


def test_the_open_window_and_the_next_one():
    opened, coming = open_and_next(read_schedule(WEEK), NOW)

    assert spans([opened, coming]) == [
        ("mon-fri 08:00-18:00 min=2", None, "01 18:00"),
        ("mon-fri 08:00-18:00 min=2", "02 08:00", "02 18:00"),
    ]
    opened, coming = open_and_next(read_schedule(WEEK), NOW.replace(day=2, hour=19))
    assert opened is None
    assert spans([coming]) == [("sat 20:00-07:00 max=1", "03 20:00", "04 07:00")]


def test_a_window_of_higher_priority_cuts_the_other():
    text = "UTC: daily 00:00-24:00 max=9; 2026-01-03 10:00-12:00 max=1 priority=1"
    opened, coming = open_and_next(read_schedule(text), NOW)

    assert spans([opened, coming]) == [
        ("daily 00:00-24:00 max=9", None, "03 10:00"),
        ("2026-01-03 10:00-12:00 max=1 priority=1", "03 10:00", "03 12:00"),
    ]


def test_windows_follow_the_wall_clock_over_a_change_of_time():
    text = "Europe/Berlin: daily 01:00-04:00 min=1"
    found = openings(read_schedule(text), datetime(2026, 3, 28, 12, tzinfo=UTC), 2)

    assert [(one.end - one.start).seconds // 3600 for one in found] == [2, 3]


def test_a_schedule_that_is_over_has_nothing_next():
    text = "UTC: 2025-12-24 08:00-18:00 min=2"

    assert open_and_next(read_schedule(text), NOW) == (None, None)
    always = read_schedule("UTC: daily 00:00-24:00 max=1")
    opened, coming = open_and_next(always, NOW)
    assert (opened.end, coming) == (None, None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20:00", "01 19:00"),
        ("12:00", "02 11:00"),
        ("sat 20:00", "03 19:00"),
        ("Saturday 20:00", "03 19:00"),
        ("thu 12:30", "08 11:30"),
        ("sat", "02 23:00"),
        ("2h", "01 14:00"),
        ("2026-01-05", "04 23:00"),
        ("2026-01-05T10:00Z", "05 10:00"),
    ],
)
def test_a_time_may_be_a_clock_a_day_or_a_span(text, meant):
    assert f"{read_at(text, BERLIN, NOW):%d %H:%M}" == meant


@pytest.mark.parametrize("text", ["", "soon", "sat 25:00", "some 20:00", "2026-13-01"])
def test_another_text_is_no_time(text):
    with pytest.raises(InvalidInput, match="must be a time such as"):
        read_at(text, BERLIN, NOW)


def test_what_happens_next_saturday_is_answered(shop_cli):
    shop_cli("set-policy", "shop", "worker", "--schedule", WEEK)
    printed = shop_cli("check-app", "shop", "--at", "sat 21:00")

    assert "shop worker: stays at 1\n" in printed.stdout
    assert "at most 1, by the window sat 20:00-07:00 max=1" in printed.stdout
    assert "as if it were 2026-01-03 21:00:00 UTC" in printed.stderr
    assert "shop worker: 1 -> 3" in shop_cli("check-app", "shop").stdout
    assert shop_cli.world.memory() is None


def test_a_pause_that_is_over_by_then_does_not_hold(shop_cli):
    shop_cli("pause-app", "shop", "--for", "1h")
    assert "stays at 1" in shop_cli("check-app", "shop").stdout
    assert "1 -> 3" in shop_cli("check-app", "shop", "--at", "2h").stdout
    shop_cli("pause-app", "--all", "--for", "3h")
    assert "stays at 1" in shop_cli("check-app", "shop", "--at", "2h").stdout


def test_show_app_says_what_is_open_and_what_comes_next(shop_cli):
    shop_cli("set-policy", "shop", "worker", "--schedule", WEEK)
    shown = shop_cli("show-app", "shop").stdout

    assert (
        "  open:  mon-fri 08:00-18:00 min=2, until 2026-01-01 18:00:00 UTC\n"
        "  next:  mon-fri 08:00-18:00 min=2, from 2026-01-02 08:00:00 to "
        "2026-01-02 18:00:00 UTC\n"
    ) in shown
    data = shop_cli.data("show-app", "shop")["policies"]["worker"]["schedule"]
    assert data["open"]["until"] == "2026-01-01T18:00:00+00:00"
    assert data["next"]["from"] == "2026-01-02T08:00:00+00:00"


def test_show_app_says_what_still_holds_and_until_when(shop_cli):
    world = shop_cli.world
    values = {
        "cooldown_up": "5m",
        "cooldown_down": "10m",
        "stabilization_down": "20m",
        "manual_lease": "30m",
    }
    world.registry.set_policy("shop", "worker", values)
    world.poll()  # 1 -> 3
    world.report({"worker": 5})
    world.poll()
    shop_cli("pause-app", "shop", "worker", "--down")
    world.platform.formations["shop"]["worker"] = ProcessType(7)
    world.poll(seconds=60)
    world.poll(seconds=600)

    shown = shop_cli("show-app", "shop").stdout
    lines = [line for line in shown.splitlines() if "holds:" in line]
    assert lines[0].startswith("  holds: at least 3 dynos stay until 2026-01-01 12:20:")
    until = "a change by hand is left alone until 2026-01-01 12:41:20 UTC"
    assert lines[1] == f"  holds: {until} (manual_lease)"
    assert lines[2] == "  holds: nothing is removed until it is resumed (pause_down)"
    assert len(lines) == 3
    holding = shop_cli.data("show-app", "shop")["policies"]["worker"]["holding"]
    assert [one["value"] for one in holding] == [
        "stabilization_down",
        "manual_lease",
        "pause_down",
    ]
