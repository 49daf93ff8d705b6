"""What `doctor` looks at, one function each."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from scalar.adapters.redis_connection import translated
from scalar.adapters.sql import schema
from scalar.bootstrap import Toolbox
from scalar.errors import Refused, RegistryError, ScalarError

OK, WARN, FAIL = "ok", "warn", "FAIL"

#: Seconds that workers have to answer.
WORKER_PATIENCE = 2.0
#: A tick older than this many periods is too old.
LATE = 3
#: Scopes of a Heroku key that may scale (Dev Center, "OAuth").
SCALING_SCOPES = {"global", "write", "write-protected"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is (ok, warn, FAIL), and what to do."""

    what: str
    state: str
    text: str


def examine(tools: Toolbox) -> list[Finding]:
    """Return a finding for each thing that scaling needs."""
    checks: tuple[tuple[str, Callable[[Toolbox], tuple[str, str]]], ...] = (
        ("database", _database),
        ("encryption", _encryption),
        ("redis", _redis),
        ("heroku key", _heroku),
        ("heroku calls", _calls),
        ("last tick", _last_tick),
        ("workers", _workers),
    )
    return [_run(what, check, tools) for what, check in checks]


def _run(
    what: str, check: Callable[[Toolbox], tuple[str, str]], tools: Toolbox
) -> Finding:
    try:
        state, text = check(tools)
    except ScalarError as exc:
        state, text = FAIL, str(exc)
    return Finding(what, state, text)


def _database(tools: Toolbox) -> tuple[str, str]:
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
            "registered URLs are stored as plain text. Set SCALAR_SECRET_KEY to what "
            "`python cli.py make-secret-key` prints"
        )
    plain = tools.registry.unencrypted()
    if plain:
        return WARN, f"{plain} URLs are plain text. Run: python cli.py encrypt-urls"
    return OK, "registered URLs are encrypted"


def _redis(tools: Toolbox) -> tuple[str, str]:
    with translated():
        info = tools.redis.info()
        version, clients = info["redis_version"], info["connected_clients"]
        policy = info.get("maxmemory_policy", "noeviction")
    text = f"Redis {version}, {clients} connections"
    if info.get("maxmemory") and policy != "noeviction":
        return WARN, (
            f"{text}. maxmemory-policy is {policy}, must be noeviction: heroku "
            "redis:maxmemory --policy noeviction"
        )
    return OK, text


def _heroku(tools: Toolbox) -> tuple[str, str]:
    _, scope = tools.platform.calls_remaining()
    name = _an_app(tools)
    seen = f"may read {name}" if name else "no app is registered to try it on"
    if name:
        try:
            tools.platform.formation(name)
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
    """Return the name of an app, empty if there is none or none can be read."""
    try:
        page = tools.registry.page(0, 1)
    except RegistryError:
        return ""
    return page[0].name if page else ""


def _calls(tools: Toolbox) -> tuple[str, str]:
    remaining, _ = tools.platform.calls_remaining()
    budget = tools.account.budget()
    if budget.blocked_until and budget.blocked_until > datetime.now(UTC):
        return WARN, f"calls wait after an error: {budget.reason}"
    if remaining < tools.settings.calls_reserve:
        return WARN, (
            f"{remaining} calls left, below CALLS_RESERVE "
            f"({tools.settings.calls_reserve}): only scaling up goes on"
        )
    return OK, f"{remaining} calls left this hour"


def _last_tick(tools: Toolbox) -> tuple[str, str]:
    last = tools.coordinator.last_tick()
    period = tools.settings.sleep_period
    if last is None:
        return FAIL, "never. Is beat running? heroku ps:scale beat=1 worker=1"
    age = (datetime.now(UTC) - last).total_seconds()
    text = f"{age:.0f} s ago, period {period} s"
    if age > LATE * period:
        return FAIL, f"{text}. Is beat running, and a worker? heroku ps"
    return OK, text


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
