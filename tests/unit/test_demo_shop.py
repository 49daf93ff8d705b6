"""What the parts of the demo find in their environment."""

from __future__ import annotations

import pytest

from demo import shop
from demo.guard import MARK
from local_heroku.control import LocalHeroku
from scalar.settings import Settings

HEROKU = LocalHeroku("http://127.0.0.1:5001")


@pytest.fixture(autouse=True)
def shell(monkeypatch):
    """The shell of a person who works with the real Heroku."""
    monkeypatch.setenv("HEROKU_API_KEY", "a-real-key")
    monkeypatch.setenv("REDIS_TLS_URL", "rediss://real.example:6380/0")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("COUNT_BOUNDARY", "often")
    monkeypatch.setenv(MARK, "/the/demo")


def test_the_scaler_is_set_up_by_the_demo_alone(tmp_path):
    env = shop.scaler_environment(HEROKU, "redis://127.0.0.1:1/0", tmp_path)
    settings = Settings.from_environ(env)

    assert settings.heroku_api_key.reveal() == "local-token"
    assert settings.heroku_api_url == HEROKU.url
    assert settings.redis_url.reveal() == "redis://127.0.0.1:1/0"
    assert settings.database_url.reveal() == f"sqlite:///{tmp_path}/scalar.sqlite3"
    assert (settings.sleep_period, settings.policy) == (1, {"boundary": "5"})


def test_nothing_else_of_the_shell_reaches_a_part(tmp_path):
    for env in (
        shop.scaler_environment(HEROKU, "redis://127.0.0.1:1/0", tmp_path),
        shop.app_environment("redis://127.0.0.1:1/1", 5000),
    ):
        assert "a-real-key" not in env.values()
        assert not {"REDIS_TLS_URL", "HTTPS_PROXY"} & env.keys()
        assert env[MARK] == "/the/demo"


def test_the_app_asks_for_the_password_that_is_registered():
    env = shop.app_environment("redis://127.0.0.1:1/1", 5000)

    assert f":{env['SCALAR_AGENT_TOKEN']}@" in shop.counts_url(5000)


def test_every_process_type_has_a_command():
    assert shop.COMMANDS.keys() == shop.FORMATION.keys()
    assert "--queues mail " in shop.COMMANDS["mailer"]
