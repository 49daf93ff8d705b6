"""A fleet as one description: read, compared, carried out, told again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.app import AppEntry
from scalar.core.app_state import WHOLE_APP
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import InvalidInput
from scalar.core.reading import Form
from scalar.core.secret import Secret
from scalar.formats.fleet_yaml import read_fleet, write_fleet
from scalar.ports.registry import Identity
from scalar.service.fleet import carry_out, describe, plan
from tests.unit.world import World

URL = "https://shop.example/counts"
SECRET = CountsAddress.parse("https://user:hunter2@shop.example/counts")


@pytest.fixture
def world():
    return World()


def planned(world, *entries, prune=False):
    return plan(world.parts, list(entries), prune=prune)


def apply(world, *entries, prune=False):
    wanted = planned(world, *entries, prune=prune)
    carry_out(world.parts, wanted)
    return wanted.lines


def entry(name="shop", url=URL, policies=None):
    return AppEntry(name, url, policies or {})


def test_a_new_app_is_registered_with_its_policies(world):
    lines = apply(world, entry(policies={"": {"max": "9"}, "worker": {"min": "1"}}))

    app = world.registry.get("shop")
    assert (app.address.url.address, app.created_at) == (URL, world.clock.now())
    assert app.policies == {"": {"max": "9"}, "worker": {"min": "1"}}
    assert lines == [
        f"+ shop  {URL}",
        "+ shop  max: 9",
        "+ shop worker  min: 1",
    ]


def test_policies_are_replaced_as_a_whole(world):
    apply(
        world, entry(policies={"": {"max": "9", "min": "1"}, "worker": {"wake": "2"}})
    )
    lines = apply(world, entry(policies={"": {"max": "8", "tolerance": "0.1"}}))

    assert world.registry.get("shop").policies == {"": {"max": "8", "tolerance": "0.1"}}
    assert lines == [
        "~ shop  max: 9 -> 8",
        "- shop  min: 1",
        "+ shop  tolerance: 0.1",
        "- shop worker  wake: 2",
    ]


def test_another_url_moves_the_app(world):
    apply(world, entry())
    lines = apply(world, entry(url="https://new.example/counts"))

    assert (
        world.registry.get("shop").address.url.address == "https://new.example/counts"
    )
    assert lines == [f"~ shop  url: {URL} -> https://new.example/counts"]


def test_what_is_told_of_a_fleet_changes_nothing(world):
    world.registry.add("shop", SECRET, world.clock.now())
    world.add("blog")
    world.registry.set_policy("shop", "", {"max": "9", "pause_up": "resumed"})
    world.registry.set_policy("blog", "worker", {"min": "1"})
    wanted = planned(world, *describe(world.parts), prune=True)

    assert (wanted.lines, wanted.add, wanted.move) == ([], [], [])
    assert (wanted.set, wanted.remove, wanted.left_alone) == ([], [], [])


def test_to_apply_twice_is_to_apply_once(world):
    entries = [entry(policies={"worker": {"max": "9"}}), entry("blog")]
    apply(world, *entries, prune=True)

    assert planned(world, *entries, prune=True).lines == []


def test_a_fleet_is_told_in_the_order_of_its_names(world):
    for name in ("shop", "blog", "api"):
        world.add(name)

    assert [e.name for e in describe(world.parts)] == ["api", "blog", "shop"]


def test_no_password_and_no_pause_is_told(world):
    world.registry.add("shop", SECRET, world.clock.now())
    world.registry.set_policy("shop", "", {"pause_up": "resumed", "max": "9"})
    world.registry.set_policy("shop", "worker", {"pause_down": "resumed"})
    (told,) = describe(world.parts)

    assert told.url == "https://user:***@shop.example/counts"
    assert told.policies == {"": {"max": "9"}}
    assert "hunter2" not in repr(told) + write_fleet([told])


@pytest.mark.parametrize(
    "url", [None, "https://user:***@shop.example/counts"], ids=["left out", "***"]
)
def test_the_stored_password_is_kept(world, url):
    world.registry.add("shop", SECRET, world.clock.now())
    apply(world, entry(url=url, policies={"": {"max": "9"}}))

    assert world.registry.get("shop").address == SECRET
    assert world.registry.get("shop").policies == {"": {"max": "9"}}


def test_a_password_may_be_given_and_no_line_shows_it(world):
    apply(world, entry())
    lines = apply(world, entry(url=SECRET.url.reveal()))

    assert world.registry.get("shop").address == SECRET
    assert lines == [f"~ shop  url: {URL} -> {SECRET.shown()}"]


TOKEN = Secret("hunter2")
HIREFIRE = CountsAddress.parse("https://shop.example/hirefire", token=TOKEN)
IN_PATH = CountsAddress.parse("https://shop.example/hirefire/hunter2/info")
QUEUES = {"mailer": ("post",), "worker": ("default", "mail")}
BROKER = CountsAddress.parse("rediss://:hunter2@h:6380/0?sep=x", queues=QUEUES)
SCALAR = CountsAddress.parse("https://shop.example/counts", Form.SCALAR, TOKEN)
EXPLICIT = CountsAddress.parse("https://shop.example/hirefire", Form.AUTO)


@pytest.mark.parametrize(
    "address",
    [SECRET, HIREFIRE, IN_PATH, BROKER, SCALAR, EXPLICIT],
    ids=["password", "hirefire", "path", "broker", "scalar", "explicit"],
)
def test_every_address_is_told_without_its_secret_and_kept(world, address):
    world.registry.add("shop", address, world.clock.now())
    text = write_fleet(describe(world.parts))
    lines = apply(world, *read_fleet(text), prune=True)

    assert lines == []
    assert world.registry.get("shop").address == address
    assert "hunter2" not in text


def test_a_broker_is_written_with_its_queues(world):
    world.registry.add("shop", BROKER, world.clock.now())

    assert write_fleet(describe(world.parts)).endswith(
        """\
apps:
  shop:
    url: rediss://:***@h:6380/0?***
    queues:
      mailer:
      - post
      worker:
      - default
      - mail
"""
    )


def test_an_address_is_described_in_a_file():
    (shop,) = read_fleet(
        "apps: {shop: {url: 'https://h/counts', format: hirefire, token: hunter2}}"
    )
    assert (shop.form, shop.token) == (Form.HIREFIRE, TOKEN)
    (shop,) = read_fleet("apps: {shop: {url: 'redis://h/', queues: {worker: [a, b]}}}")
    assert shop.queues == {"worker": ("a", "b")}


def test_a_token_may_be_given_and_no_line_shows_it(world):
    apply(world, entry())
    lines = apply(world, AppEntry("shop", URL, {}, Form.SCALAR, TOKEN))
    assert lines == [f"~ shop  url: {URL} -> {URL} (scalar)"]
    lines = apply(world, AppEntry("shop", URL, {}, Form.SCALAR, Secret("other")))

    assert lines == [
        f"~ shop  url: {URL} (scalar) -> {URL} (scalar) (another password or token)"
    ]
    assert world.registry.get("shop").address.token == Secret("other")


@pytest.mark.parametrize(
    "url", ["https://evil.example/hirefire", "https://evil.example/hirefire/***/info"]
)
def test_a_stored_token_does_not_follow_to_another_host(world, url):
    world.registry.add("shop", HIREFIRE, world.clock.now())

    with pytest.raises(InvalidInput, match="none is stored for this address"):
        planned(world, AppEntry("shop", url, {}, None, Secret("***")))


def test_queues_are_changed(world):
    world.registry.add("shop", BROKER, world.clock.now())
    queues = {"worker": ("default",)}
    lines = apply(world, AppEntry("shop", BROKER.shown(), {}, queues=queues))

    assert world.registry.get("shop").address == replace(BROKER, queues=queues)
    shown = "rediss://:***@h:6380/0?***"
    before = f"{shown} (celery: mailer=post worker=default,mail)"
    assert lines == [f"~ shop  url: {before} -> {shown} (celery: worker=default)"]


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        pytest.param(
            AppEntry("shop", "redis://h/", {}), "--queues worker=celery", id="no queues"
        ),
        pytest.param(
            AppEntry("shop", URL, {}, Form.CELERY), "is not a broker", id="no broker"
        ),
        pytest.param(
            AppEntry("shop", "redis://h/", {}, queues={"a b": ("c",)}),
            "Process type 'a b'",
            id="process type",
        ),
        pytest.param(
            AppEntry("shop", None, {}, Form.SCALAR), "needs its url", id="no url"
        ),
    ],
)
def test_an_address_that_does_not_go_together_is_refused(world, wrong, rule):
    with pytest.raises(InvalidInput, match="shop: .*" + rule):
        apply(world, wrong)


def test_parts_of_an_address_need_the_url_beside_them(world):
    world.registry.add("shop", HIREFIRE, world.clock.now())

    with pytest.raises(InvalidInput, match="need a url as well"):
        planned(world, AppEntry("shop", None, {}, Form.SCALAR))


def test_a_pause_that_is_under_way_goes_on(world):
    apply(world, entry(policies={"worker": {"max": "9"}}))
    world.registry.set_policy("shop", "worker", {"max": "9", "pause_up": "resumed"})
    world.registry.set_policy("shop", "mailer", {"pause_down": "resumed"})
    lines = apply(world, entry(policies={"worker": {"max": "8"}}))

    assert lines == ["~ shop worker  max: 9 -> 8"]
    assert world.registry.get("shop").policies == {
        "worker": {"max": "8", "pause_up": "resumed"},
        "mailer": {"pause_down": "resumed"},
    }


def test_apps_that_are_not_described_are_left_alone(world):
    world.add("blog")
    wanted = planned(world, entry())

    assert wanted.left_alone == ["blog"]
    assert wanted.remove == []


def test_they_are_removed_if_that_is_asked_for(world):
    world.add("blog")
    lines = apply(world, entry(), prune=True)

    assert lines == [f"+ shop  {URL}", "- blog"]
    assert [key.name for key in world.registry.page(0, 10)] == ["shop"]


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        pytest.param(entry("Shop"), "App name 'Shop' must have 3 to 30", id="name"),
        pytest.param(entry(url=None), "shop: a new app needs its url", id="no url"),
        pytest.param(entry(url="ftp://x"), "shop: URL 'ftp://x' must begin", id="url"),
        pytest.param(
            entry(url="https://user:***@shop.example/counts"),
            "shop: https://user:***@shop.example/counts has no password",
            id="***",
        ),
        pytest.param(
            entry(policies={"": {"max": "x"}}),
            "policy of shop: max = 'x', must be an integer",
            id="value",
        ),
        pytest.param(
            entry(policies={"": {"max": "2"}, "worker": {"min": "3"}}),
            "policy of shop for worker: max = 2, must be at least min (3)",
            id="range",
        ),
        pytest.param(
            entry(policies={"two words": {"max": "2"}}),
            "shop: Process type 'two words' must have",
            id="process type",
        ),
        pytest.param(
            entry(policies={"": {"maximum": "2"}}),
            "unknown policy value 'maximum'",
            id="unknown",
        ),
    ],
)
def test_what_is_wrong_names_the_app_and_nothing_is_changed(world, wrong, rule):
    with pytest.raises(InvalidInput) as refusal:
        apply(world, entry("blog"), wrong)

    assert rule in str(refusal.value)
    assert wrong.name in str(refusal.value)
    assert list(world.registry.page(0, 10)) == []


def test_a_stored_password_does_not_follow_to_another_host(world):
    world.registry.add("shop", SECRET, world.clock.now())

    with pytest.raises(InvalidInput, match="none is stored for this address"):
        planned(world, entry(url="https://user:***@evil.example/counts"))


def test_a_fleet_of_several_pages_is_seen_whole(world):
    for number in range(1_001):
        world.add(f"app-{number}")

    assert len(describe(world.parts)) == 1_001


FILE = """\
apps:
  shop:
    url: https://user:***@shop.example/counts
    policy:
      max: 9
      dry_run: true
      tolerance: 0.1
      schedule: |
        Europe/Berlin:
        mon-fri 08:00-18:00 min=2
        sat,sun 00:00-24:00 max=1
    process_types:
      worker:
        stabilization_down: 5m
  blog:
"""


def test_a_file_is_read_as_texts():
    shop, blog = read_fleet(FILE)

    assert shop.url == "https://user:***@shop.example/counts"
    assert shop.policies["worker"] == {"stabilization_down": "5m"}
    values = dict(shop.policies[WHOLE_APP])
    assert values.pop("schedule").startswith("Europe/Berlin:\nmon-fri")
    assert values == {"max": "9", "dry_run": "true", "tolerance": "0.1"}
    assert blog == AppEntry("blog", None, {})


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("", "the file must be a mapping of names", id="empty"),
        pytest.param("- shop", "the file must be a mapping of names", id="a list"),
        pytest.param("apps:", "apps must be a mapping of names", id="no apps"),
        pytest.param("apps: [shop]", "apps must be a mapping of names", id="a list of"),
        pytest.param(
            "apps: {}\nfleet: 1", "the file: unknown fleet; the only key", id="a key"
        ),
        pytest.param(
            "apps: {shop: {uri: x}}",
            "shop: unknown uri; choose from id, url, format, token, queues, ",
            id="another key",
        ),
        pytest.param("apps: {shop: x}", "shop must be a mapping", id="a text"),
        pytest.param("apps: {shop: {url: 5}}", "shop: url must be text", id="url"),
        pytest.param("apps: {a: {token: 5}}", "a: token must be text", id="token"),
        pytest.param(
            "apps: {a: {format: x}}",
            "a: format 'x' must be auto, scalar, hirefire, celery",
            id="format",
        ),
        pytest.param("apps: {a: {queues: x}}", "a: queues must be a map", id="queues"),
        pytest.param(
            "apps: {a: {queues: {worker: x}}}", "must be a list of text", id="a queue"
        ),
        pytest.param(
            "apps: {shop: {policy: [max]}}",
            "shop: policy must be a mapping",
            id="policy",
        ),
        pytest.param(
            "apps: {shop: {process_types: {worker: 5}}}",
            "shop worker must be a mapping",
            id="process type",
        ),
        pytest.param(
            "apps: {shop: {policy: {max: [9]}}}",
            "shop: policy max must be text, a number, true or false, not list",
            id="a list for a value",
        ),
        pytest.param(
            "apps: {shop: {policy: {max: }}}", "max must be text", id="no value"
        ),
        pytest.param(
            "apps: {shop: {policy: {pause_up: 2026-01-01}}}", "not date", id="a date"
        ),
        pytest.param(
            "apps:\n  shop: {}\n  blog: {}\n  shop: {}\n",
            "line 2: duplicate key shop",
            id="an app twice",
        ),
        pytest.param(
            "apps: {shop: {policy: {max: 1, max: 2}}}", "duplicate key max", id="twice"
        ),
        pytest.param(
            "apps: {a: &x {}, b: {<<: *x}}", "(<<) are not supported", id="a merge"
        ),
        pytest.param("apps: {", "the file is not valid YAML", id="invalid YAML"),
        pytest.param("\0", "the file is not valid YAML", id="NUL"),
        pytest.param("? [a]\n: b", "the file is not valid YAML", id="a list for a key"),
        pytest.param(
            "!!python/object:os.system x", "not valid YAML", id="a Python object"
        ),
        pytest.param("[" * 5_000, "nested too deeply", id="nested without end"),
        pytest.param("a: 2026-02-30", "an invalid value", id="no such day"),
        pytest.param("a: " + "9" * 5_000, "an invalid value", id="too many digits"),
        pytest.param(
            "&a {apps: *a}", "apps: unknown apps; choose from id, url", id="itself"
        ),
    ],
)
def test_what_is_no_fleet_is_refused_with_the_place(text, rule):
    with pytest.raises(InvalidInput) as refusal:
        read_fleet(text)

    assert rule in str(refusal.value)
    assert len(str(refusal.value)) < 1_000


@pytest.mark.parametrize("place", ["{url: *z}", "{policy: {max: *z}}", "*z"])
def test_a_bomb_of_aliases_is_refused_at_once(place):
    """26 lists, each nine times the one before: 9^25 texts, if they were written."""
    bomb = 'a: &a ["x"]\n' + "\n".join(
        f"{chr(n)}: &{chr(n)} [{','.join(['*' + chr(n - 1)] * 9)}]"
        for n in range(ord("b"), ord("z") + 1)
    )

    with pytest.raises(InvalidInput):
        read_fleet(f"{bomb}\napps: {{shop: {place}}}")


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(
    str.strip
)
values = st.dictionaries(
    st.sampled_from(["max", "min", "schedule", "tolerance"]),
    texts
    | st.sampled_from(["9", "09", "0.1", "true", "none", "null", "1e3", "1:30", "yes"])
    | st.sampled_from(["UTC:\ndaily 08:00-09:00 min=1", "a: b # c", "- x", "=", "~"]),
    min_size=1,
)
entries = st.lists(
    st.builds(
        AppEntry,
        st.sampled_from(["shop", "blog", "api", "yes", "null"]),
        st.just("https://user:***@shop.example/counts"),
        st.dictionaries(
            st.sampled_from([WHOLE_APP, "worker", "web", "on", "12"]), values
        ),
        st.sampled_from([None, *Form]),
        st.sampled_from([Secret(""), Secret("***")]),
        st.dictionaries(
            st.sampled_from(["worker", "on", "12"]),
            st.lists(texts, min_size=1).map(tuple),
        ),
    ),
    unique_by=lambda e: e.name,
)


@given(entries)
def test_a_file_is_read_back_as_it_was_written(some):
    assert read_fleet(write_fleet(some)) == some


def test_an_error_of_yaml_does_not_repeat_the_line_with_a_password():
    text = "apps:\n  shop:\n    url: https://user:hun/ter2@h/: : x\n"
    with pytest.raises(InvalidInput, match="not valid YAML: line 3") as refused:
        read_fleet(text)

    assert "ter2" not in str(refused.value)


OWN = Secret("HRKU-hunter2")


def with_key(text, url=f"url: {URL}"):
    """Return the entries of a file with this for the app's Heroku key."""
    return read_fleet(f"apps:\n  shop:\n    {url}\n    heroku_key: {text}\n")


def test_a_heroku_key_is_told_as_stored_and_kept(world):
    world.registry.add("shop", SECRET, world.clock.now(), OWN)
    world.add("blog")
    file = write_fleet(describe(world.parts))

    assert file.count("heroku_key: '***'") == 1
    assert "hunter2" not in file
    assert planned(world, *read_fleet(file), prune=True).lines == []


@pytest.mark.parametrize(
    ("before", "text", "after", "line"),
    [
        (Secret(""), "HRKU-hunter2", OWN, "+ shop  heroku_key: ***"),
        (
            *(Secret("other"), "HRKU-hunter2", OWN),
            "~ shop  heroku_key: *** -> *** (another key)",
        ),
        (OWN, "null", Secret(""), "- shop  heroku_key: ***"),
    ],
    ids=["given", "changed", "taken away"],
)
def test_a_heroku_key_is_brought_to_what_the_file_says(
    world, before, text, after, line
):
    address = CountsAddress.parse(URL)
    world.registry.add("shop", address, world.clock.now(), before)
    lines = apply(world, *with_key(text))

    assert world.registry.get("shop").heroku_key == after
    assert lines == [line]
    again = text if text == "null" else "'***'"
    assert planned(world, *with_key(again)).lines == []


def test_neither_an_entry_nor_a_file_has_the_heroku_key_itself(world):
    """One of the two would be enough, as long as nobody changes it."""
    world.registry.add("shop", SECRET, world.clock.now(), OWN)
    (told,) = describe(world.parts)

    assert told.heroku_key == Secret("***")
    assert "hunter2" not in write_fleet([replace(told, heroku_key=OWN)])


def test_a_new_app_has_the_heroku_key_of_the_file(world):
    lines = apply(world, *with_key("HRKU-hunter2"))

    assert world.registry.get("shop").heroku_key == OWN
    assert lines == [f"+ shop  {URL}", "+ shop  heroku_key: ***"]


@pytest.mark.parametrize("url", ["policy: {max: 9}", "url: https://new.example/"])
def test_the_stored_heroku_key_stays_with_or_without_another_url(world, url):
    """It goes to Heroku alone, wherever the app is asked."""
    world.registry.add("shop", SECRET, world.clock.now(), OWN)
    apply(world, *with_key("'***'", url))

    assert world.registry.get("shop").heroku_key == OWN


def test_a_heroku_key_that_is_left_out_with_the_url_stays(world):
    world.registry.add("shop", SECRET, world.clock.now(), OWN)
    apply(world, entry(url=None, policies={"": {"max": "9"}}))

    assert world.registry.get("shop").heroku_key == OWN


@pytest.mark.parametrize("is_there", [True, False], ids=["known", "new"])
def test_stars_for_a_heroku_key_that_is_not_stored_are_refused(world, is_there):
    if is_there:
        world.add()
    command = "set-heroku-key shop -" if is_there else "add-app shop --heroku-key -"

    with pytest.raises(InvalidInput, match=rf"none is stored.*{command}"):
        planned(world, *with_key("'***'"))


@pytest.mark.parametrize("text", ["'two words hunter2'", "5", "[hunter2]"])
def test_what_is_no_heroku_key_is_refused_with_the_app(text):
    with pytest.raises(InvalidInput, match=r"shop: .*key") as failure:
        with_key(text)

    assert "hunter2" not in str(failure.value)


def renamed(world, *, platform_id="id-1"):
    """Register `blue`, which the platform calls `green` now."""
    address = CountsAddress.parse("https://any:secret@blue-0123456789ab.herokuapp.com/")
    at = world.clock.now()
    app = world.registry.add("blue", address, at, platform_id=platform_id)
    (before,) = describe(world.parts)
    moved = CountsAddress.parse("https://any:secret@green-0123456789ab.herokuapp.com/")
    world.registry.identify(app.id, Identity("id-1", "green"), at, moved)
    return before


def test_an_entry_with_a_former_name_is_the_same_app(world):
    """With its address of that time, and though others are removed."""
    before = renamed(world)
    for entry_of_it in (before, replace(before, platform_id="")):
        wanted = planned(world, entry_of_it, prune=True)
        assert wanted.renamed == ["blue is called green"]
        assert wanted.lines == []


def test_an_app_is_exported_and_found_by_its_id(world):
    renamed(world)
    (exported,) = read_fleet(write_fleet(describe(world.parts)))
    assert (exported.name, exported.platform_id) == ("green", "id-1")
    apply(world, replace(exported, name="blue", policies={"": {"max": "3"}}))

    assert world.registry.get("green").policies == {"": {"max": "3"}}


def test_a_name_that_two_apps_have_had_needs_an_id(world):
    before = renamed(world)
    apply(world, AppEntry("blue", URL, {}, platform_id="id-2"))
    assert world.registry.get("blue").platform_id == "id-2"

    with pytest.raises(InvalidInput, match=r"blue and green now\. Give the id"):
        planned(world, entry("blue"))
    assert planned(world, replace(before, name="blue")).renamed
    assert not planned(world, AppEntry("blue", URL, {}, platform_id="id-2")).lines


def test_another_id_under_a_registered_name_is_refused(world):
    renamed(world)

    with pytest.raises(InvalidInput, match="rename-app green green"):
        planned(world, AppEntry("green", URL, {}, platform_id="id-9"))


def test_one_app_twice_in_a_file_is_refused(world):
    before = renamed(world)

    with pytest.raises(InvalidInput, match="twice"):
        planned(world, before, replace(before, name="green"))


def test_a_removed_app_is_forgotten(world):
    apply(world, entry())
    app_id = world.registry.app_key("shop").id
    world.coordinator.reserve([app_id], "token", 5)
    apply(world, prune=True)

    assert world.coordinator.busy([app_id]) == set()
