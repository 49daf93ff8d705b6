"""Registering an app, in memory."""

from __future__ import annotations

import re

import pytest

from scalar.core.errors import (
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
from scalar.core.reading import Form, Reading
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from scalar.service.registration import Wanted, move, register
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
        URL: {"worker": Reading(1)},
        OWN_URL: {"worker": Reading(1)},
        GUESS: {"worker": Reading(1)},
    }
    return world


def add(world, name="shop", url=None, *, check=True, has_key=True, **said):
    wanted = Wanted(url, **said)
    return register(world.parts, name, wanted, check=check, has_key=has_key)


def assert_nothing_was_registered(world):
    assert list(world.registry.page(0, 10)) == []


def test_an_app_that_answers_is_registered_without_remarks(world):
    done = add(world, url=URL)

    assert done.notes == ()
    assert done.app == world.registry.get("shop")
    assert done.app.address.url.address == URL
    assert done.app.created_at == world.clock.now()


def test_without_a_url_it_is_the_usual_path_at_the_address_that_heroku_knows(world):
    done = add(world)

    assert done.app.address.url.address == OWN_URL
    assert world.counts.asked == [OWN_URL]


def test_an_app_without_an_address_has_to_be_given_a_url(world):
    world.platform.web_urls["shop"] = ""

    with pytest.raises(InvalidInput, match=r"python cli\.py add-app shop https://"):
        add(world)
    assert_nothing_was_registered(world)


def test_without_a_key_the_address_is_a_guess_and_it_says_so(world):
    done = add(world, has_key=False)

    assert done.app.address.url.address == GUESS
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
    assert world.registry.get("shop").address.url.address == URL


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


WEB = "https://shop-0123.herokuapp.com"
TOKEN = Secret("hunter2")
HIREFIRE = {"worker": Reading(12, is_ambiguous=True)}


def test_hirefires_form_without_a_url_is_its_path_at_the_address_of_heroku(world):
    world.counts.answers[f"{WEB}/hirefire"] = HIREFIRE
    done = add(world, form=Form.HIREFIRE, token=TOKEN)

    address = done.app.address
    assert (address.url.address, address.form) == (f"{WEB}/hirefire", Form.HIREFIRE)
    assert (address.token, done.found) == (TOKEN, HIREFIRE)
    assert any("latency" in note for note in done.notes)


def test_a_token_alone_finds_the_first_place_that_answers(world):
    done = add(world, token=TOKEN)
    assert (done.app.address.url.address, done.app.address.form) == (OWN_URL, Form.AUTO)
    assert world.counts.asked == [OWN_URL]

    world.registry.remove("shop")
    world.counts.answers[OWN_URL] = CountsUnavailable("the app answered HTTP 404")
    world.counts.answers[f"{WEB}/hirefire"] = HIREFIRE
    done = add(world, token=TOKEN)
    assert done.app.address.form is Form.HIREFIRE
    assert done.app.address.token == TOKEN
    assert "404" not in str(done.notes)


def test_a_token_that_nobody_knows_is_registered_at_the_usual_path(world):
    for url in (OWN_URL, f"{WEB}/hirefire"):
        world.counts.answers[url] = CountsUnavailable("the app answered HTTP 404")
    done = add(world, token=TOKEN)

    assert done.app.address.url.address == OWN_URL
    assert done.found is None
    (note,) = done.notes
    assert f"{OWN_URL}: the app answered" in note
    assert f"{WEB}/hirefire: the app answered" in note


def test_a_token_alone_is_sent_nowhere_without_a_check(world):
    done = add(world, token=TOKEN, check=False)

    assert done.app.address.form is Form.AUTO
    assert world.counts.asked == []


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        pytest.param({"form": Form.CELERY}, "URL of the broker", id="no broker"),
        pytest.param({"queues": {"worker": ("a",)}}, "URL of the broker", id="queues"),
        pytest.param(
            {"url": "redis://h/", "queues": {"two words": ("a",)}},
            "Process type",
            id="no process type",
        ),
        pytest.param({"url": "redis://h/"}, "--queues", id="a broker, no queues"),
        pytest.param({"token": Secret("a b")}, "white space", id="no token"),
    ],
)
def test_a_contradiction_is_refused_before_anybody_is_asked(world, said, rule):
    with pytest.raises(InvalidInput, match=rule):
        add(world, **said)

    assert world.platform.calls == []
    assert_nothing_was_registered(world)


@pytest.mark.parametrize(
    ("url", "said", "better"),
    [
        ("http://shop.example/hirefire", {"token": TOKEN}, "token .* https://"),
        ("http://shop.example/hirefire/hunter2/info", {}, "token .* https://"),
        (
            "redis://:hunter2@h/",
            {"queues": {"worker": ("a",)}},
            "password .* rediss://",
        ),
    ],
    ids=["token", "token in the path", "broker"],
)
def test_a_secret_in_plain_text_is_remarked_on(world, url, said, better):
    done = add(world, url=url, check=False, **said)

    (note,) = done.notes
    assert re.search(better, note)
    assert "hunter2" not in note


def test_an_app_is_moved_and_keeps_its_policies(world):
    add(world, url=URL)
    world.registry.set_policy("shop", "worker", {"max": "9"})
    world.counts.answers[f"{WEB}/hirefire"] = HIREFIRE
    wanted = Wanted(form=Form.HIREFIRE, token=TOKEN)
    done = move(world.parts, "shop", wanted, check=True, has_key=True)

    assert done.app == world.registry.get("shop")
    assert done.app.address.url.address == f"{WEB}/hirefire"
    assert done.app.policies == {"worker": {"max": "9"}}
    assert done.found == HIREFIRE


def test_an_app_that_is_not_registered_is_not_moved(world):
    with pytest.raises(AppNotFound):
        move(world.parts, "shop", Wanted(URL), check=True, has_key=True)

    assert world.platform.calls == []
