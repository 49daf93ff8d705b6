"""The settings."""

from __future__ import annotations

import pytest

from scalar import start
from scalar.core.errors import ConfigurationError
from scalar.core.policy.values import read_value
from scalar.doctor import _misspelt
from scalar.settings import SETTINGS, Settings, near_misses

KEY = "A" * 43 + "="


def test_the_defaults_are_those_of_the_readme():
    settings = Settings.from_environ({})

    assert settings.sleep_period == 10
    assert settings.policy == {}
    assert settings.heroku_api_url == "https://api.heroku.com"
    assert settings.database_url.reveal().startswith("sqlite:///")


def test_an_empty_variable_counts_as_unset():
    assert Settings.from_environ({"SLEEP_PERIOD": " "}).sleep_period == 10


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:p@db.example:5432/x",
        "postgresql://u:p@db.example:5432/x",
        "postgresql+psycopg2://u:p@db.example:5432/x",
    ],
)
def test_every_spelling_of_postgresql_means_the_installed_driver(url):
    settings = Settings.from_environ({"DATABASE_URL": url})

    assert settings.database_url.reveal() == (
        "postgresql+psycopg2://u:p@db.example:5432/x"
    )


def test_the_tls_url_of_redis_wins():
    settings = Settings.from_environ(
        {"REDIS_URL": "redis://plain:6379", "REDIS_TLS_URL": "rediss://safe:6380"}
    )

    assert settings.redis_url.reveal() == "rediss://safe:6380"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SLEEP_PERIOD", "0"),
        ("SLEEP_PERIOD", "-1"),
        ("SLEEP_PERIOD", "ten"),
        ("SLEEP_PERIOD", "1.5"),
        ("SLEEP_PERIOD", "99999999999999999999"),
        ("COUNT_BOUNDARY", "-1"),
        ("COUNT_BOUNDARY", "1e3"),
        ("HEROKU_API_KEY", "hunter2 and more"),
        ("HEROKU_API_URL", "api.heroku.com"),
        ("HEROKU_API_URL", "https://user:hunter2@api.heroku.com"),
        ("DATABASE_URL", "mysql://u:hunter2@db/x"),
        ("DATABASE_URL", "postgres://u:hunter2/x@db/x"),
        ("DATABASE_URL", "u:hunter2@db/x"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("REDIS_URL", "http://u:hunter2@host"),
        ("REDIS_URL", "redis://:hunter2@host/notanumber"),
        ("REDIS_URL", "redis://:hunter2@host:port/0"),
        ("REDIS_URL", "redis://:hunter2/x@host:6379/0"),
        ("REDIS_TLS_URL", "nonsense"),
        ("SCALAR_SECRET_KEY", "hunter2"),
        ("SCALAR_SECRET_KEY", f"{KEY},hunter2"),
        ("SCALE_WEB_TO_ZERO", "maybe"),
        ("APP_TOTAL_TIMEOUT", "0"),
        ("APP_TOTAL_TIMEOUT", "nan"),
        ("APP_READ_TIMEOUT", "11"),
        ("FORMATION_TTL", "0"),
        ("CALLS_RESERVE", "5000"),
        ("WORKER_CONCURRENCY", "0"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_rule_without_secrets(name, text):
    with pytest.raises(ConfigurationError, match=name) as refusal:
        Settings.from_environ({name: text})

    message = str(refusal.value)
    assert "must" in message or "is no valid URL" in message
    assert "\n" not in message
    assert "hunter2" not in message


def test_secrets_are_not_printed_with_the_settings():
    settings = Settings.from_environ(
        {
            "HEROKU_API_KEY": "hunter2",
            "REDIS_URL": "redis://:hunter2@host:6379",
            "DATABASE_URL": "postgres://u:hunter2@db/x",
            "SCALAR_SECRET_KEY": KEY,
        }
    )

    assert "hunter2" not in repr(settings)
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *[("yes", True), ("no", False), ("on", True), ("OFF", False)],
        *[("True", True), ("FALSE", False), ("1", True), ("0", False)],
    ],
)
def test_a_boolean_is_read_alike_in_every_setting_and_policy(word, value):
    settings = Settings.from_environ(
        {"SCALE_WEB_TO_ZERO": word, "ALLOW_PRIVATE_ADDRESSES": word, "DRY_RUN": word}
    )

    assert settings.scale_web_to_zero is value
    assert settings.allow_private_addresses is value
    assert read_value("dry_run", settings.policy["dry_run"]) is value


@pytest.mark.parametrize("name", ["SCALE_WEB_TO_ZERO", "DRY_RUN"])
def test_a_word_that_is_not_a_boolean_is_refused_with_the_words_that_are(name):
    with pytest.raises(ConfigurationError) as refusal:
        Settings.from_environ({name: "maybe"})

    assert str(refusal.value) == (
        f"{name} = 'maybe', must be yes, no, on, off, true, false, 1 or 0"
    )


def test_auto_is_offered_where_it_is_taken():
    with pytest.raises(ConfigurationError, match=r"1 or 0, or auto$"):
        Settings.from_environ({"ALLOW_PRIVATE_ADDRESSES": "maybe"})


def test_several_secret_keys_are_taken():
    settings = Settings.from_environ({"SCALAR_SECRET_KEY": f"{KEY}, {KEY}"})

    assert settings.scalar_secret_key


def test_every_default_keeps_its_own_rule():
    for setting in SETTINGS:
        if setting.default:
            setting.read(setting.name, setting.default)

    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SLEEP_PEROID", "SLEEP_PERIOD"),
        ("COUNT_BOUNDRY", "COUNT_BOUNDARY"),
        ("MAX_DYNO", "MAX_DYNOS"),
        ("sleep_period", "SLEEP_PERIOD"),
    ],
)
def test_a_near_miss_of_a_settings_name_is_told_once_at_the_start(
    name, meant, monkeypatch, capsys
):
    monkeypatch.setenv(name, "5")
    monkeypatch.setattr(start, "_TOLD", set())
    start.settings_or_exit()
    start.settings_or_exit()

    line = f"Note: {name} is set, which is not a setting. Did you mean {meant}?\n"
    assert capsys.readouterr().err == line


def test_other_variables_are_no_near_misses():
    known = [setting.name for setting in SETTINGS]
    others = ["PATH", "HOME", "REDIS_TLS_URL", "HEROKU_POSTGRESQL_RED_URL", "PORT"]
    others += ["REDISCLOUD_URL", "SCALAR_APP_TOKEN", "DYNO", "HEROKU_APP_NAME"]

    assert near_misses(dict.fromkeys([*known, *others], "x")) == []


def test_doctor_names_a_near_miss(monkeypatch):
    monkeypatch.setenv("SLEEP_PEROID", "5")

    ((what, check),) = _misspelt()
    state, text = check(None)
    assert (what, state) == ("settings", "warn")
    assert text.endswith("Did you mean SLEEP_PERIOD?")
