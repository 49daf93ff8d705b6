"""Policies as users set and see them, and the fleet's file."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import yaml

from scalar.cli.pause_times import read_until
from scalar.core.errors import InvalidInput

URL = "https://user:hunter2@shop.example/counts"
BERLIN = "Europe/Berlin: mon-fri 08:00-18:00 min=2; sat,sun 00:00-24:00 max=1"


@pytest.fixture
def app(cli):
    """Register an app."""
    cli("add-app", "shop", URL, "--no-check")
    return "shop"


def policy(cli, process_type="worker"):
    """Return a policy's values with their origins, as `show-app` has them."""
    shown = cli.data("show-app", "shop")["policies"][process_type]
    return {
        name: (value["value"], value["from"]) for name, value in shown["values"].items()
    }


def test_the_nearest_value_wins_and_says_where_it_is_from(cli, app):
    cli("set-policy", app, "--min", "1", "--max", "9")
    cli("set-policy", app, "worker", "--max", "4", "--schedule", BERLIN)

    assert policy(cli) == {
        "boundary": ("10", "environment"),
        "min": ("1", "app"),
        "max": ("4", "process type"),
        "schedule": (BERLIN, "process type"),
    }
    assert policy(cli, "(app)")["max"] == ("9", "app")


def test_show_app_prints_the_policy_in_lines(cli):
    cli("add-app", "shop", URL, "--no-check")
    cli("set-policy", "shop", "worker", "--max", "4", "--stabilization-down", "5m")

    lines = cli("show-app", "shop").stdout.splitlines()
    assert [line.split() for line in lines[lines.index("policy:   worker") + 1 :]] == [
        ["boundary", "10", "from", "environment"],
        ["max", "4", "from", "process", "type"],
        ["stabilization_down", "5m", "from", "process", "type"],
    ]


def test_values_are_unset_one_by_one_or_all(cli, app):
    cli("set-policy", app, "worker", "--max", "4", "--max-step-up", "2")
    cli("unset-policy", app, "worker", "--value", "max-step-up")
    assert "max_step_up" not in policy(cli)

    cli("unset-policy", app, "worker", "--all")
    assert "worker" not in cli.data("show-app", app)["policies"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--min", "-1"], "min = '-1', must be from 0 to 1000"),
        (["--boundary", "1e3"], "boundary = '1e3', must be an integer"),
        (["--boundary", "9" * 14], "must be from 0 to 1000000000000"),
        (["--min", "5", "--max", "4"], "max = 4, must be at least min (5)"),
        (["--wake", "5", "--max", "4"], "max = 4, must be at least wake (5)"),
        (["--tolerance", "1"], "tolerance = '1', must be from 0 to below 1"),
        (["--tolerance", "nan"], "must be from 0 to below 1"),
        (["--cooldown-up", "soon"], "must be seconds, or a time such as 90s, 5m"),
        (["--cooldown-up", "8d"], "must be at most 7d"),
        (["--drain-time", "0"], "drain_time = '0', must be above 0"),
        (["--dry-run", "maybe"], "dry_run = 'maybe', must be yes, no, on, off"),
        (["--schedule", "Mars: daily 1:00-2:00 min=1"], "not 'Mars'"),
        (["--schedule", "UTC: daily 1:00-2:00 min=2 max=1"], "max=1 must be at least"),
        (
            ["--schedule", "UTC: daily 1:00-3:00 min=1; sun 2:00-4:00 min=2"],
            "must not have windows of equal priority that overlap",
        ),
        (["--schedule", "UTC: daily 1:00-3:00 min=9", "--max", "4"], "max would be 4"),
    ],
)
def test_a_bad_value_is_refused_where_it_is_entered(cli, arguments, said):
    cli("add-app", "shop", URL, "--no-check")

    assert said in cli("set-policy", "shop", *arguments, status=1).stderr
    assert policy(cli, "(app)") == {"boundary": ("10", "environment")}


def test_values_that_do_not_go_together_across_levels_are_refused(cli, app):
    cli("set-policy", app, "worker", "--max", "4")

    printed = cli("set-policy", app, "--min", "5", status=1)
    assert "policy of shop for worker: max = 4, must be at least min (5)" in str(
        printed
    )
    assert "min" not in policy(cli)


def test_usage_errors(cli):
    cli("add-app", "shop", URL, "--no-check")

    assert "at least one value" in cli("set-policy", "shop", status=2).stderr
    assert "or use --all" in cli("unset-policy", "shop", status=2).stderr
    both = ("--for", "2h", "--until", "18:00")
    assert "not both" in cli("pause-app", "shop", *both, status=2).stderr
    gone = cli("unset-policy", "shop", "worker", "--value", "max", status=1).stderr
    assert "shop worker: cannot unset max; set there: nothing" in gone
    assert "not registered" in cli("set-policy", "nope", "--max", "1", status=1).stderr
    bad = cli("set-policy", "shop", "wor ker", "--max", "1", status=1).stderr
    assert "Process type 'wor ker' must have" in bad


def test_pauses_are_set_shown_and_ended(cli, app):
    said = cli("pause-app", app, "worker", "--down", "--for", "2h").stdout
    assert said == "Paused shop worker, down, until 2026-01-01 14:00:00 UTC\n"
    said = cli("pause-app", app).stdout
    assert said == "Paused shop, up and down, until it is resumed\n"

    shown = cli("show-app", app).stdout
    assert "until it is resumed" in shown
    assert "until 2026-01-01 14:00:00 UTC  from process type" in shown
    cli.world.clock.walk(7200)
    assert "14:00:00 UTC (over)  from" in cli("show-app", app).stdout

    cli("resume-app", app)
    assert "pause" not in cli("show-app", app).stdout
    assert cli("resume-app", app).stderr == "Note: shop was not paused.\n"


def test_a_policy_that_is_not_valid_is_shown_with_its_problem(cli, app):
    cli.world.registry.set_policy(app, "worker", {"max": "many"})

    problem = "policy of shop for worker: max = 'many', must be an integer"
    assert f"  not valid: {problem}" in cli("show-app", app).stdout
    assert problem in cli.data("show-app", app)["policies"]["worker"]["problem"]


def test_resuming_one_direction_leaves_the_other(cli, app):
    cli("pause-app", app)
    cli("resume-app", app, "--up")

    assert "pause_up" not in policy(cli, "(app)")
    assert "pause_down" in policy(cli, "(app)")


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("18:00", "UTC", "2026-03-28T18:00"),
        ("18:00", "Europe/Berlin", "2026-03-28T17:00"),
        ("12:00", "UTC", "2026-03-29T12:00"),  # it is noon: tomorrow's
        ("06:00", "Europe/Berlin", "2026-03-29T04:00"),  # summer time by then
        ("2026-04-01T18:00", "Europe/Berlin", "2026-04-01T16:00"),
        ("2026-04-01T18:00+00:00", "Europe/Berlin", "2026-04-01T18:00"),
    ],
)
def test_until_is_the_next_time_on_that_clock(text, zone, utc):
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)

    end = read_until(text, zone, now)
    assert end == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "said"),
    [
        ("2020-01-01T00:00", "UTC", "is in the past"),
        ("later", "UTC", "must be a time such as"),
        ("18:00", "Mars", "must be a time zone"),
    ],
)
def test_a_bad_until_says_how_it_is_written(text, zone, said):
    with pytest.raises(InvalidInput, match=said):
        read_until(text, zone, datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")))


def test_a_fleet_goes_out_and_comes_back_unchanged(cli, app, tmp_path):
    cli("set-policy", app, "--max", "9")
    cli("set-policy", app, "worker", "--schedule", BERLIN, "--tolerance", "0.1")
    cli("pause-app", app)
    file = tmp_path / "fleet.yaml"
    cli("export", str(file))

    assert "hunter2" not in file.read_text()
    assert yaml.safe_load(file.read_text()) == {
        "apps": {
            "shop": {
                "url": "https://user:***@shop.example/counts",
                "policy": {"max": 9},
                "process_types": {"worker": {"tolerance": "0.1", "schedule": BERLIN}},
            }
        }
    }
    assert cli("apply", str(file)).stdout == "Nothing to change\n"


def test_what_apply_would_change_is_shown_and_then_done(cli, app, tmp_path):
    cli("set-policy", app, "--max", "9", "--min", "1")
    cli("add-app", "blog", "https://blog.example/", "--no-check")
    cli("pause-app", app, "--down")
    file = tmp_path / "fleet.yaml"
    file.write_text(
        "apps:\n"
        "  shop: {policy: {max: 8, boundary: 5}, process_types: {worker: {wake: 2}}}\n"
        "  news: {url: 'https://news.example/'}\n"
    )
    dry = cli("apply", "--dry-run", str(file))

    assert dry.stdout.splitlines() == [
        "+ shop  boundary: 5",
        "~ shop  max: 9 -> 8",
        "- shop  min: 1",
        "+ shop worker  wake: 2",
        "+ news  https://news.example/",
    ]
    assert "left alone: blog" in dry.stderr
    assert policy(cli, "(app)")["max"] == ("9", "app")

    cli("apply", str(file))
    assert cli("apply", str(file)).stdout == "Nothing to change\n"
    assert policy(cli)["wake"] == ("2", "process type")
    assert "pause_down" in policy(cli)

    assert "- blog" in cli("apply", "--prune", str(file)).stdout
    names = [row["name"] for row in cli.data("list-apps")]
    assert names == ["news", "shop"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apps: [", "the file is "),
        ("- shop", "the file must be a mapping"),
        ("apps: {shop: {policy: {maks: 1}}}", "unknown policy value 'maks'; choose"),
        ("apps: {shop: {policy: {max: 1, min: 2}}}", "max = 1, must be at least min"),
        ("apps: {news: {}}", "news: a new app needs its url"),
        ("apps: {news: {url: 'https://u:***@h/'}}", "news: .* has no password"),
        ("apps: {news: {url: 'ftp://h/'}}", "must begin with https"),
        ("apps: {News: {url: 'https://h/'}}", "App name 'News' must have"),
    ],
)
def test_a_bad_file_changes_nothing_and_is_named(cli, tmp_path, text, said):
    cli("add-app", "shop", URL, "--no-check")
    file = tmp_path / "fleet.yaml"
    file.write_text(f"{text}\n")

    printed = cli("apply", str(file), status=1).stderr
    assert printed.startswith(f"Error: {file}: ")
    assert re.search(said, printed)
    assert [row["name"] for row in cli.data("list-apps")] == ["shop"]


def test_a_fleet_may_come_from_standard_input(cli):
    bad = cli("apply", "-", typed="apps: {news: {}}\n", status=1).stderr
    assert bad.startswith("Error: standard input: news: a new app needs its url")

    good = cli("apply", "-", typed="apps: {news: {url: 'https://n.eu/'}}\n").stdout
    assert good == "+ news  https://n.eu/\nApplied 1 change\n"


def test_a_file_that_is_not_there_is_an_error(cli, tmp_path):
    printed = cli("apply", str(tmp_path / "none.yaml"), status=1)

    assert "none.yaml cannot be read" in printed.stderr
