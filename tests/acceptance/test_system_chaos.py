"""A short series of faults, checked by the checker of `python -m chaos`."""

from __future__ import annotations

import time

import pytest

from chaos.checker import check
from chaos.schedule import short_schedule
from chaos.storm import Storm
from chaos.system import CONCURRENCY, started

pytestmark = pytest.mark.deep

SEED, APPS = 11, 21
#: The faults of a row overlap; apps are sick where nothing hides it. Redis is not
#: emptied while the disk is full, because events wait in it then.
FAULTS = (
    ("worker killed", "heroku 503"),
    ("app html", "app null", "app 503"),
    ("redis killed, restarted empty",),
    ("disk full",),
)


def test_the_invariants_hold_under_faults(tmp_path):
    steps = short_schedule(SEED, APPS, FAULTS)
    with (
        started(tmp_path, SEED, APPS, "sqlite") as system,
        Storm(system, SEED, print) as storm,
    ):
        storm.carry_out(steps, until=time.time() + 600)
        history = storm.settle()
    violated = [str(violation) for violation in check(history, CONCURRENCY)]

    assert violated == []
    assert len(history.spans) == sum(map(len, FAULTS))
    assert any(None in answer.counts.values() for answer in history.answers)
    assert history.events
