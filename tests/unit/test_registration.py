"""Registering an app, in memory."""

from __future__ import annotations

import pytest

from scalar.errors import (
    AppAlreadyRegistered,
    AppNotFound,
    CountsMalformed,
    CountsUnavailable,
    InvalidInput,
    NotAuthorized,
    PlatformError,
    PlatformUnavailable,
    RateLimited,
    Refused,
)
from scalar.model import Reason
from scalar.ports import HerokuApp
from scalar.service.registration import register
from tests.unit.world import World

URL = "https://shop.example/counts"
#: What Heroku in memory says of the app, with the usual path.
OWN_URL = "https://shop-0123.herokuapp.com/api/scalar_tasks/"
GUESS = "https://shop.herokuapp.com/api/scalar_tasks/"


@pytest.fixture
def world():
    """Heroku knows the app `shop`, which answers wherever it is asked."""
    world = World()
    world.platform.formations["shop"] = {}
    world.counts.answers = {
        URL: {"worker": 1},
        OWN_URL: {"worker": 1},
        GUESS: {"worker": 1},
    }
    return world


def add(world, name="shop", url=None, *, check=True, has_key=True):
    return register(world.parts, name, url, check=check, has_key=has_key)


def assert_nothing_was_registered(world):
    assert list(world.registry.page(0, 10)) == []


def test_an_app_that_answers_is_registered_without_remarks(world):
    done = add(world, url=URL)

    assert done.notes == ()
    assert done.app == world.registry.get("shop")
    assert done.app.url.address == URL
    assert done.app.created_at == world.clock.now()


def test_without_a_url_it_is_the_usual_path_at_the_address_that_heroku_knows(world):
    done = add(world)

    assert done.app.url.address == OWN_URL
    assert world.counts.asked == [OWN_URL]


def test_an_app_without_an_address_has_to_be_given_a_url(world):
    world.platform.app = lambda name: HerokuApp("id", name, web_url="")

    with pytest.raises(InvalidInput, match=r"python cli\.py add-app shop https://"):
        add(world)
    assert_nothing_was_registered(world)


def test_without_a_key_the_address_is_a_guess_and_it_says_so(world):
    done = add(world, has_key=False)

    assert done.app.url.address == GUESS
    assert any("guess" in note for note in done.notes)
    assert world.platform.calls == []


def test_without_a_check_nobody_is_asked(world):
    add(world, url=URL, check=False)

    assert world.platform.calls == []
    assert world.counts.asked == []


def test_an_app_that_heroku_does_not_know_is_refused_with_the_way_round(world):
    with pytest.raises(InvalidInput, match=r'no app "blog".*--no-check'):
        add(world, "blog", URL)

    assert_nothing_was_registered(world)


@pytest.mark.parametrize(
    "error",
    [
        Refused("Heroku answered 403", reason=Reason.FORBIDDEN, status=403),
        NotAuthorized("Heroku answered 401", status=401),
        RateLimited("Heroku answered 429", status=429),
        PlatformUnavailable("Heroku answered 503", status=503),
    ],
    ids=["403", "401", "429", "503"],
)
def test_a_heroku_that_cannot_tell_is_told_of_with_the_way_round(world, error):
    world.platform.failures = [error]

    with pytest.raises(PlatformError, match=rf"{error}.*--no-check"):
        add(world, url=URL)
    assert_nothing_was_registered(world)


@pytest.mark.parametrize(
    "error",
    [
        CountsUnavailable("the app answered HTTP 503"),
        CountsMalformed("the answer is not JSON"),
    ],
    ids=["unavailable", "malformed"],
)
def test_a_url_that_gives_no_counts_is_registered_with_a_remark(world, error):
    world.counts.answers[URL] = error
    done = add(world, url=URL)

    (note,) = done.notes
    assert str(error) in note
    assert "held" in note
    assert world.registry.get("shop") == done.app


def test_a_password_over_http_is_remarked_on(world):
    done = add(world, url="http://user:hunter2@shop.example/counts", check=False)

    (note,) = done.notes
    assert "https://" in note
    assert "hunter2" not in note


def test_a_duplicate_is_refused_before_anybody_is_asked(world):
    add(world, url=URL, check=False)

    with pytest.raises(AppAlreadyRegistered, match="shop"):
        add(world, url="https://shop.example/elsewhere")
    assert world.platform.calls == []
    assert world.counts.asked == []
    assert world.registry.get("shop").url.address == URL


@pytest.mark.parametrize("name", ["abc", "a" * 30, "shop-2", "s--p"])
def test_every_name_that_heroku_allows_is_taken(world, name):
    assert add(world, name, URL, check=False).app.name == name


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="nothing"),
        pytest.param("ab", id="too short"),
        pytest.param("a" * 31, id="too long"),
        pytest.param("Shop", id="upper case"),
        pytest.param("2shop", id="a digit first"),
        pytest.param("-shop", id="a dash first"),
        pytest.param("shop-", id="a dash last"),
        pytest.param("my_shop", id="an underscore"),
        pytest.param("my.shop", id="a dot"),
        pytest.param("my shop", id="a space"),
        pytest.param("shop\n", id="a line break"),
        pytest.param("shöp", id="an umlaut"),
        pytest.param("../shop", id="a path"),
        pytest.param("https://user:hunter2@shop.example/", id="a URL"),
        pytest.param("https://user:hunter2/x@shop.example/", id="a URL with a bare /"),
    ],
)
def test_a_bad_name_is_refused_with_the_rule_and_without_a_password(world, name):
    with pytest.raises(InvalidInput, match="3 to 30 lower-case letters") as refusal:
        add(world, name, URL)

    assert "hunter2" not in str(refusal.value)
    assert world.platform.calls == []
    assert_nothing_was_registered(world)


def test_a_bad_url_is_refused_before_anybody_is_asked(world):
    with pytest.raises(InvalidInput, match="https://"):
        add(world, url="ftp://shop.example/")

    assert world.platform.calls == []
    with pytest.raises(AppNotFound):
        world.registry.get("shop")
