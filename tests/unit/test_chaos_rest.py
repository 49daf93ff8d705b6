"""The checker checks the end of a run, the fleet itself, and secrets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.check_rest import check_deaths, check_script, check_settled
from chaos.check_secrets import check_secrets, leaks, leaks_of_logs, spellings
from chaos.checker import check
from chaos.rules import rule_of
from chaos.script import counts_at
from tests.unit.chaos_history import (
    BOUNDARY,
    POLLS,
    SEED,
    STEPS,
    WEB,
    answered,
    fault,
    history,
    patched,
    polled,
    read,
)


def at_the_end(app):
    """Return the dynos that the last counts of the script need."""
    rule = rule_of(app)
    counts = counts_at(SEED, app, rule.process_types, POLLS * 2)
    return {name: rule.recommended(count) for name, count in counts.items()}


def test_dynos_that_match_are_right():
    for app in (BOUNDARY, STEPS):
        assert list(check_settled(history(app, last=at_the_end(app)))) == []


def test_dynos_that_do_not_match_are_found():
    wrong = {name: dynos + 1 for name, dynos in at_the_end(BOUNDARY).items()}

    assert len(list(check_settled(history(last=wrong)))) == len(wrong)


def test_a_refused_app_may_still_back_off():
    refusal = fault("heroku refuses 403", 1, 9, BOUNDARY)

    assert list(check_settled(history(last={"worker": 99}, spans=[refusal]))) == []


def test_web_matches_with_one_dyno_left():
    fits = {name: max(n, name == "web") for name, n in at_the_end(WEB).items()}

    assert list(check_settled(history(WEB, last=fits))) == []


def test_a_fleet_that_deviates_from_its_script_is_found():
    assert list(check_script(history(answers=polled(BOUNDARY)))) == []
    assert list(check_script(history(answers=[answered(BOUNDARY, 1, worker=77)])))


def test_a_leaked_password_is_found():
    leaked = replace(answered(BOUNDARY, 1), leaked=True)

    assert list(check_secrets(history(answers=[answered(BOUNDARY, 1)]))) == []
    assert list(check_secrets(history(answers=[leaked])))


@pytest.mark.parametrize(
    "shown", ["a b/+=1", "a%20b/%2B%3D1", "a%20b%2F%2B%3D1", "dXNlcjphIGIvKz0x"]
)
def test_a_secret_is_found_in_every_spelling(shown, tmp_path):
    (tmp_path / "worker-01.log").write_text(f"all is well\nurl={shown} failed\n")
    secrets = {"password": spellings("a b/+=1", "user")}

    assert leaks_of_logs(tmp_path, secrets) == [
        "worker-01.log:2: url=<password> failed"
    ]
    assert list(leaks("log", "url=*** failed", secrets)) == []
    assert list(check_secrets(replace(history(), leaks=("a log",))))


def test_a_process_that_exited_is_found():
    assert list(check_deaths(replace(history(), deaths=("worker exited",))))


def test_all_invariants_are_checked_together():
    """One thing of each kind is wrong."""
    run = replace(
        history(
            answers=[
                *polled(BOUNDARY, *range(11, 20)),
                answered(BOUNDARY, 1, worker=77, mailer=3),
                replace(answered(BOUNDARY, 2.2), leaked=True),
            ],
            calls=[patched(BOUNDARY, 2.3, worker=50), *(read(BOUNDARY, 3),) * 9],
            events=[],
            spans=[fault("beat frozen", 21, 23)],
        ),
        registry_after=(),
        deaths=("beat exited",),
    )

    assert {violation.invariant for violation in check(run, 1)} == {
        "the fleet follows its script",
        "scales only as the policy allows",
        "no app is polled twice in a period",
        "polling resumes within 5 periods",
        "the registry is unchanged",
        "each change is in the journal once",
        "each change comes within its bound",
        "every Heroku call has a reason",
        "a password is sent only to its host",
        "dynos match their counts in the end",
        "no process exits by itself",
    }
