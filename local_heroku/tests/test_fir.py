"""An app on Fir: its sizes, its dynos' names, and which of them stop."""

from __future__ import annotations

import re

import pytest

from local_heroku.app_spec import read_app
from local_heroku.errors import ApiError
from local_heroku.render import app_json, dyno_json, dyno_size_json
from local_heroku.sizes import Generation, find_size
from local_heroku.tests.schema import valid
from local_heroku.tests.world import at, make_app, make_heroku

FIR = "dyno-1c-0.5gb"
NAME = re.compile(r"worker-([0-9a-z]{9})-([0-9a-z]{5})")


@pytest.fixture
def heroku():
    return make_heroku()


@pytest.fixture
def app(heroku):
    return make_app(heroku, {"worker": 9}, FIR, generation="fir")


def names(app):
    return [dyno.name for dyno in app.listed_dynos()]


def scale(heroku, app, seconds, quantity, **update):
    heroku.advance(at(seconds))
    update = {"type": "worker", "quantity": quantity, **update}
    heroku.scale(app, [update], at(seconds))


def test_dynos_have_names_without_numbers(app):
    found = [NAME.fullmatch(name) for name in names(app)]

    assert all(found)
    assert len({match[1] for match in found}) == 1
    assert len({match[2] for match in found}) == 9


def test_a_restart_changes_the_name_and_a_release_the_middle_of_it(heroku, app):
    before = names(app)
    heroku.restart(app, at(0))
    restarted = names(app)
    heroku.release(app, at(1))

    assert not set(before) & set(restarted)
    assert {name[:16] for name in before} == {name[:16] for name in restarted}
    assert {name[:16] for name in names(app)} != {name[:16] for name in before}


def test_what_is_not_up_yet_stops_first(heroku, app):
    before = names(app)
    scale(heroku, app, 0, 12)
    scale(heroku, app, 1, 9)

    assert names(app) == before


def test_neither_the_newest_nor_the_oldest_nor_any_name_goes_first(heroku, app):
    """Three that stay are in the middle of every order that a scaler may guess."""
    ages = [dyno.name for dyno in app.dynos]
    scale(heroku, app, 0, 3)
    stay = names(app)

    for order in (ages, sorted(ages)):
        places = sorted(order.index(name) for name in stay)
        assert places not in ([0, 1, 2], [6, 7, 8])


def test_it_scales_up_and_down_to_what_is_wanted(heroku, app):
    for seconds, quantity in enumerate((0, 4, 2, 7)):
        scale(heroku, app, seconds * 60, quantity)
        assert len(names(app)) == quantity


@pytest.mark.parametrize(
    ("generation", "size"), [("fir", "Standard-1X"), ("cedar", FIR), ("birch", FIR)]
)
def test_a_size_of_another_generation_is_refused(generation, size):
    row = {"type": "worker", "size": size}
    described = {"name": "shop", "formation": [row], "generation": generation}
    with pytest.raises(ApiError, match="No such"):
        read_app(described)


def test_a_change_to_a_size_of_another_generation_is_refused(heroku, app):
    with pytest.raises(ApiError, match=r"dyno-1c-0\.5gb"):
        scale(heroku, app, 0, 9, size="Standard-2X")


def test_a_row_without_a_size_has_the_smallest_of_its_generation():
    described = {"name": "shop", "formation": [{"type": "web"}]}

    assert read_app(described).formation[0].size.name == "Standard-1X"
    assert read_app({**described, "generation": "fir"}).formation[0].size.name == FIR


def test_the_answers_tell_the_generation(app):
    assert valid(app_json(app), "app")["generation"]["name"] == "fir"
    dyno = valid(dyno_json(app, app.dynos[0]), "dyno")
    assert (dyno["generation"]["name"], dyno["size"]) == ("fir", FIR)
    for name, generation in ((FIR, Generation.FIR), ("Eco", Generation.CEDAR)):
        size = dyno_size_json(find_size(name))
        assert size["generation"]["name"] == generation
