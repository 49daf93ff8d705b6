"""`list-apps --failing`: which apps fail, since when, and what is known of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scalar.adapters.redis import memory_json
from scalar.cli.render_failing import WIDTH, shown_age
from scalar.core.app_state import Memory
from scalar.core.errors import CountsUnavailable, PlatformUnavailable
from scalar.core.formation import ProcessType
from scalar.core.reading import Unknown
from scalar.core.reason import Reason

LONG = "a-very-long-name-of-an-app-xyz"


@pytest.fixture
def fleet(cli):
    world = cli.world
    for name in ("fine", "silent", "half", LONG):
        world.add(name, worker=2, mailer=1)
        world.report({"worker": 20, "mailer": 3}, name)
        world.poll(name)
    return cli


def fail(cli):
    world = cli.world
    world.report(CountsUnavailable("no answer in 10 s"), "silent")
    world.report({"worker": Unknown(Reason.COUNT_NULL, "broker"), "mailer": 7}, "half")
    world.report({"worker": 95, "mailer": 3}, LONG)
    for name in ("fine", "silent", "half"):
        world.poll(name, seconds=0)
    world.platform.failures = [PlatformUnavailable("Heroku answered 503")]
    world.poll(LONG, seconds=0)


def test_what_fails_is_there_with_dynos_count_reason_and_age(fleet):
    fail(fleet)
    fleet.world.clock.walk(17 * 60)

    lines = fleet("list-apps", "--failing").stdout.splitlines()
    cells = [line.split("  ") for line in lines]
    assert [[cell.strip() for cell in line if cell.strip()] for line in cells] == [
        ["APP", "TYPE", "DYNOS", "COUNT", "REASON", "FOR"],
        [LONG, "mailer", "1", "3", "heroku_unavailable", "17 min"],
        [LONG, "worker", "2", "95", "heroku_unavailable", "17 min"],
        ["half", "worker", "2", "?", "count_null", "17 min"],
        ["silent", "mailer", "1", "?", "counts_unavailable", "17 min"],
        ["silent", "worker", "2", "?", "counts_unavailable", "17 min"],
    ]
    assert max(map(len, lines)) <= WIDTH


def test_the_last_count_of_an_app_that_went_silent_is_kept(fleet):
    """It was known while the app was held for another reason."""
    fail(fleet)
    fleet.world.report(CountsUnavailable("no answer in 10 s"), LONG)
    fleet.world.poll(LONG)

    rows = {row["process_type"]: row for row in fleet.data("list-apps", "--failing")}
    found = [r for r in fleet.data("list-apps", "--failing") if r["app"] == LONG]
    assert [row["count"] for row in found] == [3, 95]
    assert rows["worker"]["detail"]


def test_names_are_shortened_only_where_they_do_not_fit(fleet):
    fail(fleet)
    world = fleet.world
    name = "a-process-type-with-a-long-name"
    world.platform.formations[LONG][name] = world.platform.formations[LONG]["worker"]
    world.report({name: Unknown(Reason.COUNT_NULL)}, LONG)
    world.clock.walk(1000)
    world.poll(LONG)

    lines = fleet("list-apps", "--failing").stdout.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert any("…" in line for line in lines)


def test_an_app_in_maintenance_mode_does_not_fail(fleet):
    world = fleet.world
    world.platform.maintenance.add("fine")
    world.platform.formations["fine"]["worker"] = ProcessType(0)
    world.poll("fine", seconds=700)

    assert world.memory("fine").holds[""].reason is Reason.MAINTENANCE
    assert fleet.data("list-apps", "--failing") == []


def test_an_app_whose_secrets_fit_no_key_fails(fleet):
    fleet.world.registry.unreadable = {"fine"}

    (row,) = fleet.data("list-apps", "--failing")
    assert (row["app"], row["reason"]) == ("fine", "secret_unreadable")


def test_nothing_that_fails_says_so(fleet):
    printed = fleet("list-apps", "--failing")

    assert (printed.stdout, printed.stderr) == ("", "Nothing fails.\n")
    assert fleet.data("list-apps", "--failing") == []


def test_an_app_at_rest_has_nothing_new_to_store(fleet):
    before = fleet.world.memory("fine")
    fleet.world.report({"worker": 19, "mailer": 2}, "fine")
    fleet.world.poll("fine")

    assert fleet.world.memory("fine") == before
    assert before.counts == {}


def test_counts_are_read_back():
    memory = Memory(counts={"worker": 10**30, "mailer": 0.5})

    assert memory_json.load(memory_json.dump(memory)) == memory


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (180_000, "2 d")],
)
def test_an_age_has_one_unit(seconds, shown):
    assert shown_age(timedelta(seconds=seconds)) == shown
