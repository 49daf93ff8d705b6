"""Scaling a formation: quantities, sizes and limits."""

from __future__ import annotations

import pytest

from local_heroku.apps import RELEASE_TYPE
from local_heroku.errors import ApiError
from local_heroku.sizes import find_size
from local_heroku.tests.schema import valid
from local_heroku.tests.world import at, make_app, make_heroku, quantities

PER_TYPE, PER_APP = "cannot_update_above_limit", "cannot_run_above_limit"


def scaled(formation, *updates, size="Standard-1X"):
    """Return the app after the updates."""
    heroku = make_heroku()
    app = make_app(heroku, formation, size)
    heroku.scale(app, updates, at(1))
    return app


def refusal(formation, *updates, size="Standard-1X"):
    """Return the error of the updates, after checking that nothing changed."""
    heroku = make_heroku()
    app = make_app(heroku, formation, size)
    with pytest.raises(ApiError) as refused:
        heroku.scale(app, updates, at(1))

    assert quantities(app) == formation
    assert {row.size.name for row in app.formation.values()} == {size}
    return refused.value


@pytest.mark.parametrize(
    ("quantity", "result"),
    [
        pytest.param(3, 3, id="a number"),
        pytest.param("3", 3, id="the CLI's web=3"),
        pytest.param("+2", 4, id="the CLI's web+2"),
        pytest.param("-1", 1, id="the CLI's web-1"),
        pytest.param("-2", 0, id="down to zero"),
        pytest.param(0, 0, id="zero"),
        pytest.param(None, 2, id="kept when absent"),
    ],
)
def test_a_quantity_is_absolute_or_relative(quantity, result):
    app = scaled({"web": 2}, {"type": "web", "quantity": quantity})

    assert quantities(app) == {"web": result}


@pytest.mark.parametrize(
    "quantity", [-1, "-3", True, 1.5, "two", "", "1 ", "++1", [], {}, 10**12, "9" * 30]
)
def test_an_invalid_quantity_is_refused(quantity):
    error = refusal({"web": 2}, {"type": "web", "quantity": quantity})

    assert (error.status, error.body["id"]) == (422, "invalid_params")


def test_relative_updates_of_one_batch_add_up():
    once = {"type": "web", "quantity": "+1"}

    assert quantities(scaled({"web": 2}, once, once)) == {"web": 4}


@pytest.mark.parametrize(
    "size",
    [
        {"size": "standard-2x"},
        {"size": "STANDARD-2X"},
        {"dyno_size": {"name": "Standard-2x"}},
        {"dyno_size": {"id": find_size("standard-2x").id}},
        {"dyno_size": "standard-2X", "size": "Standard-1X"},
    ],
)
def test_a_size_is_given_in_any_case_under_either_key(size):
    app = scaled({"web": 1}, {"type": "web", **size})

    assert app.formation["web"].size.name == "Standard-2X"
    assert quantities(app) == {"web": 1}


@pytest.mark.parametrize("size", [{"size": "1X"}, {"size": 7}, {"dyno_size": {}}])
def test_the_error_for_an_unknown_size_lists_the_known_ones(size):
    error = refusal({"web": 1}, {"type": "web", **size})

    assert (error.status, error.body["id"]) == (422, "invalid_params")
    assert "Available dyno sizes are Eco, Basic, Standard-1X" in str(error)


@pytest.mark.parametrize("named", ["wroker", None, 7, []])
def test_an_unknown_process_type_is_404(named):
    error = refusal({"worker": 1}, {"type": named, "quantity": 2})

    assert (error.status, error.body["id"]) == (404, "not_found")
    assert error.body["resource"] == "formation"
    assert str(error) == f"Couldn't find that process type ({named})."


def test_a_row_can_be_named_by_its_uuid():
    heroku = make_heroku()
    app = make_app(heroku, {"web": 1})
    row = app.formation["web"]
    heroku.scale(app, [{"type": row.id, "quantity": 4}], at(1))

    assert row.quantity == 4


def test_one_invalid_row_refuses_the_whole_batch():
    good = {"type": "web", "quantity": 3}

    refusal({"web": 1, "worker": 1}, good, {"type": "worker", "quantity": -1})
    refusal({"web": 1, "worker": 1}, good, {"type": "wroker", "quantity": 1})
    refusal({"web": 1, "worker": 1}, good, {"type": "worker", "quantity": 98})


@pytest.mark.parametrize(
    ("size", "formation", "update", "expected"),
    [
        ("Eco", {"web": 1}, {"web": 2}, (PER_TYPE, 1, 2)),
        ("Basic", {"web": 1}, {"web": 5}, (PER_TYPE, 1, 5)),
        ("Performance-M", {"web": 1}, {"web": 11}, (PER_TYPE, 10, 11)),
        ("Eco", {"web": 1, "worker": 1, "beat": 0}, {"beat": 1}, (PER_APP, 2, 3)),
        ("Standard-1X", {"web": 1, "worker": 99}, {"web": 2}, (PER_APP, 100, 101)),
    ],
)
def test_the_error_above_a_limit_has_the_limit(size, formation, update, expected):
    updates = [{"type": name, "quantity": n} for name, n in update.items()]
    body = valid(refusal(formation, *updates, size=size).body, "error")

    assert (body["id"], body["limit"], body["size"]) == expected
    assert f"more than {body['limit']} {size} size dynos" in body["message"]
    assert body["url"].startswith("https://devcenter.heroku.com/")


@pytest.mark.parametrize(
    ("size", "formation"),
    [
        ("Eco", {"web": 1, "worker": 1}),
        ("Basic", {"web": 1, "worker": 1, "beat": 1}),
        ("Standard-2X", {"web": 50, "worker": 50}),
        ("Performance-L", {"web": 10, "worker": 10}),
    ],
)
def test_scaling_up_to_the_limit_is_allowed(size, formation):
    updates = [{"type": name, "quantity": n} for name, n in formation.items()]
    app = scaled(dict.fromkeys(formation, 0), *updates, size=size)

    assert quantities(app) == formation


def test_only_standard_and_performance_may_be_mixed():
    error = refusal({"web": 1, "worker": 1}, {"type": "web", "size": "basic"})

    assert error.body["id"] == "invalid_params"
    assert str(error).endswith("in the same app: Basic and Standard-1X")

    app = scaled({"web": 1, "worker": 1}, {"type": "web", "size": "performance-m"})

    assert app.process_tier == "production"


def test_one_batch_can_move_all_rows_to_another_tier():
    app = scaled(
        {"web": 1, "worker": 1},
        {"type": "web", "size": "basic"},
        {"type": "worker", "size": "basic"},
    )

    assert app.process_tier == "basic"


def test_an_app_without_a_formation_must_be_deployed_first():
    heroku = make_heroku()
    app = make_app(heroku, {})
    with pytest.raises(ApiError, match="must be deployed before") as refused:
        heroku.scale(app, [{"type": "web", "quantity": 1}], at(1))

    assert refused.value.status == 422


def test_the_release_row_has_no_dynos_and_counts_towards_no_limit():
    heroku = make_heroku()
    app = make_app(heroku, {"web": 1, "worker": 1}, "Eco")
    heroku.release(app, at(1), release_phase=True)
    heroku.scale(app, [{"type": RELEASE_TYPE, "quantity": 1}], at(2))

    assert quantities(app) == {"web": 1, "worker": 1, "release": 1}
    assert {dyno.type for dyno in app.dynos} == {"web", "worker"}


def test_updated_at_moves_only_when_something_changes():
    heroku = make_heroku()
    app = make_app(heroku, {"web": 2})
    heroku.scale(app, [{"type": "web", "quantity": 2}], at(5))
    assert app.formation["web"].updated_at == at(0)

    heroku.scale(app, [{"type": "web", "quantity": 3}], at(6))
    assert app.formation["web"].updated_at == at(6)
