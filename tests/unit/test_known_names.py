"""A policy or a pause for a process type that the app does not have is refused."""

from __future__ import annotations

import pytest

from scalar.core.errors import PlatformUnavailable

UNKNOWN = (
    "shop has no process type wroker; it has web, worker. Did you mean worker? Use "
    "--force to store it all the same"
)


@pytest.fixture(params=["remembered", "read from Heroku"])
def shop(request, shop_cli):
    """Once with a formation that is remembered, and once without one."""
    if request.param == "remembered":
        shop_cli("poll", "shop")
    return shop_cli


@pytest.mark.parametrize(
    "command",
    [("set-policy", "shop", "wroker", "--max", "3"), ("pause-app", "shop", "wroker")],
    ids=lambda command: command[0],
)
def test_an_unknown_name_is_an_error_that_says_what_is_there(shop, command):
    assert f"Error: {UNKNOWN}\n" in shop(*command, status=1).stderr
    assert shop.world.registry.get("shop").policies == {}
    shop(*command, "--force")
    assert list(shop.world.registry.get("shop").policies) == ["wroker"]


def test_another_case_is_another_name(shop):
    printed = shop("pause-app", "shop", "Worker", status=1)
    assert "Did you mean worker?" in printed.stderr
    assert "Did you mean" not in shop("pause-app", "shop", "zz", status=1).stderr


def test_resuming_a_name_that_nobody_has_is_an_error(shop):
    assert "has no process type wroker" in str(
        shop("resume-app", "shop", "wroker", status=1)
    )


def test_a_process_type_that_was_just_deployed_is_known(shop):
    rows = shop.world.platform.formations["shop"]
    rows["mailer"] = rows["worker"]

    shop("set-policy", "shop", "mailer", "--max", "3")


def test_a_known_name_costs_no_call(shop_cli):
    shop_cli("poll", "shop")
    calls = len(shop_cli.world.platform.calls)
    shop_cli("set-policy", "shop", "worker", "--max", "3")

    assert len(shop_cli.world.platform.calls) == calls


def test_what_cannot_be_checked_is_accepted(shop_cli):
    shop_cli.world.platform.failures = [PlatformUnavailable("503")]
    shop_cli("set-policy", "shop", "anything", "--max", "3")


def test_a_stored_name_can_be_changed_and_is_marked(shop):
    shop("pause-app", "shop", "wroker", "--force")
    shop("set-policy", "shop", "wroker", "--max", "3")
    shop("poll", "shop")

    assert "policy:   wroker (the app has no such process type)" in str(
        shop("show-app", "shop")
    )
    assert ", no such process type: wroker" in shop("list-apps").stdout
    assert "paused: wroker" not in shop("list-apps").stdout
    assert shop.data("show-app", "shop")["policies"]["wroker"]["is_unknown"] is True
    shop("resume-app", "shop", "wroker")
    shop("unset-policy", "shop", "wroker", "--all")


# apply


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "fleet.yaml"
    path.write_text("apps: {shop: {process_types: {wroker: {max: 3}}}}\n")
    return str(path)


def test_a_file_is_checked_against_what_is_remembered_and_reads_nothing(shop_cli, file):
    shop_cli("poll", "shop")
    calls = len(shop_cli.world.platform.calls)

    assert UNKNOWN in shop_cli("apply", file, status=1).stderr
    note = "Note: shop has no process type wroker: its policy holds nothing.\n"
    assert shop_cli("apply", file, "--force").stderr == note
    assert shop_cli("apply", file).stderr == note
    assert len(shop_cli.world.platform.calls) == calls


def test_a_file_is_accepted_where_nothing_is_remembered(shop_cli, file):
    shop_cli("apply", file)
    assert shop_cli.world.platform.calls == []
