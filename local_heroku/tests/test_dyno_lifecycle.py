"""The states of dynos over time; they boot in 10 s and stop in 30 s."""

from __future__ import annotations

from datetime import timedelta

from local_heroku.tests.world import at, make_app, make_heroku


def states(app):
    """Return name and state of every dyno, stopping ones included."""
    return sorted((dyno.name, dyno.state.value) for dyno in app.dynos)


def shop(**formation):
    heroku = make_heroku()
    return heroku, make_app(heroku, formation)


def scale(heroku, app, seconds, **formation):
    heroku.advance(at(seconds))
    updates = [{"type": name, "quantity": n} for name, n in formation.items()]
    heroku.scale(app, updates, at(seconds))


def test_a_new_dyno_is_starting_until_it_has_booted():
    heroku, app = shop(web=1)
    scale(heroku, app, 0, web=2)
    assert states(app) == [("web.1", "up"), ("web.2", "starting")]

    heroku.advance(at(9.9))
    assert states(app)[1] == ("web.2", "starting")

    heroku.advance(at(10))
    assert states(app)[1] == ("web.2", "up")


def test_the_highest_numbers_stop_first_and_leave_the_list_at_once():
    heroku, app = shop(web=3)
    scale(heroku, app, 0, web=1)
    assert [dyno.name for dyno in app.listed_dynos()] == ["web.1"]

    heroku.advance(at(29.9))
    assert states(app) == [
        ("web.1", "up"),
        ("web.2", "stopping"),
        ("web.3", "stopping"),
    ]

    heroku.advance(at(30))
    assert states(app) == [("web.1", "up")]


def test_scaling_up_again_starts_a_new_dyno_beside_the_stopping_one():
    heroku, app = shop(web=2)
    old = next(dyno for dyno in app.dynos if dyno.name == "web.2")
    scale(heroku, app, 0, web=1)
    scale(heroku, app, 5, web=2)

    assert states(app) == [
        ("web.1", "up"),
        ("web.2", "starting"),
        ("web.2", "stopping"),
    ]
    assert [dyno.id for dyno in app.dynos if dyno.state == "stopping"] == [old.id]


def test_a_restart_overlaps_the_old_dyno_and_the_new_one():
    heroku, app = shop(web=1, worker=1)
    heroku.restart(app, at(0), process_type="web")

    assert states(app) == [
        ("web.1", "starting"),
        ("web.1", "stopping"),
        ("worker.1", "up"),
    ]


def test_a_release_restarts_every_dyno_on_the_new_version():
    heroku, app = shop(web=1, worker=1)
    release = heroku.release(app, at(0))
    listed = app.listed_dynos()

    assert release.version == 2
    assert {dyno.state.value for dyno in listed} == {"starting"}
    assert {dyno.release.version for dyno in listed} == {2}


def test_a_new_size_restarts_only_the_dynos_of_its_process_type():
    heroku, app = shop(web=1, worker=1)
    heroku.scale(app, [{"type": "web", "size": "standard-2x"}], at(0))
    sizes = {dyno.name: (dyno.size.name, dyno.state) for dyno in app.listed_dynos()}

    assert sizes == {
        "web.1": ("Standard-2X", "starting"),
        "worker.1": ("Standard-1X", "up"),
    }


def test_a_crashed_dyno_stays_crashed_until_it_is_restarted():
    heroku, app = shop(web=1)
    heroku.lifecycle.crash(app.dynos[0], at(0))
    heroku.advance(at(100_000))
    assert states(app) == [("web.1", "crashed")]

    heroku.restart(app, at(100_000))
    heroku.advance(at(100_010))
    assert ("web.1", "up") in states(app)


def test_a_dyno_is_cycled_24_hours_to_27_hours_36_minutes_after_its_start():
    heroku, app = shop(web=1)
    first = app.dynos[0].id
    day = timedelta(hours=24).total_seconds()
    heroku.advance(at(day - 1))
    assert [dyno.id for dyno in app.dynos] == [first]

    heroku.advance(at(day + 216 * 60 + 40))
    assert [dyno.name for dyno in app.dynos] == ["web.1"]
    assert app.dynos[0].id != first


def test_one_long_step_of_time_ends_like_many_short_ones():
    """Advancing ten days at once, or hour by hour, gives the same history."""

    def after_ten_days(step_hours):
        heroku, app = shop(web=3)
        scale(heroku, app, 0, web=2)
        for hour in range(0, 240, step_hours):
            heroku.advance(at((hour + step_hours) * 3600))
        return [(d.name, d.state, d.updated_at) for d in app.listed_dynos()]

    assert after_ten_days(240) == after_ten_days(1)
