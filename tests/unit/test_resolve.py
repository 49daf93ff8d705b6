"""From the values of all apps, an app and a process type to its policy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scalar.core.app_state import WHOLE_APP
from scalar.core.policy import resolve as policy_book
from scalar.core.policy.policy import Policy
from scalar.core.policy.resolve import PolicyBook
from scalar.core.reason import Cause
from tests.unit.deciding import registered


def book(**environment):
    return PolicyBook(environment, scale_web_to_zero=False)


def layers(app=None, **process_types):
    return registered({WHOLE_APP: app or {}, **process_types})


def test_the_nearest_value_wins_value_by_value():
    app = layers({"min": "2", "max": "9"}, worker={"max": "5", "wake": "3"})
    policy = book(boundary="10", min="1").of(app, "worker")

    assert (policy.boundary, policy.min_dynos, policy.max_dynos, policy.wake_dynos) == (
        *(10, 2, 5, 3),
    )


def test_each_value_knows_where_it_was_set():
    app = layers({"min": "2", "max": "9"}, worker={"max": "5"})
    found = book(boundary="10", min="1").settings(app, "worker")

    assert [(s.name, s.text, s.origin) for s in found] == [
        ("boundary", "10", "environment"),
        ("min", "2", "app"),
        ("max", "5", "process type"),
    ]


def test_a_process_type_does_not_see_what_is_set_for_another():
    app = layers(worker={"max": "5"})

    assert book().of(app, "mailer") == Policy()
    assert book().of(app, WHOLE_APP) == Policy()


def test_none_makes_a_value_its_default_again():
    app = layers({"max": "9"}, worker={"max": "none"})

    assert book().of(app, "worker").max_dynos is None


@pytest.mark.parametrize("setting", [False, True])
def test_the_last_dyno_may_go_if_the_setting_says_so(setting):
    found = PolicyBook({}, scale_web_to_zero=setting).of(layers(), "web")

    assert found.may_sleep == setting


@pytest.mark.parametrize(
    ("values", "why"),
    [
        pytest.param({"max": "many"}, "max = 'many', must be an integer", id="a text"),
        pytest.param(
            {"(unreadable)": "{"}, "unknown policy value '(unreadable)'", id="garbage"
        ),
        pytest.param(
            {"minimum": "1"}, "unknown policy value 'minimum'", id="a newer name"
        ),
        pytest.param(
            {"min": "9", "max": "6"},
            "max = 6, must be at least min (9)",
            id="the range",
        ),
    ],
)
def test_what_is_stored_wrongly_for_one_process_type_harms_no_other(values, why):
    app = layers({"max": "5"}, worker=values, mailer={"min": "1"})
    problem = book().of(app, "worker")

    assert isinstance(problem, Cause)
    assert problem.detail.startswith("policy of shop for worker: ")
    assert why in problem.detail
    assert book().of(app, "mailer") == Policy(min_dynos=1, max_dynos=5)


def test_the_fewest_of_the_environment_above_the_most_of_an_app_yields_to_it():
    """More of this: `test_nearer.py`."""
    policy = book(min="6").of(layers({"max": "5"}), WHOLE_APP)

    assert (policy.min_dynos, policy.max_dynos) == (5, 5)
    assert policy.notes == (
        "min = 6 from environment counts as 5: max from app is nearer",
    )


def test_a_wrong_value_that_a_nearer_one_hides_is_no_problem():
    app = layers({"max": "many"}, worker={"max": "5"})

    assert book().of(app, "worker").max_dynos == 5


def test_a_new_revision_is_read_anew_and_an_old_one_is_not():
    known = book()
    app = layers({"max": "5"})
    changed = replace(app, policies={WHOLE_APP: {"max": "6"}})
    assert known.of(app, "worker").max_dynos == 5

    assert known.of(changed, "worker").max_dynos == 5
    assert known.of(replace(changed, revision=2), "worker").max_dynos == 6
    assert known.of(replace(changed, id=7), "worker").max_dynos == 6


def test_what_is_read_by_hand_is_not_remembered():
    known = book()
    known.read(layers({"max": "5"}), "worker")

    assert known.of(layers({"max": "6"}), "worker").max_dynos == 6


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(policy_book, "MOST_REMEMBERED", 10)
    known = book()
    for number in range(100):
        known.of(layers(), f"job-{number}")

    assert len(known._remembered) <= 10
