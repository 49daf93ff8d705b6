"""The checks of `doctor`, one function each: what is wrong, and what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from scalar.bootstrap import Toolbox
from scalar.core.app import NewApp, RegisteredApp
from scalar.core.app_state import WHOLE_APP, Hold
from scalar.core.deployment import start_workers
from scalar.core.errors import (
    CoordinationError,
    Refused,
    RegistryError,
    ScalarError,
    SecretUnreadable,
)
from scalar.core.health import judge_ticks, shown_age
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from scalar.ports.platform import Urgency
from scalar.service.health import check_health, names_of
from scalar.settings import near_misses

OK, WARN, FAIL = "ok", "warn", "FAIL"

#: Seconds that workers have to answer.
WORKER_PATIENCE = 2.0
#: Apps that a key is tried on, until one of them is there.
TRIED = 5
#: Held apps that are looked at; those that are named with their causes.
LOOKED_AT = 20
NAMED = 3
#: Why Heroku does not let a key do what it is asked to.
OF_THE_KEY = frozenset({Reason.FORBIDDEN, Reason.NOT_AUTHORIZED})


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
        ("held apps", _held_apps),
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
    try:
        schema.check_writes()
    except RegistryError as exc:
        return FAIL, f"{schema.database}, takes no writes: {exc}"
    return OK, f"{schema.database}, schema version {found}"


def _encryption(tools: Toolbox) -> tuple[str, str]:
    secrets = tools.parts.secrets
    if unreadable := secrets.unreadable_apps():
        name, why = next(iter(unreadable.items()))
        unset = (
            "" if tools.settings.scalar_secret_key else "SCALAR_SECRET_KEY is unset. "
        )
        more = f". So are {len(unreadable) - 1} more" if len(unreadable) > 1 else ""
        return FAIL, f"{unset}{name} is not polled: {why}{more}"
    if not tools.settings.scalar_secret_key:
        return WARN, (
            "URLs, tokens and Heroku keys are stored as plain text. Set "
            "SCALAR_SECRET_KEY to what `python cli.py make-secret-key` prints"
        )
    plain = secrets.unencrypted()
    if plain:
        return WARN, f"URLs in plain text: {plain}. Run: python cli.py encrypt-urls"
    unbound = secrets.unbound()
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
    if facts.refuses:
        return FAIL, f"{text}, takes no writes: {facts.refuses}"
    if facts.evicts:
        return WARN, (
            f"{text}. maxmemory-policy is {facts.maxmemory_policy}, must be "
            "noeviction: heroku redis:maxmemory --policy noeviction"
        )
    return OK, text


def _shared_key(tools: Toolbox) -> tuple[str, str]:
    try:
        apps = tools.parts.secrets.without_heroku_key(TRIED)
        has_apps = bool(apps or tools.parts.registry.page(0, 1))
    except RegistryError:
        scope = _scope(tools.heroku.key_facts(SHARED_KEY).scope)
        return WARN, (
            f"accepted{scope}; what it may do is unknown, because the database cannot "
            "be asked for an app"
        )
    if not tools.settings.heroku_api_key and not apps and has_apps:
        return OK, "not set, and not needed: every app has a key of its own"
    return _key(tools, SHARED_KEY, apps)


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
        state, text = _key(tools, key, apps)
        if state == OK:
            state, calls = _calls(tools, key)
            text = f"{text}, {calls}"
    except ScalarError as exc:
        state, text = FAIL, str(exc)
    return state, f"{owners}: {text}"


def _key(tools: Toolbox, key: Secret, apps: Sequence[str]) -> tuple[str, str]:
    """Check a key, that it may read an app, and that Heroku lets it scale.

    Nothing is scaled for it: the apps tell what Heroku refused them.
    """
    facts = tools.heroku.key_facts(key)
    scope = _scope(facts.scope)
    if not facts.may_scale:
        return FAIL, (
            f"accepted, but its scope {facts.scope} does not allow scaling. Create a "
            "key that does: heroku authorizations:create -s write"
        )
    if not apps:
        return OK, f"accepted{scope}, no app is registered to try it on"
    try:
        app = _read_one(tools, key, apps)
    except Refused as exc:
        return FAIL, f"accepted, but may not read {exc}"
    if refused := _refused(tools, key):
        return FAIL, f"accepted{scope}, may read {app}, but may not scale {refused}"
    return OK, f"accepted{scope}, may read {app}"


def _read_one(tools: Toolbox, key: Secret, apps: Sequence[str]) -> str:
    """Return the first app that is there; raises `Refused` if the key may read none.

    One that Heroku does not know says nothing about the key.
    """
    first: Refused | None = None
    for app in apps[:TRIED]:
        try:
            asked = _as_registered(tools, app, key)
            tools.parts.platforms.unmetered(asked).formation(Urgency.READ)
        except Refused as exc:
            refused = Refused(f"{app}: {exc}", reason=exc.reason)
            if exc.reason is not Reason.APP_NOT_ON_HEROKU:
                raise refused from exc
            first = first or refused
        else:
            return app
    raise first or Refused("any app")


def _refused(tools: Toolbox, key: Secret) -> str:
    """Return an app of a key that Heroku did not let it scale, with Heroku's words.

    Empty if there is none, or if it cannot be found out: other checks say so.
    """
    try:
        holds = _holds(tools)
        own = tools.parts.secrets.own_heroku_keys()
    except (CoordinationError, RegistryError):
        return ""
    others = {name for other, names in own.items() if other != key for name in names}
    mine = {*own.get(key, ())} if key else holds.keys() - others
    for name in sorted(holds.keys() & mine):
        for hold in holds[name].values():
            if hold.reason in OF_THE_KEY:
                return f"{name}: {hold.detail or hold.reason}"
    return ""


def _holds(tools: Toolbox) -> dict[str, Mapping[str, Hold]]:
    """Return the holds of the apps that are held, or whose changes wait, by name."""
    heartbeats = tools.parts.health.heartbeats()
    held = {app.app_id: app for app in heartbeats.held_apps[:LOOKED_AT]}
    ids = [*{**held, **dict.fromkeys(heartbeats.stuck_apps[:LOOKED_AT])}]
    memories = tools.parts.states.recall(ids)
    holds: dict[str, Mapping[str, Hold]] = {}
    for app_id, name in names_of(tools.parts, ids).items():
        if app_id in memories and memories[app_id].holds:
            holds[name] = memories[app_id].holds
        elif app_id in held:  # nothing could be remembered of it
            app = held[app_id]
            holds[name] = {WHOLE_APP: Hold(Reason(app.reason), app.since)}
    return holds


def _held_apps(tools: Toolbox) -> tuple[str, str]:
    """Name the apps that are held, with their causes, the oldest ones first."""
    heartbeats = tools.parts.health.heartbeats()
    holds = _holds(tools)
    if not holds:
        return OK, "none"
    causes = []
    for name, there in [*holds.items()][:NAMED]:
        process_type, hold = min(there.items(), key=lambda item: item[1].since)
        what = f"{name} {process_type}".strip()
        age = shown_age(heartbeats.at - hold.since)
        causes.append(f"{what}: {hold.reason} for {age}: {hold.detail}".rstrip(": "))
    more = max(heartbeats.held, len(holds)) - len(causes)
    text = "; ".join(causes) + (f"; and {more} more: list-apps" if more else "")
    red = {"held", "changes"}
    well = all(c.is_well for c in check_health(tools.parts) if c.what in red)
    return WARN if well else FAIL, text


def _scope(scope: str) -> str:
    return f", scope {scope}" if scope else ""


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
        left = budget.blocked_until - tools.parts.clock.now()
        why = budget.words or budget.reason
        return WARN, f"calls wait for {shown_age(left)} after an error: {why}"
    if remaining < tools.settings.calls_reserve:
        return WARN, (
            f"{remaining} calls left, below CALLS_RESERVE "
            f"({tools.settings.calls_reserve}): only scaling up continues"
        )
    return OK, f"{remaining} calls left this hour"


def _last_tick(tools: Toolbox) -> tuple[str, str]:
    check = judge_ticks(tools.parts.health.heartbeats(), tools.settings.sleep_period)
    return OK if check.is_well else FAIL, check.text


def _workers(tools: Toolbox) -> tuple[str, str]:
    from scalar.tasks import app  # noqa: PLC0415 - only this check needs Celery

    try:
        answers = app.control.ping(timeout=WORKER_PATIENCE) or []
    except Exception as exc:  # noqa: BLE001 - whatever the broker's library raises
        return FAIL, f"cannot reach the broker: {type(exc).__name__}"
    names = sorted(name for answer in answers for name in answer)
    if not names:
        return FAIL, f"no worker answers. Start one: {start_workers(_runs_as(tools))}"
    return OK, ", ".join(names)


def _runs_as(tools: Toolbox) -> str:
    """Return the process type of the workers; empty if that is not known."""
    try:
        return tools.parts.health.heartbeats().runs_as
    except CoordinationError:
        return ""
