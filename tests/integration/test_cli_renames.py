"""Apps that are renamed, swapped and created again, on real servers."""

from __future__ import annotations


def test_apps_that_swap_their_names_keep_their_policies_and_events(
    each_cli, heroku, name, counts_app
):
    """They are found by their ids, at the price of no call more."""
    heroku.clear()
    counts_app.answer({"worker": 25})
    other = f"{name[:20]}-other"
    for app, most in ((name, 9), (other, 2)):
        heroku.create_app(app, {"worker": 1})
        each_cli("add-app", app, counts_app.url)
        each_cli("set-policy", app, "--max", str(most))
    heroku.rename_app(name, "in-between")
    heroku.rename_app(other, name)
    heroku.rename_app("in-between", other)
    heroku.clear_requests()
    for _ in range(2):
        each_cli("poll", "--all")

    assert (heroku.formation(other), heroku.formation(name)) == (
        {"worker": 3},
        {"worker": 2},
    )
    assert heroku.cost() == 6  # for each a read at both polls, and a change
    assert each_cli.data("show-app", other)["name"] == other
    assert "max: 9" in each_cli("export").stdout.split(f"{other}:")[1]
    events = each_cli.data("events", other)
    assert {event["kind"] for event in events} >= {"renamed", "scaled"}
    assert f"was {name}" in str(events)


def test_an_app_that_is_created_again_is_held_until_it_is_accepted(
    cli, on_heroku, heroku, counts_app
):
    name = on_heroku
    counts_app.answer({"worker": 25})
    cli("add-app", name, counts_app.url)
    heroku.delete_app(name)
    heroku.create_app(name, {"worker": 1})
    held = cli("poll", name, status=1)
    assert "app_recreated" in held.stdout
    assert heroku.formation(name) == {"worker": 1}

    cli("rename-app", name, name)
    cli("poll", name)
    assert heroku.formation(name) == {"worker": 3}
