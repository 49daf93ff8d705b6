"""What the program of 843c4a9 wrote is read by this one, and the other way round.

`tests/fixtures/843c4a9/` was written by running that commit: its scenarios with its
own `World`, and its publisher on a real Redis.
"""

from __future__ import annotations

import base64
import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest

from scalar.adapters.redis.memory_json import VERSION, dump, load, unwritten_events
from scalar.core.app_state import WHOLE_APP, Memory
from scalar.core.formation import ProcessType
from scalar.core.reason import Reason
from simulation.newer_version import dump_of_the_next_version

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "843c4a9"
MEMORIES = json.loads((FOLDER / "memories.json").read_text())
MESSAGES = json.loads((FOLDER / "messages.json").read_text())


def text_of(state: str) -> str:
    return json.dumps(MEMORIES[state])


@pytest.mark.parametrize("state", MEMORIES)
def test_a_memory_of_the_older_program_is_read_whole(state):
    """Written again it is the same: the older program can go on from it, too."""
    memory = load(text_of(state))

    kept = {k: v for k, v in MEMORIES[state].items() if k != "unwritten"}

    assert memory != Memory()
    assert json.loads(dump(memory)) == kept


def test_a_change_in_doubt_is_still_in_doubt():
    memory = load(text_of("a PATCH without an answer"))
    (asked,) = memory.unconfirmed

    assert memory.read_at is None
    assert (asked.process_type, asked.from_quantity, asked.to_quantity) == (
        *("worker", 4),
        8,
    )


def test_a_refusal_is_still_in_force():
    refusal = load(text_of("refused")).refusal

    assert refusal.cause.reason is Reason.FORBIDDEN
    assert (refusal.times, refusal.revision) == (1, 1)


def test_what_protects_dynos_is_still_known():
    assert load(text_of("changed by hand")).pasts["worker"].changed_by_hand_at
    assert load(text_of("windows and cooldowns")).pasts["worker"].recommended_down
    assert load(text_of("released lately")).released_at
    assert load(text_of("a learned limit")).limits == {"worker": 2}


def test_events_that_wait_are_still_there():
    """They go to the outbox, each with an id that does not change."""
    text = text_of("events that wait, and a hold")
    memory, events = load(text), unwritten_events(text)

    assert len({event.id for event in events}) == len(events) > 0
    assert events == unwritten_events(text)
    assert memory.holds[WHOLE_APP].recorded


def test_an_app_that_rests_goes_on_resting():
    memory = load(text_of("resting"))

    assert (memory.slow, memory.unanswered) == (True, 5)
    assert memory.rest > 0
    assert memory.holds[WHOLE_APP].times == 5


def test_a_message_of_the_older_program_calls_a_task_of_this_one(monkeypatch):
    """By its name, with arguments that the task takes."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///unused.db")
    monkeypatch.setenv("HEROKU_API_KEY", "made-up")
    from scalar.tasks import app  # noqa: PLC0415 - it reads the environment

    for name in ("poll_and_scale", "fan_out"):
        message = MESSAGES[name]
        task = app.tasks[message["headers"]["task"]]
        args, kwargs, _ = json.loads(base64.b64decode(message["body"]))

        assert inspect.signature(task.run).bind(*args, **kwargs)

    assert json.loads(base64.b64decode(MESSAGES["poll_and_scale"]["body"]))[0] == [
        *(7, "shop"),
        *(3, "0123456789abcdef"),
    ]


(ASKED,) = load(text_of("a PATCH without an answer")).unconfirmed
KNOWN = Memory(formation={"worker": ProcessType(3)})


def test_a_member_of_a_newer_program_is_read_over():
    """The same version of the shape, with one more member: the rest is read."""
    text = json.dumps({**json.loads(dump(KNOWN)), "app_id": "123"})

    assert load(text) == KNOWN


def test_a_member_of_a_newer_program_does_not_survive_this_one():
    """So the newer one must be able to do without what it added."""
    text = json.dumps({**json.loads(dump(KNOWN)), "app_id": "123"})

    assert "app_id" not in json.loads(dump(load(text)))


def test_a_newer_shape_is_no_memory():
    """The formation is read anew."""
    text = dump_of_the_next_version(KNOWN, "1")

    assert json.loads(text)["v"] == VERSION + 1
    assert load(text) == Memory()


def test_a_change_in_doubt_is_read_from_a_newer_shape():
    asked = replace(ASKED, id="the-change")
    text = dump_of_the_next_version(replace(KNOWN, unconfirmed=(asked,)), "1")

    assert load(text) == Memory(unconfirmed=(asked,))


def test_the_older_program_can_read_a_change_with_an_id():
    """It knows no `id` of an event; what it does not know beside it, it reads over."""
    (stored,) = json.loads(dump(Memory(unconfirmed=(replace(ASKED, id="x"),))))[
        "unconfirmed"
    ]

    assert (
        stored.keys() == MEMORIES["a PATCH without an answer"]["unconfirmed"][0].keys()
    )
