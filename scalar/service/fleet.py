"""Export the fleet as a description; change the registry to match one.

A description has every app with its address and its policies. It has no passwords,
tokens and Heroku keys, which are secret, and no pauses, which are temporary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from scalar.core.app import AppEntry, RegisteredApp
from scalar.core.app_state import WHOLE_APP, Memory
from scalar.core.counts_address import CountsAddress, form_of
from scalar.core.counts_url import CountsUrl
from scalar.core.errors import InvalidInput
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.own_address import is_own_address
from scalar.core.policy.values import PAUSES
from scalar.core.secret import HIDDEN, NO_SECRET, Secret
from scalar.service import orders
from scalar.service.known_names import memories, remembered, unknown
from scalar.service.paging import all_keys
from scalar.service.parts import Parts
from scalar.service.policies import check_policies, check_process_type
from scalar.service.registration import check_name, remove

Values = Mapping[str, str]


@dataclass
class Plan:
    """The changes to make, and each of them as a line to print.

    Attributes:
        add: Apps to register, with their address and their id, if it is known.
        move: Apps with another address.
        keys: Apps with another Heroku key.
        set: App, process type and the values that replace its policy.
        remove: Apps to remove.
        read: The rows that the plan rests on.
        lines: What to print.
        left_alone: Registered apps that the description does not have.
        unknown: Each process type with a policy that its app does not have.
        renamed: Each app that the description calls by a former name.
    """

    add: list[tuple[str, CountsAddress, str]] = field(default_factory=list)
    move: list[tuple[str, CountsAddress]] = field(default_factory=list)
    keys: list[tuple[str, Secret]] = field(default_factory=list)
    set: list[tuple[str, str, Values]] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    read: dict[str, RegisteredApp] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)


def describe(parts: Parts) -> list[AppEntry]:
    """Return every registered app as an entry, sorted by name."""
    entries = [_entry(app) for app in _registered(parts)]
    return sorted(entries, key=lambda entry: entry.name)


def _entry(app: RegisteredApp) -> AppEntry:
    address = app.address
    has_token = bool(address.token) and not address.has_token_in_path
    return AppEntry(
        app.name,
        address.shown(),
        without_pauses(app.policies),
        None if address.form is form_of(address.url) else address.form,
        Secret(HIDDEN) if has_token else NO_SECRET,
        address.queues,
        Secret(HIDDEN) if app.heroku_key else SHARED_KEY,
        app.platform_id,
    )


def plan(
    parts: Parts, entries: list[AppEntry], *, prune: bool, force: bool = False
) -> Plan:
    """Return the changes that make the registry match a description.

    Args:
        parts: The ports.
        entries: The description.
        prune: Whether to remove the apps that it does not have.
        force: Whether to take process types that an app is known not to have.

    Raises:
        InvalidInput: An entry breaks a rule; the message names the app.
    """
    registered = list(_registered(parts))
    result = Plan(read={app.name: app for app in registered})
    meant: set[int] = set()
    known = memories(parts, [app.id for app in registered])
    for entry in entries:
        app = _meant(entry, registered)
        if app is None:
            _plan_app(parts, entry, None, result)
            continue
        if app.id in meant:
            raise InvalidInput(
                f"{entry.name}: the file has this app ({app.name}) twice"
            )
        meant.add(app.id)
        if app.name != entry.name:
            result.renamed.append(f"{entry.name} is called {app.name}")
        present = replace(entry, name=app.name, url=_url_now(entry, app))
        names = remembered(known.get(app.id, Memory()))
        _check_names(present, app, names, result, force=force)
        _plan_app(parts, present, app, result)
    for name in sorted(app.name for app in registered if app.id not in meant):
        if prune:
            result.remove.append(name)
            result.lines.append(f"- {name}")
        else:
            result.left_alone.append(name)
    return result


def _check_names(
    entry: AppEntry,
    app: RegisteredApp,
    known: frozenset[str],
    result: Plan,
    *,
    force: bool,
) -> None:
    """Refuse new names of process types that the app does not have; note stored ones.

    Only what is remembered counts: a file of a thousand apps reads none of them.
    """
    for process_type in sorted(entry.policies.keys() - known - {WHOLE_APP}):
        if not known:
            return
        if process_type not in app.policies and not force:
            raise InvalidInput(unknown(entry.name, process_type, known))
        result.unknown.append(f"{entry.name} has no process type {process_type}")


def carry_out(parts: Parts, wanted: Plan) -> None:
    """Make the planned changes.

    Raises:
        AppChanged: Another command changed an app after the plan was made. It and
            the apps after it are left as they are.
    """
    before = dict(wanted.read)
    registry = parts.registry
    for name, address, platform_id in wanted.add:
        at, event = parts.clock.now(), orders.registered(parts, name, address)
        before[name] = registry.add(
            name, address, at, platform_id=platform_id, events=(event,)
        )
    rows = {name: app.key for name, app in before.items()}
    for name, address in wanted.move:
        event = orders.moved(parts, name, before[name], address)
        registry.set_address(name, address, read=rows[name], events=(event,))
        rows[name] = rows[name].changed_once
    for name, heroku_key in wanted.keys:
        event = orders.key_changed(parts, name, before[name], heroku_key)
        registry.set_heroku_key(name, heroku_key, read=rows[name], events=(event,))
        rows[name] = rows[name].changed_once
    for name, process_type, values in wanted.set:
        stored = before[name].policies.get(process_type, {})
        registry.set_policy(
            name,
            process_type,
            values,
            read=rows[name],
            mark=orders.mark(parts),
            events=orders.policy_changed(parts, name, process_type, stored, values),
        )
        rows[name] = rows[name].changed_once
    for name in wanted.remove:
        remove(parts, name)


def _registered(parts: Parts) -> Iterator[RegisteredApp]:
    found = (parts.registry.find(key) for key in all_keys(parts.registry))
    return (app for app in found if app is not None)


def _meant(entry: AppEntry, registered: list[RegisteredApp]) -> RegisteredApp | None:
    """Return the app of an entry: by its id, by its name, or by a former name.

    Raises:
        InvalidInput: It may be one of several apps, as after they swapped their names.
    """
    named = [app for app in registered if app.name == entry.name]
    if not entry.platform_id:
        formerly = [app for app in registered if entry.name in app.former_names]
        if len(named + formerly) > 1:
            now = " and ".join(sorted(app.name for app in named + formerly))
            raise InvalidInput(
                f"{entry.name}: several apps have had this name lately, which are "
                f"{now} now. Give the id of the one that is meant: `export` writes it"
            )
        return next(iter(named + formerly), None)
    for app in registered:
        if app.platform_id == entry.platform_id:
            return app
    if named and named[0].platform_id:
        raise InvalidInput(
            f"{entry.name}: its id is {entry.platform_id}, but the app is registered "
            f"with {named[0].platform_id}. If it was created again: python cli.py "
            f"rename-app {entry.name} {entry.name}"
        )
    return next(iter(named), None)


def _url_now(entry: AppEntry, app: RegisteredApp) -> str | None:
    """Return the URL of an entry that is older than the app's name.

    At the app's own address it has changed with the name.
    """
    if entry.url is None or entry.name == app.name:
        return entry.url
    address = replace(app.address, url=CountsUrl.parse(entry.url))
    before = replace(app, name=entry.name, address=address)
    return app.address.shown() if is_own_address(before) else entry.url


def _plan_app(
    parts: Parts, entry: AppEntry, app: RegisteredApp | None, result: Plan
) -> None:
    check_name(entry.name)
    try:
        address = _address(entry, app)
        heroku_key = _heroku_key(entry, app)
        for process_type in (*entry.policies, *entry.queues):
            check_process_type(process_type)
    except InvalidInput as exc:
        raise InvalidInput(f"{entry.name}: {exc}") from exc
    if app is None:
        result.add.append((entry.name, address, entry.platform_id))
        result.lines.append(f"+ {entry.name}  {address.described()}")
    elif address != app.address:
        result.move.append((entry.name, address))
        result.lines.append(f"~ {entry.name}  url: {_move(app.address, address)}")
    before_key = app.heroku_key if app is not None else SHARED_KEY
    if heroku_key != before_key:
        result.keys.append((entry.name, heroku_key))
        result.lines.append(_other_key(entry.name, before_key, heroku_key))
    before = app or RegisteredApp(0, entry.name, address, 0, parts.clock.now())
    wanted = _with_pauses(entry.policies, before.policies)
    changed = {
        process_type
        for process_type in {*wanted, *before.policies}
        if wanted.get(process_type, {}) != before.policies.get(process_type, {})
    }
    after = replace(before, policies=wanted)
    check_policies(parts, after, before=app, changed=changed)
    for process_type in sorted(changed):
        old = before.policies.get(process_type, {})
        new = wanted.get(process_type, {})
        result.set.append((entry.name, process_type, new))
        result.lines.extend(_differences(entry.name, process_type, old, new))


def _address(entry: AppEntry, app: RegisteredApp | None) -> CountsAddress:
    """Return the address of an entry, with the stored secret in place of `***`."""
    if entry.url is None:
        return _unchanged(entry, app)
    is_stored = app is not None and entry.url == app.address.shown()
    stored = app.address if app is not None and is_stored else None
    if stored is None and HIDDEN in entry.url:
        raise InvalidInput(_nothing_stored(entry, entry.url, "password or token"))
    token = entry.token
    if token == Secret(HIDDEN):
        if stored is None or not stored.token:
            raise InvalidInput(_nothing_stored(entry, "token: ***", "token"))
        token = stored.token
    if stored is None:
        return CountsAddress.parse(entry.url, entry.form, token, entry.queues)
    if stored.has_token_in_path:
        token = token or stored.token
    return CountsAddress.of(stored.url, entry.form, token, entry.queues)


def _unchanged(entry: AppEntry, app: RegisteredApp | None) -> CountsAddress:
    if app is None:
        raise InvalidInput("a new app needs its url")
    if entry.form or entry.token or entry.queues:
        raise InvalidInput("format, token and queues need a url as well")
    return app.address


def _heroku_key(entry: AppEntry, app: RegisteredApp | None) -> Secret:
    """Return the key of an entry, with the stored one in place of `***`.

    The key is sent to Heroku, not to the app, so it may outlive a change of the URL.
    """
    stored = app.heroku_key if app is not None else SHARED_KEY
    if entry.heroku_key == Secret(HIDDEN):
        if not stored:
            command = "set-heroku-key NAME -" if app else "add-app NAME --heroku-key -"
            raise InvalidInput(
                "heroku_key: *** stands for the stored key, but none is stored. "
                f"Set one: python cli.py {command.replace('NAME', entry.name)}"
            )
        return stored
    is_left_out = not entry.heroku_key and entry.url is None
    return stored if is_left_out else entry.heroku_key


def _other_key(name: str, before: Secret, after: Secret) -> str:
    if not before:
        return f"+ {name}  heroku_key: {HIDDEN}"
    if not after:
        return f"- {name}  heroku_key: {HIDDEN}"
    return f"~ {name}  heroku_key: {HIDDEN} -> {HIDDEN} (another key)"


def _nothing_stored(entry: AppEntry, what: str, secret: str) -> str:
    return (
        f"{what} has no {secret}, and none is stored for this address. "
        f"Register it with: python cli.py add-app {entry.name} URL"
    )


def _move(old: CountsAddress, new: CountsAddress) -> str:
    before, after = old.described(), new.described()
    is_secret = " (another password or token)" if before == after else ""
    return f"{before} -> {after}{is_secret}"


def without_pauses(policies: Mapping[str, Values]) -> dict[str, Values]:
    """Return the policies without their pauses."""
    kept = {
        process_type: {k: v for k, v in values.items() if k not in PAUSES}
        for process_type, values in policies.items()
    }
    return {process_type: values for process_type, values in kept.items() if values}


def _with_pauses(
    wanted: Mapping[str, Values], stored: Mapping[str, Values]
) -> dict[str, Values]:
    """Return the wanted policies with the stored pauses."""
    result = {process_type: dict(values) for process_type, values in wanted.items()}
    for process_type, values in stored.items():
        paused = {k: v for k, v in values.items() if k in PAUSES}
        if paused:
            result[process_type] = {**result.get(process_type, {}), **paused}
    return {process_type: values for process_type, values in result.items() if values}


def _differences(
    name: str, process_type: str, old: Values, new: Values
) -> Iterator[str]:
    where = name if process_type == WHOLE_APP else f"{name} {process_type}"
    before, after = _in_one_line(old), _in_one_line(new)
    for key in sorted({*old, *new}):
        if key not in old:
            yield f"+ {where}  {key}: {after[key]}"
        elif key not in new:
            yield f"- {where}  {key}: {before[key]}"
        elif old[key] != new[key]:
            yield f"~ {where}  {key}: {before[key]} -> {after[key]}"


def _in_one_line(values: Values) -> Values:
    return {name: " ".join(text.split()) for name, text in values.items()}
