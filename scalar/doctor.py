"""What `doctor` looks at, one function each."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from scalar.adapters.redis.connection import translate_errors
from scalar.bootstrap import Toolbox
from scalar.core.app import NewApp
from scalar.core.errors import Refused, RegistryError, ScalarError, SecretUnreadable
from scalar.core.health import judge_ticks
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from scalar.ports.platform import Urgency

OK, WARN, FAIL = "ok", "warn", "FAIL"

#: Seconds that workers have to answer.
WORKER_PATIENCE = 2.0
#: Scopes of a Heroku key that may scale (Dev Center, "OAuth").
SCALING_SCOPES = {"global", "write", "write-protected"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is (ok, warn, FAIL), and what to do."""

    what: str
    state: str
    text: str


#: Returns how it is, and what to do.
Check = Callable[[Toolbox], tuple[str, str]]


def examine(tools: Toolbox) -> list[Finding]:
    """Return a finding for each thing that scaling needs."""
    checks: tuple[tuple[str, Check], ...] = (
        ("database", _database),
        ("encryption", _encryption),
        ("redis", _redis),
        ("heroku key", _heroku),
        ("heroku calls", _calls_of_all),
        *_own_keys(tools),
        ("last tick", _last_tick),
        ("workers", _workers),
    )
    return [_run(what, check, tools) for what, check in checks]


def _own_keys(tools: Toolbox) -> list[tuple[str, Check]]:
    """Return a check for each key that is an app's own."""
    try:
        keys = tools.registry.own_heroku_keys()
    except SecretUnreadable as exc:
        why = str(exc)
        return [("own key", lambda _: (FAIL, why))]
    except RegistryError:
        return []
    return [
        ("own key", partial(_own_key, key=key, apps=apps)) for key, apps in keys.items()
    ]


def _run(what: str, check: Check, tools: Toolbox) -> Finding:
    try:
        state, text = check(tools)
    except ScalarError as exc:
        state, text = FAIL, str(exc)
    return Finding(what, state, text)


def _database(tools: Toolbox) -> tuple[str, str]:
    from scalar.adapters.sql import schema  # noqa: PLC0415 - brings Alembic

    found, needed = schema.version(tools.engine), schema.newest()
    kind = tools.engine.dialect.name
    if found != needed:
        return FAIL, (
            f"{kind}, schema version {found or 'none'}, needs {needed}. Run: python "
            "cli.py initialise-project"
        )
    if kind == "sqlite" and "DYNO" in os.environ:
        return WARN, (
            "sqlite on a dyno is lost at every restart. Add PostgreSQL: heroku "
            "addons:create heroku-postgresql:essential-0"
        )
    return OK, f"{kind}, schema version {found}"


def _encryption(tools: Toolbox) -> tuple[str, str]:
    if not tools.settings.scalar_secret_key:
        return WARN, (
            "URLs, tokens and Heroku keys are stored as plain text. Set "
            "SCALAR_SECRET_KEY to what `python cli.py make-secret-key` prints"
        )
    plain = tools.registry.unencrypted()
    if plain:
        return WARN, f"{plain} URLs are plain text. Run: python cli.py encrypt-urls"
    return OK, "registered URLs are encrypted"


def _redis(tools: Toolbox) -> tuple[str, str]:
    with translate_errors():
        info = tools.redis.info()
        version, clients = info["redis_version"], info["connected_clients"]
        policy = info.get("maxmemory_policy", "noeviction")
    text = f"Redis {version}, {clients} connections"
    if is_too_old(version):
        return FAIL, (
            f"{text}. Redis must be 6.2 or newer: workers take several messages at "
            "once. heroku redis:upgrade"
        )
    if info.get("maxmemory") and policy != "noeviction":
        return WARN, (
            f"{text}. maxmemory-policy is {policy}, must be noeviction: heroku "
            "redis:maxmemory --policy noeviction"
        )
    return OK, text


def is_too_old(version: str) -> bool:
    """Return whether a Redis of this version lacks RPOP with a count, which 6.2 has."""
    major, minor, *_ = (*version.split("."), "0")
    return (int(major), int(minor)) < (6, 2)


def _heroku(tools: Toolbox) -> tuple[str, str]:
    name = _an_app(tools)
    if not tools.settings.heroku_api_key and not name and _has_apps(tools):
        return OK, "not set, and not needed: every app has a key of its own"
    return _key(tools, SHARED_KEY, name)


def _own_key(tools: Toolbox, *, key: Secret, apps: list[str]) -> tuple[str, str]:
    """Return how a key is, and how many calls it has left, in one finding."""
    who = (
        f"of {apps[0]}" if len(apps) == 1 else f"of {apps[0]} and {len(apps) - 1} more"
    )
    try:
        state, text = _key(tools, key, apps[0])
        if state == OK:
            state, calls = _calls(tools, key)
            text = f"{text}, {calls}"
    except ScalarError as exc:
        state, text = FAIL, str(exc)
    return state, f"{who}: {text}"


def _key(tools: Toolbox, key: Secret, name: str) -> tuple[str, str]:
    """Return how a key is; it is tried on an app, if there is one."""
    _, scope = tools.heroku.calls_remaining(key)
    seen = f"may read {name}" if name else "no app is registered to try it on"
    if name:
        try:
            tools.platforms.unmetered(NewApp(name, key)).formation(Urgency.READ)
        except Refused as exc:
            return FAIL, f"accepted, but may not read {name}: {exc}"
    if not scope:
        return OK, f"accepted, {seen}"
    if SCALING_SCOPES.isdisjoint(scope.replace(",", " ").split()):
        return FAIL, (
            f"accepted, but its scope is {scope}, which may not scale. Make one with: "
            "heroku authorizations:create -s write"
        )
    return OK, f"accepted, scope {scope}, {seen}"


def _an_app(tools: Toolbox) -> str:
    """Return an app without a key of its own; empty if there is none to be read."""
    try:
        return tools.registry.first_without_heroku_key() or ""
    except RegistryError:
        return ""


def _has_apps(tools: Toolbox) -> bool:
    try:
        return bool(tools.registry.page(0, 1))
    except RegistryError:
        return False


def _calls_of_all(tools: Toolbox) -> tuple[str, str]:
    if not tools.settings.heroku_api_key:
        return _heroku(tools)
    return _calls(tools, SHARED_KEY)


def _calls(tools: Toolbox, key: Secret) -> tuple[str, str]:
    remaining, _ = tools.heroku.calls_remaining(key)
    budget = tools.accounts.of(key).budget()
    if budget.blocked_until and budget.blocked_until > datetime.now(UTC):
        return WARN, f"calls wait after an error: {budget.reason}"
    if remaining < tools.settings.calls_reserve:
        return WARN, (
            f"{remaining} calls left, below CALLS_RESERVE "
            f"({tools.settings.calls_reserve}): only scaling up goes on"
        )
    return OK, f"{remaining} calls left this hour"


def _last_tick(tools: Toolbox) -> tuple[str, str]:
    sign = judge_ticks(tools.coordinator.vitals(), tools.settings.sleep_period)
    return OK if sign.is_well else FAIL, sign.text


def _workers(tools: Toolbox) -> tuple[str, str]:
    del tools
    from scalar.tasks import app  # noqa: PLC0415 - only this check needs Celery

    try:
        answers = app.control.ping(timeout=WORKER_PATIENCE) or []
    except Exception as exc:  # noqa: BLE001 - whatever the broker's library raises
        return FAIL, f"cannot be asked: {type(exc).__name__}"
    names = sorted(name for answer in answers for name in answer)
    if not names:
        return FAIL, "none answers. heroku ps:scale worker=1"
    return OK, ", ".join(names)
