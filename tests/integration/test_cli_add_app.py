"""`add-app`, with a Heroku and an app's API that are really asked."""

from __future__ import annotations

import pytest

PATH = "/api/scalar_tasks/"


def registered(cli):
    return {row["name"]: row["url"] for row in cli.data("list-apps")}


def test_an_app_is_registered_at_its_url(each_cli, heroku, name, counts_app):
    heroku.create_app(name)
    counts_app.answer({"worker": 12, "mailer": None})
    printed = each_cli("add-app", name, counts_app.url)

    assert printed.stdout == (
        f"Registered {name}: {counts_app.url}\n"
        "Found: mailer unknown (the app says that it does not know), worker 12, in "
        "the plain format\n"
    )
    assert printed.stderr == ""
    assert registered(each_cli) == {name: counts_app.url}
    assert len(counts_app.requests) == 1


def test_the_spelling_with_an_underscore_is_the_same_command(
    cli, heroku, name, counts_app
):
    heroku.create_app(name)
    cli("add_app", name, counts_app.url)

    assert registered(cli) == {name: counts_app.url}


def test_without_a_url_it_is_the_usual_path_at_the_address_that_heroku_knows(
    cli, heroku, name, counts_app
):
    heroku.create_app(name, web_url=f"http://127.0.0.1:{counts_app.port}/")
    cli("add-app", name)

    assert registered(cli) == {name: f"http://127.0.0.1:{counts_app.port}{PATH}"}
    assert [request.path for request in counts_app.requests] == [PATH]


def test_without_a_key_the_url_is_a_guess_and_it_says_so(cli, name):
    printed = cli("add-app", name, "--no-check", HEROKU_API_KEY="")

    assert registered(cli) == {name: f"https://{name}.herokuapp.com{PATH}"}
    assert "guess" in printed.stderr
    assert "heroku apps:info" in printed.stderr


def test_an_app_that_heroku_does_not_know_is_refused(cli, name, counts_app):
    said = cli("add-app", name, counts_app.url, status=1).stderr

    assert f'Heroku has no app "{name}"' in said
    assert "--no-check" in said
    assert registered(cli) == {}


def test_without_a_check_it_is_registered_all_the_same(cli, heroku, name, counts_app):
    heroku.clear_requests()
    cli("add-app", name, counts_app.url, "--no-check")

    assert registered(cli) == {name: counts_app.url}
    assert heroku.requests() == []
    assert counts_app.requests == []


def test_a_key_that_heroku_refuses_is_told_of_with_the_way_round(
    cli, heroku, name, counts_app
):
    heroku.create_app(name)
    said = cli("add-app", name, counts_app.url, status=1, HEROKU_API_KEY="wrong").stderr

    assert "HEROKU_API_KEY" in said
    assert "--no-check" in said
    assert registered(cli) == {}


def test_a_heroku_that_is_away_is_told_of_with_the_way_round(
    cli, heroku, name, counts_app
):
    heroku.create_app(name)
    heroku.fail(500, path=f"/apps/{name}")
    said = cli("add-app", name, counts_app.url, status=1).stderr

    assert "Heroku answered 500" in said
    assert "--no-check" in said
    assert len(said.splitlines()) == 1
    assert registered(cli) == {}


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        pytest.param(b"{}", 503, "HTTP 503", id="an HTTP error"),
        pytest.param(b"<html>", 200, "not JSON", id="a page"),
        pytest.param(b"5", 200, "JSON object", id="no object"),
    ],
)
def test_a_url_that_gives_no_counts_is_registered_with_a_remark(  # noqa: PLR0917 - a table
    cli, heroku, name, counts_app, answer, status, said
):
    heroku.create_app(name)
    counts_app.answer(answer, status=status)
    printed = cli("add-app", name, counts_app.url)

    assert said in printed.stderr
    assert "held until it does" in printed.stderr
    assert registered(cli) == {name: counts_app.url}


def test_a_name_is_registered_once(each_cli, heroku, name, counts_app):
    heroku.create_app(name)
    each_cli("add-app", name, counts_app.url)
    said = each_cli("add-app", name, "https://other.example/", status=1).stderr

    assert f'App "{name}" is registered already' in said
    assert registered(each_cli) == {name: counts_app.url}


@pytest.mark.parametrize("name", ["ab", "Shop", "my_shop", "shop.eu", "-shop", ""])
def test_a_bad_name_is_refused_with_the_rule(cli, name):
    said = cli("add-app", "--no-check", "--", name, status=1).stderr

    assert "3 to 30 lower-case letters, digits and dashes" in said
    assert repr(name) in said
    assert registered(cli) == {}


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        pytest.param("shop.example/x", "https:// or http://", id="no scheme"),
        pytest.param("ftp://shop.example/", "https:// or http://", id="another scheme"),
        pytest.param("https:///counts", "names no host", id="no host"),
        pytest.param("https://shop.example/a b", "white space", id="a space"),
        pytest.param("https://shop.example/\t", "white space", id="a tab"),
        pytest.param("https://shop.example:0/", "port 0", id="port 0"),
        pytest.param("https://shop.example:65536/", "port", id="a port too high"),
        pytest.param("https://shop.example:http/", "port", id="a port in letters"),
        pytest.param("https://shop.example/#top", "#fragment", id="a fragment"),
        pytest.param("", "must not be empty", id="nothing"),
    ],
)
def test_a_bad_url_is_refused_with_the_rule(cli, url, rule):
    said = cli("add-app", "shop", url, "--no-check", status=1).stderr

    assert rule in said
    assert len(said.splitlines()) == 1
    assert registered(cli) == {}


def test_a_url_without_a_path_is_taken_as_it_is(cli):
    cli("add-app", "shop", "https://shop.example", "--no-check")

    assert registered(cli) == {"shop": "https://shop.example/"}
