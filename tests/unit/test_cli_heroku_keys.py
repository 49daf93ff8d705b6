"""Apps with a Heroku key of their own: set, shown, unset."""

from __future__ import annotations

import pytest

from scalar.core.secret import Secret

KEY = "HRKU-hunter2-own"
URL = "https://shop.example/counts"
HIREFIRE = "https://shop.example/hirefire"


def key(cli, name="shop"):
    return cli.world.registry.get(name).heroku_key.reveal()


def shown(cli, name="shop"):
    return cli.data("show-app", name)["heroku_key"]


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        pytest.param(["--heroku-key", KEY], {}, id="as it is"),
        pytest.param(["--heroku-key", "-"], {"typed": f"{KEY}\n"}, id="from a pipe"),
        pytest.param(["--heroku-key"], {"typed": f"{KEY}\n"}, id="without a value"),
        pytest.param([], {"SCALAR_APP_HEROKU_KEY": KEY}, id="from the environment"),
    ],
)
def test_a_key_is_read_and_not_printed(cli, arguments, given):
    printed = cli("add-app", "shop", URL, "--no-check", *arguments, **given)

    assert key(cli) == KEY
    assert shown(cli) == "own key"
    assert "hunter2" not in str(printed)


def test_a_token_and_a_key_are_read_one_after_the_other(cli):
    cli(
        *("add-app", "shop", HIREFIRE, "--no-check"),
        *("--token", "-", "--heroku-key", "-"),
        typed=f"{KEY}\nt0ken\n",
    )

    assert key(cli) == KEY
    assert cli.world.registry.get("shop").address.token == Secret("t0ken")


def test_a_key_is_checked_unless_it_is_said_otherwise(shop_cli):
    shop_cli.world.platform.revoked = {Secret(KEY)}

    said = shop_cli("set-heroku-key", "shop", "-", typed=f"{KEY}\n", status=1).stderr
    assert "401" in said
    assert "--no-check" in said
    assert "hunter2" not in said
    assert shown(shop_cli) == "shared key"
    shop_cli("set-heroku-key", "shop", "-", "--no-check", typed=f"{KEY}\n")
    assert shown(shop_cli) == "own key"


def test_a_key_is_set_and_unset(shop_cli):
    assert shop_cli("set-heroku-key", "shop", KEY).stdout == (
        "shop is scaled with its own key\n"
    )
    assert shown(shop_cli) == "own key"
    assert shop_cli("unset-heroku-key", "shop").stdout == (
        "shop is scaled with HEROKU_API_KEY\n"
    )
    assert shown(shop_cli) == "shared key"


def test_another_address_leaves_the_key(shop_cli):
    shop_cli("set-heroku-key", "shop", KEY)
    shop_cli("move-app", "shop", URL)

    assert shown(shop_cli) == "own key"


@pytest.mark.parametrize(
    ("arguments", "said", "status"),
    [
        pytest.param(["set-heroku-key", "shop", "-"], "is empty", 1, id="an empty key"),
        pytest.param(["set-heroku-key", "shop"], "KEY", 2, id="not even -"),
        pytest.param(["set-heroku-key", "shop", "***"], "stands in for", 1, id="stars"),
        pytest.param(
            ["set-heroku-key", "shop", "two hunter2"], "white space", 1, id="a space"
        ),
        pytest.param(["set-heroku-key", "nobody", KEY], "add-app nobody", 1, id="app"),
        pytest.param(
            ["add-app", "blog", "--heroku-key", "https://u:hunter2@h/"],
            *("must not be a URL", 1),
            id="the URL for the key",
        ),
    ],
)
def test_a_bad_key_is_refused_and_not_repeated(shop_cli, arguments, said, status):
    printed = shop_cli(*arguments, status=status)

    assert said in printed.stderr
    assert "hunter2" not in str(printed)
    assert shown(shop_cli) == "shared key"


def test_a_fleet_in_a_file_keeps_the_key(shop_cli, tmp_path):
    shop_cli("set-heroku-key", "shop", KEY)
    file = tmp_path / "fleet.yaml"
    shop_cli("export", str(file))

    assert "hunter2" not in file.read_text()
    assert shop_cli("apply", str(file)).stdout == "Nothing to change\n"
    file.write_text(file.read_text().replace("    heroku_key: '***'\n", ""))
    applied = shop_cli("apply", str(file)).stdout
    assert applied == "- shop  heroku_key: ***\nApplied 1 change\n"
    assert shown(shop_cli) == "shared key"


def test_a_key_that_is_stored_as_plain_text_is_warned_of(cli):
    add = ("add-app", "shop", URL, "--heroku-key", KEY, "--no-check")

    assert "plain text" in cli(*add).stderr
    assert "plain text" in cli("set-heroku-key", "shop", KEY, "--no-check").stderr
    cli.env["SCALAR_SECRET_KEY"] = cli("make-secret-key").stdout.strip()
    assert cli("set-heroku-key", "shop", KEY, "--no-check").stderr == ""
