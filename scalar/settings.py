"""The settings: read from the environment once, validated, then frozen.

`SETTINGS` is the list of all there are, with what the README's table says of
each. Defaults, reading and checking are kept apart from the values themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from scalar.core.boolean import read_boolean
from scalar.core.errors import ConfigurationError, InvalidInput
from scalar.core.near_miss import nearest
from scalar.core.policy.values import BY_NAME, VALUES, check_together
from scalar.core.secret import Secret, redact_input, secrets_of_url

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


#: Variables that other places read.
READ_ELSEWHERE = frozenset(
    {"REDIS_TLS_URL", "SCALAR_APP_TOKEN", "SCALAR_APP_HEROKU_KEY", "SCALAR_USER"}
)
#: How alike a variable has to be to a setting, to be taken for a misspelt one.
ALIKE = 0.85


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a person can set.

    Each field is one variable, in upper case, but for `policy`: the values of
    the policy for all apps, as text, by their names (`scalar/core/policy/values.py`).
    """

    sleep_period: int
    heroku_api_key: Secret
    heroku_api_url: str
    database_url: Secret
    redis_url: Secret
    redis_ca_file: str
    scalar_secret_key: Secret
    bind_secrets: bool
    scale_web_to_zero: bool
    policy: Mapping[str, str]
    formation_ttl: int
    calls_reserve: int
    app_connect_timeout: float
    app_read_timeout: float
    app_total_timeout: float
    app_backoff_max: int
    heroku_timeout: float
    max_answer_bytes: int
    allow_private_addresses: bool
    tls_ca_file: str
    worker_concurrency: int
    events_keep_days: int
    held_apps_most: float
    ping_url: Secret
    log_level: str

    def secrets(self) -> list[str]:
        """Return all that is secret of them, as plain text."""
        urls = (self.database_url, self.redis_url)
        return [
            *(self.heroku_api_key.reveal(), self.ping_url.reveal()),
            *(key.strip() for key in self.scalar_secret_key.reveal().split(",")),
            *(one for url in urls for one in secrets_of_url(url.reveal())),
        ]

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings that the environment gives.

        An empty variable counts as unset, as `heroku config:set NAME=` leaves it.

        Raises:
            ConfigurationError: A value breaks its rule; the message names the
                variable, the value (never a secret one) and the rule.
        """
        values: dict[str, Any] = {}
        for setting in SETTINGS:
            text = environ.get(setting.name, "").strip() or setting.default
            values[setting.name.lower()] = setting.read(setting.name, text)
        if values["bind_secrets"] and not values["scalar_secret_key"]:
            raise ConfigurationError("BIND_SECRETS needs SCALAR_SECRET_KEY")
        if values["allow_private_addresses"] is None:
            values["allow_private_addresses"] = "DYNO" not in environ
        tls = environ.get("REDIS_TLS_URL", "").strip()
        if tls:
            values["redis_url"] = _redis_url("REDIS_TLS_URL", tls)
        return cls(**values, policy=_policy(environ))


def near_misses(environ: Mapping[str, str]) -> list[str]:
    """Return a line for each variable whose name is almost that of a setting."""
    known = {setting.name for setting in SETTINGS}
    known |= {value.variable for value in VALUES if value.variable}
    strange = environ.keys() - known - READ_ELSEWHERE
    found = ((name, nearest(name, known, ALIKE)) for name in sorted(strange))
    return [
        f"{name} is set, which is not a setting. Did you mean {meant}?"
        for name, meant in found
        if meant
    ]


def _policy(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the policy for all apps, each value checked and all together."""
    texts = {
        value.name: text
        for value in VALUES
        if value.variable and (text := environ.get(value.variable, "").strip())
    }
    read = {}
    for name, text in texts.items():
        variable = BY_NAME[name].variable
        try:
            read[name] = BY_NAME[name].read(text)
        except InvalidInput as exc:
            raise ConfigurationError(f"{variable} = {text!r}, {exc}") from exc
    try:
        check_together(read)
    except InvalidInput as exc:
        raise ConfigurationError(f"The policy for all apps: {exc}") from exc
    return texts


Reader = Callable[[str, str], Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: its name, default, how it is read, and what it does."""

    name: str
    default: str
    read: Reader
    meaning: str


def _integer(least: int, most: int) -> Reader:
    def read(name: str, text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise ConfigurationError(f"{name} = {text!r}, must be an integer")
        value = int(text)
        if not least <= value <= most:
            raise ConfigurationError(
                f"{name} = {value}, must be from {least} to {most}"
            )
        return value

    return read


def _seconds(most: float) -> Reader:
    def read(name: str, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not (isfinite(value) and 0 < value <= most):
            raise ConfigurationError(
                f"{name} = {text!r}, must be seconds above 0 and at most {most:g}"
            )
        return value

    return read


def _share(name: str, text: str) -> float:
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ConfigurationError(
            f"{name} = {text!r}, must be a share from 0 to 1, or 0% to 100%"
        )
    return value


def _boolean(name: str, text: str) -> bool:
    try:
        return read_boolean(text)
    except InvalidInput as exc:
        raise ConfigurationError(f"{name} = {text!r}, {exc}") from exc


def _allowed(name: str, text: str) -> bool | None:
    """Return None for `auto`: where the program runs decides."""
    if text.lower() == "auto":
        return None
    try:
        return _boolean(name, text)
    except ConfigurationError as exc:
        raise ConfigurationError(f"{exc}, or auto") from exc


def _text(name: str, text: str) -> str:
    del name
    return text


def _api_key(name: str, text: str) -> Secret:
    if not text.isascii() or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ConfigurationError(
            f"{name} = ***, must be printable ASCII without white space"
        )
    return Secret(text)


def _log_level(name: str, text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ConfigurationError(
            f"{name} = {text!r}, must be one of {', '.join(LOG_LEVELS)}"
        )
    return text.upper()


def _http_url(name: str, text: str) -> str:
    parts = _split(name, text, ("https", "http"))
    if parts.username or parts.password:
        raise ConfigurationError(f"{name} must not carry a user or password")
    return text.rstrip("/")


def _ping_url(name: str, text: str) -> Secret:
    if text:
        _split(name, text, ("https", "http"), is_secret=True)
    return Secret(text)


def _redis_url(name: str, text: str) -> Secret:
    schemes = ("redis", "rediss", "redis+socket", "unix")
    if text.startswith(("redis+socket://", "unix://")):
        raise ConfigurationError(
            f"{name} = {redact_input(text)!r}, must begin with redis:// or rediss://"
        )
    parts = _split(name, text, schemes)
    if not re.fullmatch(r"/?[0-9]{0,4}", parts.path):
        raise ConfigurationError(
            f"{name} = {redact_input(text)!r}, must end in the number of a database"
        )
    return Secret(text)


def _database_url(name: str, text: str) -> Secret:
    """Take a SQLite or PostgreSQL URL, and name the driver that is installed.

    Heroku hands out `postgres://`, which SQLAlchemy does not know, and plain
    `postgresql://` means another driver since SQLAlchemy 2.1.
    """
    if text.startswith("sqlite:"):
        if not re.match(r"sqlite:///.+", text) or ":memory:" in text:
            raise ConfigurationError(
                f"{name} = {redact_input(text)!r}, must name a file: sqlite:///FILE"
            )
        return Secret(text)
    schemes = ("postgres", "postgresql", "postgresql+psycopg2")
    parts = _split(name, text, schemes, needs_host=False)
    return Secret(text.replace(parts.scheme, "postgresql+psycopg2", 1))


def _split(  # type: ignore[no-untyped-def] # SplitResult's parameter differs between Python versions
    name: str,
    text: str,
    schemes: tuple[str, ...],
    *,
    needs_host: bool = True,
    is_secret: bool = False,
):
    shown = "***" if is_secret else redact_input(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as exc:
        raise ConfigurationError(f"{name} = {shown!r} is no valid URL") from exc
    if parts.scheme not in schemes:
        begins = " or ".join(f"{scheme}://" for scheme in schemes[:2])
        raise ConfigurationError(f"{name} = {shown!r}, must begin with {begins}")
    if needs_host and (not parts.hostname or port == 0):
        raise ConfigurationError(f"{name} = {shown!r}, must name a host")
    return parts


def _secret_keys(name: str, text: str) -> Secret:
    """Take one or more Fernet keys, the first of which encrypts."""
    for key in filter(None, (part.strip() for part in text.split(","))):
        if not re.fullmatch(r"[A-Za-z0-9_-]{43}=", key):
            raise ConfigurationError(
                f"{name} = ***, must be Fernet keys separated by commas; make one "
                "with: python cli.py make-secret-key"
            )
    return Secret(text)


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "SLEEP_PERIOD",
        "10",
        _integer(1, 86_400),
        "seconds between two polls of every app",
    ),
    Setting(
        "HEROKU_API_KEY",
        "",
        _api_key,
        "the Heroku key of all apps without one of their own; scope `write` is enough",
    ),
    Setting(
        "HEROKU_API_URL",
        "https://api.heroku.com",
        _http_url,
        "where the Platform API is; another one for the local Heroku",
    ),
    Setting(
        "DATABASE_URL",
        "sqlite:///scalar.sqlite3",
        _database_url,
        "the registry and the journal: PostgreSQL, or a SQLite file; one elsewhere is "
        "spoken to with TLS, unless `sslmode` in the URL or `PGSSLMODE` says otherwise",
    ),
    Setting(
        "REDIS_URL",
        "redis://localhost:6379/0",
        _redis_url,
        "the broker, Redis 6.2 or newer; `REDIS_TLS_URL` wins where it is set",
    ),
    Setting(
        "REDIS_CA_FILE",
        "",
        _text,
        "certificate to check a `rediss://` server with; unset: encrypted, but "
        "not checked, because Heroku's own is self-signed",
    ),
    Setting(
        "SCALAR_SECRET_KEY",
        "",
        _secret_keys,
        "encrypts the registered URLs, tokens and Heroku keys; several, separated by "
        "commas, to change it",
    ),
    Setting(
        "BIND_SECRETS",
        "false",
        _boolean,
        "whether encrypted secrets that are not bound to their app are refused; the "
        "release phase binds them first. Not while an older worker is running",
    ),
    Setting(
        "SCALE_WEB_TO_ZERO",
        "false",
        _boolean,
        "whether the last `web` dyno may be stopped",
    ),
    Setting(
        "FORMATION_TTL",
        "600",
        _integer(1, 86_400),
        "seconds after which an app's formation is read again",
    ),
    Setting(
        "CALLS_RESERVE",
        "500",
        _integer(0, 4_000),
        "Heroku API calls an hour left to people: below it formations are no "
        "longer re-read, below half of it nothing is scaled down",
    ),
    Setting(
        "APP_CONNECT_TIMEOUT",
        "3.05",
        _seconds(10),
        "seconds to connect to an app, with the lookup of its name and all its "
        "addresses",
    ),
    Setting(
        "APP_READ_TIMEOUT",
        "5",
        _seconds(10),
        "seconds that an app may be silent",
    ),
    Setting(
        "APP_TOTAL_TIMEOUT",
        "10",
        _seconds(10),
        "seconds for an app's whole answer",
    ),
    Setting(
        "APP_BACKOFF_MAX",
        "60",
        _integer(0, 3_600),
        "most seconds between two polls of an app that does not answer, though at "
        "least one in 8 periods; 0: polled like the others",
    ),
    Setting(
        "HEROKU_TIMEOUT",
        "10",
        _seconds(10),
        "seconds for one call of the Heroku API",
    ),
    Setting(
        "MAX_ANSWER_BYTES",
        "65536",
        _integer(64, 10**7),
        "longest answer that is read from an app",
    ),
    Setting(
        "ALLOW_PRIVATE_ADDRESSES",
        "auto",
        _allowed,
        "whether apps may be at private, loopback or link-local addresses; `auto`: "
        "not on a dyno",
    ),
    Setting(
        "TLS_CA_FILE",
        "",
        _text,
        "further certificates to trust, beside the usual ones",
    ),
    Setting(
        "WORKER_CONCURRENCY",
        "50",
        _integer(1, 1_000),
        "apps polled at a time by one Celery worker",
    ),
    Setting(
        "EVENTS_KEEP_DAYS",
        "90",
        _integer(1, 3_650),
        "days after which events are deleted",
    ),
    Setting(
        "HELD_APPS_MOST",
        "0.25",
        _share,
        "the share of the apps that may be held for 5 minutes (counts unknown, refused "
        "by Heroku, or an internal error) before `status` fails and the ping stops; of "
        "fewer than five apps, only all of them count",
    ),
    Setting(
        "PING_URL",
        "",
        _ping_url,
        "a dead man's switch: called about once a minute, as long as all is well",
    ),
    Setting(
        "LOG_LEVEL",
        "INFO",
        _log_level,
        "`DEBUG` also prints the evaluations that changed nothing",
    ),
)

if {setting.name.lower() for setting in SETTINGS} | {"policy"} != {
    field.name for field in fields(Settings)
}:  # pragma: no cover
    raise AssertionError("SETTINGS and the fields of Settings differ")
