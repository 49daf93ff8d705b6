"""The waves of the demo's load."""

from __future__ import annotations

import pytest

from demo.load import WAVE, WAVE_SECONDS, Waves


def beginnings(seconds, *, until, busy=lambda _: False):
    """Walk the clock; return when waves began."""
    waves = Waves(seconds)
    found = []
    for step in range(until * 4):
        at, before = step / 4, waves.begun
        waves.due(at, quiet=not busy(at))
        if waves.begun > before:
            found.append(at)
    return found


@pytest.mark.parametrize(
    ("seconds", "begun"),
    [
        pytest.param(20, [0], id="the shortest demo has one"),
        pytest.param(39, [0], id="no time for a second one"),
        pytest.param(60, [0, 20, 40], id="a minute has three"),
        pytest.param(70, [0, 23.5, 46.75], id="they are spread over the time"),
        pytest.param(None, [0, 20, 40, 60, 80], id="without end they go on"),
    ],
)
def test_when_waves_begin(seconds, begun):
    assert beginnings(seconds, until=100) == begun


def test_a_wave_waits_until_the_one_before_is_over():
    assert beginnings(None, until=60, busy=lambda at: 1 <= at < 27) == [0, 27, 40]


def test_a_wave_that_could_not_end_in_time_does_not_begin():
    last = 60 - WAVE_SECONDS

    assert beginnings(60, until=60, busy=lambda at: 21 <= at < last) == [0, 20, last]
    assert beginnings(60, until=60, busy=lambda at: 21 <= at < last + 1) == [0, 20]


def test_each_batch_comes_once_at_its_time():
    waves = Waves(None)
    found = [(0.0, batch) for batch in waves.due(0.0, quiet=True)]
    for step in range(1, 80):
        found += [(step / 4, batch) for batch in waves.due(step / 4, quiet=False)]

    assert found == [(batch.after, batch) for batch in WAVE]


def test_a_wave_raises_both_process_types_above_one_dyno():
    for name in ("worker", "mailer"):
        assert max(batch.jobs for batch in WAVE if batch.process_type == name) > 5
