"""One evaluation of one app, in memory."""

from __future__ import annotations

import logging
from contextlib import suppress

import pytest

from scalar.adapters.inmemory.platform import MemoryPlatform
from scalar.core.app_state import WHOLE_APP
from scalar.core.errors import (
    AboveLimit,
    CoordinationError,
    CountsMalformed,
    CountsUnavailable,
    NotAuthorized,
    PlatformUnavailable,
    RateLimited,
    Refused,
    RegistryError,
)
from scalar.core.event import EventKind
from scalar.core.formation import ProcessType
from scalar.core.reading import Unknown
from scalar.core.reason import Cause, Reason
from scalar.ports.platform import Urgency
from scalar.service.evaluate.poll_and_scale import explain, poll_and_scale
from tests.support.leases import begin
from tests.unit.world import World


@pytest.fixture
def world():
    return World()


def test_the_seeds_example(world):
    world.add(celeryd=0, celerybd=1, someotherproc=3)
    world.report({"celeryd": 2, "celerybd": 99, "someotherproc": 0})
    world.poll()

    assert world.dynos() == {"celeryd": 1, "celerybd": 10, "someotherproc": 0}


def test_all_changes_of_an_app_are_one_patch_of_what_changes_only(world):
    world.add(web=1, worker=1, mailer=1)
    world.report({"worker": 30, "mailer": 20, "web": 1})
    world.poll()

    assert world.patches == [{"worker": 3, "mailer": 2}]


def test_a_poll_that_changes_nothing_costs_no_call(world):
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    calls = len(world.platform.calls)
    for _ in range(20):
        world.poll()

    assert calls == 1
    assert len(world.platform.calls) == 1


def test_a_change_costs_one_call(world):
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    world.report({"worker": 50})
    world.poll()

    assert [call[0] for call in world.platform.calls] == ["GET", "PATCH"]


def test_the_formation_is_read_again_when_it_is_old(world):
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    world.poll(seconds=601)

    assert world.reads == 2


def test_a_clock_that_went_back_makes_the_formation_old(world):
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    world.poll(seconds=-3600)

    assert world.reads == 2


@pytest.mark.parametrize(
    "error",
    [
        CountsUnavailable("the app answered HTTP 503"),
        CountsMalformed("the answer is not JSON"),
        RuntimeError("a bug"),
    ],
    ids=["unavailable", "malformed", "bug"],
)
def test_an_error_of_the_app_moves_nothing(world, error):
    world.add(worker=4)
    world.report({"worker": 35})
    world.poll()
    world.report(error)
    for _ in range(10):
        world.poll()

    assert world.dynos() == {"worker": 4}
    assert world.patches == []


@pytest.mark.parametrize(
    "answer",
    [
        {"worker": Unknown(Reason.COUNT_NULL)},
        {"worker": Unknown(Reason.COUNT_INVALID)},
        {},
    ],
    ids=["null", "invalid", "left out"],
)
def test_an_unknown_count_moves_nothing_and_the_others_scale(world, answer):
    world.add(worker=4, mailer=1)
    world.report({"worker": 35, "mailer": 5})
    world.poll()
    world.report({**answer, "mailer": 25})
    world.poll()

    assert world.dynos() == {"worker": 4, "mailer": 3}
    assert world.memory().holds["worker"].times == 1


def test_the_loss_of_all_memory_moves_nothing(world):
    world.add(worker=4)
    world.report({"worker": 35})
    world.poll()
    world.coordinator.lose_everything()
    world.poll()

    assert world.patches == []
    assert world.reads == 2


def test_web_stays_at_one(world):
    world.add(web=2)
    world.report({"web": 0})
    world.poll()

    assert world.dynos() == {"web": 1}


def test_an_unknown_process_type_is_told_once(world, caplog):
    world.add(worker=1)
    world.report({"wroker": 5, "worker": 15})
    with caplog.at_level(logging.WARNING, "scalar"):
        for _ in range(5):
            world.poll()

    told = [r for r in caplog.messages if "wroker" in r]
    assert len(told) == 1
    assert "not_in_formation" in told[0]
    assert world.dynos() == {"worker": 2}


def test_a_change_is_an_event(world):
    world.add(worker=1)
    world.report({"worker": 99})
    world.poll()

    (event,) = world.journal.events
    assert (event.kind, event.app, event.process_type) == (
        EventKind.SCALED,
        "shop",
        "worker",
    )
    assert (event.from_quantity, event.to_quantity, event.count) == (1, 10, 99)
    assert event.reason is Reason.RECOMMENDED


def test_a_change_is_one_line_of_log(world, caplog):
    world.add(worker=1)
    world.report({"worker": 99})
    with caplog.at_level(logging.INFO, "scalar"):
        world.poll()

    line = (
        "scale.done app=shop process_type=worker current=1 recommended=10 "
        "desired=10 reason=recommended count=99 boundary=10 trail=recommended:10"
    )
    shown = [r.getMessage() for r in caplog.records if not hasattr(r, "ends")]
    assert shown == [line]


def test_a_quiet_evaluation_logs_nothing(world, caplog):
    world.add(worker=1)
    world.report({"worker": 5})
    with caplog.at_level(logging.INFO, "scalar"):
        world.poll()

    assert caplog.messages == []


def test_a_lasting_hold_and_its_end_are_events(world):
    world.add(worker=1)
    world.report(CountsUnavailable("HTTP 503"))
    for _ in range(5):
        world.poll()
    world.report({"worker": 5})
    world.poll()

    assert [(e.kind, e.process_type) for e in world.journal.events] == [
        (EventKind.HELD, None),
        (EventKind.RESUMED, None),
    ]


def test_somebody_elses_change_is_noticed_at_the_next_read(world):
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    world.platform.formations["shop"]["worker"] = ProcessType(7)
    world.poll(seconds=601)

    assert world.journal.events[0].kind is EventKind.CHANGED_ELSEWHERE
    assert (
        world.journal.events[0].from_quantity,
        world.journal.events[0].to_quantity,
    ) == (1, 7)
    assert world.dynos() == {"worker": 1}


def test_a_limit_is_clamped_to_and_then_kept_to(world):
    """The account allows 4: one refused PATCH, one that is taken, then none."""
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    world.report({"worker": 99})
    world.platform.failures = [
        AboveLimit("Cannot run more than 4 dynos.", limit=4, per_process_type=True)
    ]
    for _ in range(5):
        world.poll()

    assert world.patches == [{"worker": 10}, {"worker": 4}]
    assert world.dynos() == {"worker": 4}
    assert world.journal.events[-1].reason is Reason.HEROKU_LIMIT


def test_a_second_refusal_holds_the_app(world):
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    world.report({"worker": 99})
    refusal = AboveLimit("No.", limit=4, per_process_type=True)
    world.platform.failures = [refusal, refusal]
    done = world.poll()

    assert done.hold is not None
    assert world.dynos() == {"worker": 1}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (402, Reason.PAYMENT_REQUIRED),
        (403, Reason.FORBIDDEN),
        (404, Reason.APP_NOT_ON_HEROKU),
        (422, Reason.HEROKU_REFUSED),
    ],
)
def test_a_refused_app_waits_before_heroku_is_asked_again(world, status, reason):
    world.add(worker=1)
    world.report({"worker": 99})
    world.platform.failures = [Refused("No.", reason=reason, status=status)]
    world.poll()
    for _ in range(4):
        world.poll()

    assert len(world.platform.calls) == 1
    assert world.memory().holds[WHOLE_APP].reason is reason
    world.poll(seconds=61)
    assert world.dynos() == {"worker": 10}


def test_each_further_refusal_waits_longer(world):
    world.add(worker=1)
    world.report({"worker": 99})
    refused = Refused("No.", reason=Reason.FORBIDDEN, status=403)
    world.platform.failures = [refused] * 100
    for _ in range(360):
        world.poll()

    assert 4 <= len(world.platform.calls) <= 8


@pytest.mark.parametrize(
    "error",
    [
        PlatformUnavailable("Heroku answered 503", status=503),
        RateLimited("Heroku answered 429", status=429),
        NotAuthorized("Heroku answered 401", status=401),
    ],
    ids=["503", "429", "401"],
)
def test_what_concerns_the_account_is_told_to_all_workers(world, error):
    world.add(worker=1)
    world.report({"worker": 99})
    world.platform.failures = [error]
    done = world.poll()

    assert world.account.failures == [error]
    assert done.hold.reason is error.reason
    assert world.dynos() == {"worker": 1}


def test_after_an_error_the_formation_is_read_before_the_next_try(world):
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    world.report({"worker": 99})
    world.platform.failures = [PlatformUnavailable("503")]
    world.poll()
    world.poll()

    assert [call[0] for call in world.platform.calls] == [
        "GET",
        "PATCH",
        "GET",
        "PATCH",
    ]


def test_a_change_whose_answer_was_lost_is_an_event_all_the_same(world):
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    world.report({"worker": 99})
    world.platform.failures = [PlatformUnavailable("the connection was reset")]
    world.poll()
    world.platform.formations["shop"]["worker"] = ProcessType(10)
    world.poll()

    (event,) = world.journal.events
    assert (event.kind, event.from_quantity, event.to_quantity) == (
        EventKind.SCALED,
        1,
        10,
    )


def test_no_call_is_made_that_the_account_denies(world):
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    world.report({"worker": 99})
    world.account.denial = lambda *_: Cause(Reason.RATE_LIMITED, "next try in 30 s")
    done = world.poll()

    assert done.hold.reason is Reason.RATE_LIMITED
    assert world.patches == []


def test_while_calls_are_low_scaling_up_goes_on(world):
    world.add(worker=1, mailer=1)
    world.report({"worker": 5, "mailer": 5})
    world.poll()
    world.account.denial = lambda urgency, _key: (
        None if urgency is Urgency.SCALE_UP else Cause(Reason.CALLS_LOW, "3 left")
    )
    world.report({"worker": 0, "mailer": 5})
    world.poll()
    assert world.dynos() == {"worker": 1, "mailer": 1}

    world.report({"worker": 0, "mailer": 50})
    world.poll(seconds=700)
    assert world.dynos() == {"worker": 0, "mailer": 5}


def test_only_one_evaluation_of_an_app_at_a_time(world):
    world.add(worker=1)
    world.report({"worker": 99})
    app_id = world.registry.app_key("shop").id
    begin(world.coordinator, app_id, "another")

    assert world.poll() is None
    assert world.counts.asked == []


def test_who_lost_the_lease_changes_nothing(world):
    """Between the read and the PATCH, another evaluation took the app."""
    world.add(worker=1)
    world.report({"worker": 99})
    app_id = world.registry.app_key("shop").id
    read = world.counts.read

    def lose_the_lease(url, _keep):
        world.coordinator.lose_everything()
        begin(world.coordinator, app_id, "another")
        return read(url)

    world.counts.read = lose_the_lease
    done = world.poll()

    assert done.hold.reason is Reason.LEASE_LOST
    assert world.patches == []


def test_events_wait_for_a_journal_that_is_away(world):
    world.add(worker=1)
    world.report({"worker": 99})
    record = world.journal.record

    def refuse(_events):
        raise RegistryError("The database does not answer")

    world.journal.record = refuse
    world.poll()
    assert world.journal.events == []
    world.journal.record = record
    world.tick()

    (event,) = world.journal.events
    assert event.to_quantity == 10


@pytest.mark.parametrize("place", ["journal", "platform"])
def test_a_bug_after_a_change_does_not_make_us_forget_it(world, place, monkeypatch):
    """Otherwise 1 dyno is remembered while 10 run, and 10 stay when 1 is enough."""
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    scale = MemoryPlatform.scale

    def break_down(*facts):
        if place == "platform":
            scale(*facts)
        raise RuntimeError("a bug")

    world.report({"worker": 99})
    with monkeypatch.context() as patch, suppress(RuntimeError):
        if place == "platform":
            patch.setattr(MemoryPlatform, "scale", break_down)
        else:
            patch.setattr(world.journal, "record", break_down)
        world.poll()
    assert world.dynos() == {"worker": 10}
    world.report({"worker": 5})
    world.poll()

    assert world.dynos() == {"worker": 1}


def test_an_evaluation_that_was_cut_off_after_its_change_is_known_to_be(
    world, monkeypatch
):
    """The worker was killed, or Redis was away. 10 dynos must not be believed."""
    world.add(worker=10)
    world.report({"worker": 95})
    world.poll()
    finish = world.coordinator.finish

    def cut_off(lease, _memory, *_):
        finish(lease, None)
        raise CoordinationError("Redis does not answer")

    world.report({"worker": 5})
    with monkeypatch.context() as patch, suppress(CoordinationError):
        patch.setattr(world.coordinator, "finish", cut_off)
        world.poll()
    assert world.dynos() == {"worker": 1}
    world.report({"worker": 95})
    world.poll()

    assert world.dynos() == {"worker": 10}


def test_a_change_before_a_workers_death_is_recorded_by_the_next_one(
    world, monkeypatch
):
    world.add(worker=1)
    world.report({"worker": 95})
    finish = world.coordinator.finish

    def die(lease, _memory, *_):
        finish(lease, None)
        raise CoordinationError("the worker was killed")

    with monkeypatch.context() as patch, suppress(CoordinationError):
        patch.setattr(world.coordinator, "finish", die)
        patch.setattr(world.journal, "record", lambda _events: None)
        world.poll()
    world.poll()

    (event,) = world.journal.events
    assert (event.kind, event.to_quantity) == (EventKind.SCALED, 10)


def test_an_app_that_is_registered_no_more_is_left_alone(world):
    world.add(worker=1)
    key = world.registry.app_key("shop")
    world.registry.remove("shop")

    assert poll_and_scale(world.parts, key, "token") is None
    assert world.counts.asked == []


def test_a_fallback_finds_its_process_types_in_the_journal(world):
    """Redis has lost them, and the app is away, so it does not name them."""
    world.environment = {"fallback": "3", "fallback_after": "2"}
    world.add(worker=1, clock=1)
    world.report({"worker": 15})
    world.poll()
    world.coordinator.lose_everything()
    world.report(CountsUnavailable("the app answered HTTP 503"))
    world.poll()
    assert world.dynos() == {"worker": 2, "clock": 1}
    world.poll()

    assert world.dynos() == {"worker": 3, "clock": 1}


def test_an_explanation_that_fails_keeps_no_worker_from_calling(world):
    world.add(worker=1)
    world.report({"worker": 15})
    world.platform.failures = [NotAuthorized("Heroku answered 401")]
    done = explain(world.parts, world.registry.get("shop"))

    assert done.hold.reason is Reason.NOT_AUTHORIZED
    assert world.account.failures == []


def test_a_limit_does_not_scale_down_what_somebody_has_scaled_up(world):
    """We think that 5 run and want 20; 8 run by now, and Heroku allows 6."""
    world.add(worker=5)
    world.report({"worker": 45})
    world.poll()
    world.platform.formations["shop"]["worker"] = ProcessType(8, "Standard-1X")
    above = AboveLimit("Cannot run more than 6", limit=6, per_process_type=True)
    world.platform.failures = [above]
    world.report({"worker": 200})
    world.poll()
    assert world.dynos() == {"worker": 8}

    world.platform.failures = [above]
    world.poll()
    assert world.dynos() == {"worker": 8}
