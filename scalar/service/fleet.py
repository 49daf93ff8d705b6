"""Bring the registry to what a fleet's description says; tell it as one.

The description has every app with its URL and its policies. It has no password
and no pause: the first is a secret, the second ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from scalar.errors import InvalidInput
from scalar.model import WHOLE_APP
from scalar.ports import Policies, RegisteredApp
from scalar.secret import CountsUrl
from scalar.service.parts import Parts
from scalar.service.policies import DOWN, UP, check_policies, check_process_type
from scalar.service.registration import check_name

Values = Mapping[str, str]
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class AppEntry:
    """An app as a description has it.

    Attributes:
        name: Heroku's name of it.
        url: Where it serves its counts, with `***` for a password; None to
            leave it as it is.
        policies: Values by process type; those for the whole app under
            `WHOLE_APP`.
    """

    name: str
    url: str | None
    policies: Mapping[str, Values]


@dataclass
class Plan:
    """What has to be changed, and each change as a line for people."""

    add: list[tuple[str, CountsUrl]] = field(default_factory=list)
    move: list[tuple[str, CountsUrl]] = field(default_factory=list)
    set: list[tuple[str, str, Values]] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)


def describe(parts: Parts) -> list[AppEntry]:
    """Return every registered app as an entry, in the order of their names."""
    entries = [
        AppEntry(app.name, app.url.shown(), without_pauses(app.policies))
        for app in _registered(parts)
    ]
    return sorted(entries, key=lambda entry: entry.name)


def plan(
    parts: Parts, policies: Policies, entries: list[AppEntry], *, prune: bool
) -> Plan:
    """Return what has to be changed so that the registry is as described.

    Args:
        parts: The ports.
        policies: Which says whether the values are right.
        entries: The description.
        prune: Whether apps that it does not have are removed.

    Raises:
        InvalidInput: An entry breaks a rule; the message names the app.
    """
    found = {app.name: app for app in _registered(parts)}
    result = Plan()
    for entry in entries:
        _plan_app(parts, policies, entry, found.pop(entry.name, None), result)
    for name in sorted(found):
        if prune:
            result.remove.append(name)
            result.lines.append(f"- {name}")
        else:
            result.left_alone.append(name)
    return result


def carry_out(parts: Parts, wanted: Plan) -> None:
    """Change the registry as planned."""
    for name, url in wanted.add:
        parts.registry.add(name, url, parts.clock.now())
    for name, url in wanted.move:
        parts.registry.set_url(name, url)
    for name, process_type, values in wanted.set:
        parts.registry.set_policy(name, process_type, values)
    for name in wanted.remove:
        parts.registry.remove(name)


def _registered(parts: Parts) -> Iterator[RegisteredApp]:
    after = 0
    while page := parts.registry.page(after, PAGE):
        for key in page:
            app = parts.registry.find(key)
            if app is not None:
                yield app
        after = page[-1].id


def _plan_app(
    parts: Parts,
    policies: Policies,
    entry: AppEntry,
    app: RegisteredApp | None,
    result: Plan,
) -> None:
    check_name(entry.name)
    try:
        url = _url(entry, app)
        for process_type in entry.policies:
            check_process_type(process_type)
    except InvalidInput as exc:
        raise InvalidInput(f"{entry.name}: {exc}") from exc
    if app is None:
        result.add.append((entry.name, url))
        result.lines.append(f"+ {entry.name}  {url.shown()}")
    elif url != app.url:
        result.move.append((entry.name, url))
        result.lines.append(f"~ {entry.name}  url: {app.url.shown()} -> {url.shown()}")
    before = app or RegisteredApp(0, entry.name, url, 0, parts.clock.now())
    wanted = _with_pauses(entry.policies, before.policies)
    changed = {
        process_type
        for process_type in {*wanted, *before.policies}
        if wanted.get(process_type, {}) != before.policies.get(process_type, {})
    }
    after = replace(before, policies=wanted)
    check_policies(policies, after, before=app, changed=changed)
    for process_type in sorted(changed):
        old = before.policies.get(process_type, {})
        new = wanted.get(process_type, {})
        result.set.append((entry.name, process_type, new))
        result.lines.extend(_differences(entry.name, process_type, old, new))


def _url(entry: AppEntry, app: RegisteredApp | None) -> CountsUrl:
    """Return the URL that is meant: `***` stands for the password that is stored."""
    if app is not None and entry.url in (None, app.url.shown()):
        return app.url
    if entry.url is None:
        raise InvalidInput("a new app needs its url")
    url = CountsUrl.parse(entry.url)
    if "***" in entry.url:
        raise InvalidInput(
            f"{entry.url} has no password, and none is stored for this address. "
            f"Register it with: python cli.py add-app {entry.name} URL"
        )
    return url


def without_pauses(policies: Mapping[str, Values]) -> dict[str, Values]:
    """Return the policies without what ends by itself."""
    kept = {
        process_type: {k: v for k, v in values.items() if k not in (UP, DOWN)}
        for process_type, values in policies.items()
    }
    return {process_type: values for process_type, values in kept.items() if values}


def _with_pauses(
    wanted: Mapping[str, Values], stored: Mapping[str, Values]
) -> dict[str, Values]:
    """Return the wanted policies with the pauses that are under way."""
    result = {process_type: dict(values) for process_type, values in wanted.items()}
    for process_type, values in stored.items():
        paused = {k: v for k, v in values.items() if k in (UP, DOWN)}
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
