"""What changes in a decision where a platform is unlike Heroku."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scalar.core.decision.decide import clamp_again, decide_all
from scalar.core.decision.observation import AppFacts
from scalar.core.formation import ProcessType
from scalar.core.platform_rules import HEROKU, PlatformRules, Removal
from scalar.core.policy.policy import Policy
from scalar.core.policy.resolve import PolicyBook
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Reason
from tests.unit.deciding import NOON, registered

#: A platform that differs from Heroku in every rule.
RAFT = PlatformRules(
    name="Raft",
    removal=Removal.CHOSEN,
    never_scaled=frozenset({"cron"}),
    keep_one=frozenset({"api"}),
    most_dynos=30,
    size_caps={"tiny": 1},
    tells_releases=False,
)
UNORDERED = replace(RAFT, removal=Removal.UNKNOWN)
NOT_KNOWN = Unknown(Reason.BUSY_UNKNOWN, "1 of 2 workers did not answer")


def decided(
    reading, quantity, rules=RAFT, *, policy=None, name="worker", size="", limits=None
):
    facts = AppFacts(
        NOON, {name: ProcessType(quantity, size)}, limits or {}, {}, rules=rules
    )
    book = PolicyBook({"boundary": "10"}, scale_web_to_zero=False)
    (decision,) = decide_all(
        lambda process_type: policy or book.of(registered(), process_type),
        {name: reading},
        facts,
    )
    return decision


@pytest.mark.parametrize(
    ("rules", "busy", "desired"),
    [
        pytest.param(HEROKU, {2}, 2, id="highest number: worker.1 stays with it"),
        pytest.param(HEROKU, {12}, 1, id="highest number: it is stopping already"),
        pytest.param(RAFT, {2}, 1, id="chosen: the busy one is the one that stays"),
        pytest.param(RAFT, {2, 7, 12}, 3, id="chosen: as many as are busy"),
        pytest.param(RAFT, set(range(20)), 9, id="chosen: never more than now"),
        pytest.param(RAFT, set(), 1, id="chosen: none is busy"),
        pytest.param(RAFT, NOT_KNOWN, 9, id="chosen: nobody knows which are busy"),
        pytest.param(UNORDERED, {2}, 9, id="unknown: any could be the busy one"),
        pytest.param(UNORDERED, {12}, 9, id="unknown: a high number says nothing"),
        pytest.param(UNORDERED, set(), 1, id="unknown: none is busy"),
    ],
)
def test_the_order_of_removal_decides_which_dynos_jobs_keep(rules, busy, desired):
    """Nine dynos run; the count needs one."""
    said = busy if isinstance(busy, Unknown) else frozenset(busy)
    decision = decided(Reading(1, busy=said), 9, rules)

    assert decision.desired == desired


def test_the_name_of_the_platform_stands_in_the_explanation():
    assert decided(Reading(1, busy=frozenset({2})), 9, UNORDERED).cause.detail == (
        "busy dynos: 1; Raft may remove any of them"
    )
    assert decided(Reading(99), 1, limits={"worker": 4}).cause.detail == "Raft allows 4"


@pytest.mark.parametrize(
    ("rules", "name", "is_held"),
    [(HEROKU, "release", True), (RAFT, "release", False), (RAFT, "cron", True)],
)
def test_what_the_platform_runs_itself_is_never_scaled(rules, name, is_held):
    decision = decided(Reading(50), 1, rules, name=name)

    assert bool(decision.hold) == is_held


@pytest.mark.parametrize(
    ("rules", "name", "desired"),
    [(HEROKU, "web", 1), (HEROKU, "api", 0), (RAFT, "web", 0), (RAFT, "api", 1)],
)
def test_only_some_process_types_keep_their_last_dyno(rules, name, desired):
    assert decided(Reading(0), 3, rules, name=name).desired == desired


def test_no_more_than_the_most_dynos_of_the_platform_are_requested():
    decision = decided(Reading(10**9), 1)

    assert decision.desired == 30
    assert clamp_again(decision, {"worker": 99}, RAFT) == decision


@pytest.mark.parametrize(
    ("size", "learned", "desired"),
    [
        pytest.param("Tiny", None, 1, id="a size with a cap, in any case"),
        pytest.param("Tiny", 0, 0, id="less was learned"),
        pytest.param("Tiny", 9, 1, id="more was learned"),
        pytest.param("Huge", None, 10, id="a size without one"),
        pytest.param("Huge", 4, 4, id="only a learned limit"),
    ],
)
def test_a_size_may_have_a_cap(size, learned, desired):
    limits = {} if learned is None else {"worker": learned}

    assert decided(Reading(99), 0, size=size, limits=limits).desired == desired


@pytest.mark.parametrize(("rules", "desired"), [(HEROKU, 5), (RAFT, 0)])
def test_a_grace_needs_a_platform_that_tells_of_releases(rules, desired):
    policy = Policy(10, release_grace=timedelta(minutes=10))
    decision = decided(Reading(0), 5, rules, policy=policy)

    assert decision.desired == desired
    assert decision.asks_for_release == (rules is HEROKU)
