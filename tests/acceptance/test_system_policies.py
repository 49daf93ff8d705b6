"""Policies set with the commands take effect in beat and worker."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest

from tests.support.waiting import wait_until

#: The apps were released just now, when they were created; that is no deploy here.
LEASE = {"MANUAL_LEASE": "1h", "LEASE_AFTER_RELEASE": "0s"}


@pytest.fixture(scope="module")
def database_url(shared_postgres):
    """The database of the shared system."""
    return shared_postgres.create_database()


@pytest.fixture(scope="module")
def shared(start_shared, database_url):
    """A system that rereads formations each second; some of its values apply rarely."""
    return start_shared(
        database_url,
        COUNT_BOUNDARY="10",
        FORMATION_TTL="1",
        FALLBACK_DYNOS="4",
        FALLBACK_AFTER="3",
        **LEASE,
        RELEASE_GRACE="8s",
    )


@pytest.fixture
def start(shared, borrow, counts_app, name):
    """Add an app to it."""

    def start(dynos, counts):
        system = borrow(shared)
        counts_app.answer(counts)
        system.register(name, dynos)
        return system

    return start


def reasons(system, name, kind="scaled"):
    """Return process type, dynos and reason of the events of a kind."""
    return [
        (e["process_type"], e["from_quantity"], e["to_quantity"], e["reason"])
        for e in system.events(name)
        if e["kind"] == kind
    ]


def test_values_of_app_and_process_type_take_effect(start, name, counts_app):
    system = start({"worker": 0, "mailer": 0}, {"worker": 0, "mailer": 0})
    system.cli("set-policy", name, "--min", "1", "--max", "6")
    system.cli("set-policy", name, "worker", "--wake", "3", "--max-step-up", "2")
    counts_app.answer({"worker": 99, "mailer": 99})
    system.wait_for_dynos(name, {"worker": 6, "mailer": 6})

    assert reasons(system, name) == [
        ("mailer", 0, 6, "too_many_dynos"),
        ("worker", 0, 3, "woken"),
        ("worker", 3, 5, "scale_up_limited"),
        ("worker", 5, 6, "too_many_dynos"),
    ]

    counts_app.answer({"worker": 1, "mailer": 0})
    system.wait_for_dynos(name, {"worker": 3, "mailer": 1})


def test_a_stabilization_window_survives_an_empty_redis(start, name, counts_app):
    system = start({"worker": 4}, {"worker": 35})
    system.cli("set-policy", name, "--stabilization-down", "1h")
    system.wait_for_polls(2)
    counts_app.answer({"worker": 0})
    system.wait_for_polls(2)
    system.redis.restart()
    system.wait_for_polls(3)

    assert system.patches(name) == []
    assert "highest of the last 3600 s" in system.cli("check-app", name)


def test_a_pause_holds_one_direction_and_ends(start, name, counts_app):
    system = start({"worker": 2}, {"worker": 15})
    system.cli("pause-app", name, "--down", "--for", "1h")
    counts_app.answer({"worker": 0})
    system.wait_for_polls(3)
    assert system.dynos(name) == {"worker": 2}

    counts_app.answer({"worker": 30})
    system.wait_for_dynos(name, {"worker": 3})
    counts_app.answer({"worker": 0})
    system.wait_for_polls(2)
    assert "scaling down is paused until" in system.cli("check-app", name)

    system.cli("pause-app", name, "--down", "--for", "2s")
    system.wait_for_dynos(name, {"worker": 0})


def test_a_dry_run_of_everything_says_what_it_would_do(make_system, counts_app, name):
    system = make_system(COUNT_BOUNDARY="10", FORMATION_TTL="1", DRY_RUN="true")
    system.register(name, {"worker": 0})
    counts_app.answer({"worker": 25})
    system.start("all-in-one")
    wait_until(lambda: reasons(system, name, "dry_run"))
    system.wait_for_polls(2)

    assert reasons(system, name, "dry_run") == [("worker", 0, 3, "recommended")]
    assert system.patches(name) == []
    assert "worker: 0 -> 3, dry run" in system.cli("check-app", name)


def test_unknown_counts_fall_back_until_they_are_known_again(start, name, counts_app):
    system = start({"worker": 1}, {"worker": 5})
    system.wait_for_polls(1)
    counts_app.answer({}, status=503)
    system.wait_for_dynos(name, {"worker": 4})
    system.wait_for_polls(3)
    assert reasons(system, name) == [("worker", 1, 4, "fallback")]

    counts_app.answer({"worker": 5})
    system.wait_for_dynos(name, {"worker": 1})


def test_a_manual_change_is_protected_even_if_redis_is_emptied(start, name, counts_app):
    system = start({"worker": 1}, {"worker": 5})
    system.wait_for_polls(2)
    system.heroku.scale(name, {"worker": 8})
    wait_until(lambda: reasons(system, name, "changed_elsewhere"))
    system.redis.restart()
    counts_app.clear()
    system.wait_for_polls(3)

    assert system.patches(name) == []
    assert system.dynos(name) == {"worker": 8}
    assert "changed by hand" in system.cli("check-app", name)


def test_a_manual_change_is_noticed_before_scaling(make_system, counts_app, name):
    """The remembered formation says 1; a person has just set 8."""
    system = make_system(COUNT_BOUNDARY="10", FORMATION_TTL="3600", **LEASE)
    system.register(name, {"worker": 1})
    counts_app.answer({"worker": 5})
    system.start("all-in-one")
    system.wait_for_polls(2)
    system.heroku.scale(name, {"worker": 8})
    counts_app.answer({"worker": 25})
    wait_until(lambda: reasons(system, name, "changed_elsewhere"))
    system.wait_for_polls(2)

    assert system.patches(name) == []
    assert system.dynos(name) == {"worker": 8}


def test_a_release_keeps_dynos_for_its_grace_period(start, name, counts_app):
    system = start({"worker": 3}, {"worker": 25})
    system.wait_for_polls(1)
    system.heroku.release(name)
    counts_app.answer({"worker": 0})
    system.wait_for_polls(3)
    assert system.patches(name) == []
    assert "left after the last release" in system.cli("check-app", name)

    system.wait_for_dynos(name, {"worker": 0})


def test_an_invalid_stored_policy_holds_only_its_process_type(
    start, name, counts_app, database_url
):
    system = start({"worker": 0, "mailer": 0}, {"worker": 0, "mailer": 0})
    system.cli("set-policy", name, "worker", "--max", "5")
    with closing(psycopg2.connect(database_url)) as connection, connection as work:
        work.cursor().execute(
            """UPDATE policies SET "values" = '{"max": "many"}';
            UPDATE apps SET revision = revision + 1"""
        )
    counts_app.answer({"worker": 25, "mailer": 25})
    system.wait_for_dynos(name, {"mailer": 3})
    wait_until(lambda: reasons(system, name, "held"))

    assert reasons(system, name, "held") == [("worker", None, None, "policy_invalid")]
    assert system.dynos(name) == {"worker": 0, "mailer": 3}
    assert "max = 'many', must be an integer" in system.cli("show-app", name)


def test_a_fleet_file_is_applied(start, name, counts_app, tmp_path):
    system = start({"worker": 0}, {"worker": 25})
    system.wait_for_dynos(name, {"worker": 3})
    file = tmp_path / "fleet.yaml"
    file.write_text(f"apps:\n  {name}:\n    policy:\n      boundary: 5\n")
    assert "+ " in system.cli("apply", "--dry-run", str(file))
    system.cli("apply", str(file))
    system.wait_for_dynos(name, {"worker": 5})

    assert "Nothing to change" in system.cli("apply", str(file))
