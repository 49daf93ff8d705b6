"""The demo's app: its load, and the environment of the parts."""

from __future__ import annotations

from math import inf

import pytest
from celery import Celery

from demo.shop import QUEUES, WAVE, Load, app_environment, scaler_environment
from local_heroku.control import LocalHeroku
from scalar.settings import Settings


@pytest.fixture
def celery():
    """A Celery app whose broker is in memory."""
    app = Celery("customers", broker="memory://", set_as_current=False)
    with app.connection() as connection:
        for queue in QUEUES.values():
            connection.SimpleQueue(queue).clear()
    yield app
    app.close()


def beginnings(celery, seconds, *, busy=(0, 0)):
    """Walk the clock for 70 s; return when waves began."""
    load, found = Load(celery, seconds), []
    for at in range(70):
        before = load.waves
        load.send(at, idle=not busy[0] <= at < busy[1])
        found += [at] * (load.waves - before)
    return found


@pytest.mark.parametrize(
    ("seconds", "busy", "begun"),
    [
        pytest.param(20, (0, 0), [0], id="the shortest demo has one"),
        pytest.param(37, (0, 0), [0], id="a wave that cannot end in time is left out"),
        pytest.param(60, (0, 0), [0, 20, 40], id="a minute has three"),
        pytest.param(inf, (0, 0), [0, 20, 40, 60], id="endless"),
        pytest.param(inf, (1, 27), [0, 27, 40, 60], id="waits until the app is idle"),
    ],
)
def test_when_waves_begin(celery, seconds, busy, begun):
    assert beginnings(celery, seconds, busy=busy) == begun


def test_a_wave_puts_every_job_on_its_queue_once(celery):
    load = Load(celery, 20)
    for at in range(20):
        load.send(at, idle=at == 0)

    with celery.connection() as connection:
        sizes = {x: connection.SimpleQueue(QUEUES[x]).qsize() for x in QUEUES}
    assert sizes == {name: sum(batches.values()) for name, batches in WAVE.items()}
    assert load.jobs == sum(sizes.values())


def test_no_setting_of_the_caller_reaches_a_part(monkeypatch, tmp_path):
    monkeypatch.setenv("HEROKU_API_KEY", "a-real-key")
    monkeypatch.setenv("REDIS_TLS_URL", "rediss://real.example:6380/0")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("COUNT_BOUNDARY", "often")
    heroku = LocalHeroku("http://127.0.0.1:5001")
    scaler = scaler_environment(heroku, "redis://127.0.0.1:1/0", tmp_path)
    settings = Settings.from_environ(scaler)

    assert settings.heroku_api_key.reveal() == "local-token"
    assert settings.heroku_api_url == heroku.url
    assert (settings.sleep_period, settings.policy) == (1, {"boundary": "5"})
    for env in scaler, app_environment("redis://127.0.0.1:1/1", 5000):
        assert "a-real-key" not in env.values()
        assert not {"REDIS_TLS_URL", "HTTPS_PROXY"} & env.keys()
