"""The checks of `doctor`, one function each: what is wrong, and what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from scalar.bootstrap import Toolbox
from scalar.core.app import NewApp, RegisteredApp
from scalar.core.errors import Refused, RegistryError, ScalarError, SecretUnreadable
from scalar.core.health import judge_ticks
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from scalar.ports.platform import Urgency
from scalar.settings import near_misses

OK, WARN, FAIL = "ok", "warn", "FAIL"

#: Seconds that workers have to answer.
WORKER_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: its name, its state (ok, warn, FAIL), what to do."""

    what: str
    state: str
    text: str


#: Returns the state, and what to do.
Check = Callable[[Toolbox], tuple[str, str]]


def examine(tools: Toolbox) -> list[Finding]:
    """Run every check; one that fails does not stop the others."""
    checks: tuple[tuple[str, Check], ...] = (
        ("database", _database),
        ("encryption", _encryption),
        ("redis", _redis),
        ("heroku key", _shared_key),
        ("heroku calls", _shared_calls),
        *_own_keys(tools),
        *_misspelt(),
        ("last tick", _last_tick),
        ("workers", _workers),
    )
    return [_run(what, check, tools) for what, check in checks]


def _run(what: str, check: Check, tools: Toolbox) -> Finding:
    try:
        state, text = check(tools)
    except ScalarError as exc:
        state, text = FAIL, str(exc)
    return Finding(what, state, text)


def _misspelt() -> list[tuple[str, Check]]:
    """Return a warning for each variable that is almost a setting."""
    return [
        ("settings", lambda _tools, text=text: (WARN, text))  # type: ignore[misc]
        for text in near_misses(os.environ)
    ]


def _own_keys(tools: Toolbox) -> list[tuple[str, Check]]:
    """Return a check for each Heroku key that apps have of their own."""
    try:
        keys = tools.parts.secrets.own_heroku_keys()
    except SecretUnreadable as exc:
        why = str(exc)
        return [("own key", lambda _: (FAIL, why))]
    except RegistryError:
        return []  # the check of the database reports it
    return [
        ("own key", partial(_own_key, key=key, apps=apps)) for key, apps in keys.items()
    ]


def _database(tools: Toolbox) -> tuple[str, str]:
    schema = tools.schema
    found, needed = schema.version(), schema.newest()
    if found != needed:
        return FAIL, (
            f"{schema.database}, schema version {found or 'none'}, needs {needed}. "
            "Run: python cli.py initialise-project"
        )
    if schema.database == "sqlite" and "DYNO" in os.environ:
        return WARN, (
            "sqlite on a dyno is lost at every restart. Add PostgreSQL: heroku "
            "addons:create heroku-postgresql:essential-0"
        )
    return OK, f"{schema.database}, schema version {found}"


def _encryption(tools: Toolbox) -> tuple[str, str]:
    if not tools.settings.scalar_secret_key:
        return WARN, (
            "URLs, tokens and Heroku keys are stored as plain text. Set "
            "SCALAR_SECRET_KEY to what `python cli.py make-secret-key` prints"
        )
    plain = tools.parts.secrets.unencrypted()
    if plain:
        return WARN, f"URLs in plain text: {plain}. Run: python cli.py encrypt-urls"
    unbound = tools.parts.secrets.unbound()
    if unbound:
        return WARN, (
            f"registered URLs are encrypted, but not bound to their apps: {unbound}. "
            "Set BIND_SECRETS=true once no worker of an older version runs"
        )
    return OK, "registered URLs are encrypted"


def _redis(tools: Toolbox) -> tuple[str, str]:
    facts = tools.redis_facts()
    text = f"Redis {facts.version}, {facts.clients} connections"
    if facts.is_too_old:
        return FAIL, (
            f"{text}. Redis must be 6.2 or newer: workers take several messages at "
            "once. heroku redis:upgrade"
        )
    if facts.evicts:
        return WARN, (
            f"{text}. maxmemory-policy is {facts.maxmemory_policy}, must be "
            "noeviction: heroku redis:maxmemory --policy noeviction"
        )
    return OK, text


def _shared_key(tools: Toolbox) -> tuple[str, str]:
    name = _app_of_shared_key(tools)
    if not tools.settings.heroku_api_key and not name and _has_apps(tools):
        return OK, "not set, and not needed: every app has a key of its own"
    return _key(tools, SHARED_KEY, name)


def _shared_calls(tools: Toolbox) -> tuple[str, str]:
    if not tools.settings.heroku_api_key:
        return _shared_key(tools)
    return _calls(tools, SHARED_KEY)


def _own_key(tools: Toolbox, *, key: Secret, apps: Sequence[str]) -> tuple[str, str]:
    """Check a key and the calls it has left, in one finding."""
    owners = (
        f"of {apps[0]}" if len(apps) == 1 else f"of {apps[0]} and {len(apps) - 1} more"
    )
    try:
        state, text = _key(tools, key, apps[0])
        if state == OK:
            state, calls = _calls(tools, key)
            text = f"{text}, {calls}"
    except ScalarError as exc:
        state, text = FAIL, str(exc)
    return state, f"{owners}: {text}"


def _key(tools: Toolbox, key: Secret, app: str) -> tuple[str, str]:
    """Check a key, and that it may read the app, if there is one."""
    facts = tools.heroku.key_facts(key)
    access = f"may read {app}" if app else "no app is registered to try it on"
    if app:
        try:
            asked = _as_registered(tools, app, key)
            tools.parts.platforms.unmetered(asked).formation(Urgency.READ)
        except Refused as exc:
            return FAIL, f"accepted, but may not read {app}: {exc}"
    if not facts.scope:
        return OK, f"accepted, {access}"
    if not facts.may_scale:
        return FAIL, (
            f"accepted, but its scope {facts.scope} does not allow scaling. Create a "
            "key that does: heroku authorizations:create -s write"
        )
    return OK, f"accepted, scope {facts.scope}, {access}"


def _as_registered(tools: Toolbox, app: str, key: Secret) -> RegisteredApp | NewApp:
    """Return an app to be called by its id; by its name if its row is unreadable."""
    try:
        return tools.parts.registry.get(app)
    except SecretUnreadable:
        return NewApp(app, key)


def _calls(tools: Toolbox, key: Secret) -> tuple[str, str]:
    remaining = tools.heroku.key_facts(key).remaining
    budget = tools.accounts.of(key).budget()
    if budget.blocked_until and budget.blocked_until > tools.parts.clock.now():
        return WARN, f"calls are suspended after an error: {budget.reason}"
    if remaining < tools.settings.calls_reserve:
        return WARN, (
            f"{remaining} calls left, below CALLS_RESERVE "
            f"({tools.settings.calls_reserve}): only scaling up continues"
        )
    return OK, f"{remaining} calls left this hour"


def _app_of_shared_key(tools: Toolbox) -> str:
    """Return an app without a key of its own; empty if none can be found."""
    try:
        return tools.parts.secrets.first_without_heroku_key() or ""
    except RegistryError:
        return ""


def _has_apps(tools: Toolbox) -> bool:
    try:
        return bool(tools.parts.registry.page(0, 1))
    except RegistryError:
        return False


def _last_tick(tools: Toolbox) -> tuple[str, str]:
    check = judge_ticks(tools.parts.health.heartbeats(), tools.settings.sleep_period)
    return OK if check.is_well else FAIL, check.text


def _workers(tools: Toolbox) -> tuple[str, str]:
    del tools
    from scalar.tasks import app  # noqa: PLC0415 - only this check needs Celery

    try:
        answers = app.control.ping(timeout=WORKER_PATIENCE) or []
    except Exception as exc:  # noqa: BLE001 - whatever the broker's library raises
        return FAIL, f"cannot reach the broker: {type(exc).__name__}"
    names = sorted(name for answer in answers for name in answer)
    if not names:
        return FAIL, "no worker answers. Start one: heroku ps:scale worker=1"
    return OK, ", ".join(names)
