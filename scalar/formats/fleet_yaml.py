"""Read and write a fleet as a YAML file."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import yaml

from scalar.core.app import AppEntry
from scalar.core.app_state import WHOLE_APP
from scalar.core.errors import InvalidInput
from scalar.core.heroku_key import SHARED_KEY, read_key
from scalar.core.reading import Form
from scalar.core.secret import HIDDEN, Secret

HEADER = """\
# The fleet of heroku-proc-scalar. Edit it, then: python cli.py apply FILE
# Passwords, tokens and Heroku keys are not in this file: *** stands for the stored
# one.
"""
#: What PyYAML raises for an invalid date, number or tag.
_INVALID_VALUE = (ValueError, KeyError, IndexError, AttributeError, TypeError)
MERGE = "tag:yaml.org,2002:merge"
PARTS = (
    *("id", "url", "format", "token", "queues", "heroku_key"),
    *("policy", "process_types"),
)
TEXTS = ("id", "url", "format", "token", "heroku_key")


class _Loader(yaml.SafeLoader):
    """Loads plain data, and rejects duplicate keys."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - PyYAML's own signature
    ) -> dict[Hashable, Any]:
        """Return a mapping; its keys must be unique."""
        if any(key.tag == MERGE for key, _ in node.value):
            line = node.start_mark.line + 1
            raise InvalidInput(
                f"line {line}: merge keys (<<) are not supported; write the values out"
            )
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            line = node.start_mark.line + 1
            raise InvalidInput(f"line {line}: duplicate key {_names(twice)}")
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a literal block."""


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)


def read_fleet(text: str) -> list[AppEntry]:
    """Return the entries of a fleet file.

    Raises:
        InvalidInput: It is not valid YAML, or has the wrong shape; the message
            says where.
    """
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as exc:
        raise InvalidInput(f"the file is not valid YAML: {_place(exc)}") from exc
    except RecursionError as exc:
        raise InvalidInput("the file is nested too deeply") from exc
    except _INVALID_VALUE as exc:
        raise InvalidInput(
            "the file has an invalid value, such as a date that does not exist"
        ) from exc
    apps = _mapping(data, "the file").get("apps")
    unknown = set(data) - {"apps"}
    if unknown:
        raise InvalidInput(f"the file: unknown {_names(unknown)}; the only key is apps")
    return [_entry(name, app) for name, app in _mapping(apps, "apps").items()]


def _place(error: yaml.YAMLError) -> str:
    """Return the problem and its line number; the line may hold a password."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be read"
    return f"line {mark.line + 1}: {problem}" if mark else problem


def write_fleet(entries: Iterable[AppEntry]) -> str:
    """Return the fleet file of some entries."""
    data = {"apps": {entry.name: _as_data(entry) for entry in entries}}
    body: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000
    )
    return HEADER + body


def _entry(name: object, data: Any) -> AppEntry:
    where = str(name)
    app = _mapping({} if data is None else data, where)
    unknown = set(app) - set(PARTS)
    if unknown:
        raise InvalidInput(
            f"{where}: unknown {_names(unknown)}; choose from {', '.join(PARTS)}"
        )
    for part in TEXTS:
        if app.get(part) is not None and not isinstance(app[part], str):
            raise InvalidInput(f"{where}: {part} must be text")
    policies = {WHOLE_APP: _values(app.get("policy"), f"{where}: policy")}
    process_types = app.get("process_types")
    for process_type, values in _mapping(
        {} if process_types is None else process_types, f"{where}: process_types"
    ).items():
        policies[str(process_type)] = _values(values, f"{where} {process_type}")
    return AppEntry(
        where,
        app.get("url"),
        {name: values for name, values in policies.items() if values},
        _form(app.get("format"), where),
        Secret(app.get("token") or ""),
        _queues(app.get("queues"), where),
        _heroku_key(app.get("heroku_key"), where),
        app.get("id") or "",
    )


def _form(text: str | None, where: str) -> Form | None:
    if text is None:
        return None
    if text not in set(Form):
        raise InvalidInput(f"{where}: format {text!r} must be {', '.join(Form)}")
    return Form(text)


def _heroku_key(text: str | None, where: str) -> Secret:
    if text is None:
        return SHARED_KEY
    if text == HIDDEN:
        return Secret(HIDDEN)
    try:
        return read_key(text)
    except InvalidInput as exc:
        raise InvalidInput(f"{where}: {exc}") from exc


def _queues(data: Any, where: str) -> dict[str, tuple[str, ...]]:
    queues = _mapping({} if data is None else data, f"{where}: queues")
    for process_type, names in queues.items():
        is_list = isinstance(names, list) and all(isinstance(n, str) for n in names)
        if not is_list:
            raise InvalidInput(
                f"{where}: queues of {process_type} must be a list of text"
            )
    return {str(process_type): tuple(names) for process_type, names in queues.items()}


def _values(data: Any, where: str) -> dict[str, str]:
    values = _mapping({} if data is None else data, where)
    return {
        str(name): _text(value, f"{where} {name}") for name, value in values.items()
    }


def _text(value: Any, where: str) -> str:
    """Return a value as the text that a person would type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float):
        return _digits(value, where)
    kind = type(value).__name__
    raise InvalidInput(f"{where} must be text, a number, true or false, not {kind}")


def _digits(number: float, where: str) -> str:
    try:
        return str(number)
    except ValueError as exc:  # Python limits the digits that it converts
        raise InvalidInput(f"{where} has too many digits") from exc


def _mapping(data: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(data, dict):
        raise InvalidInput(f"{where} must be a mapping of names")
    return data


def _names(names: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, names)))


def _as_data(entry: AppEntry) -> dict[str, Any]:
    data: dict[str, Any] = {"id": entry.platform_id} if entry.platform_id else {}
    data["url"] = entry.url
    if entry.form is not None:
        data["format"] = entry.form.value
    if entry.token:
        data["token"] = HIDDEN
    if entry.queues:
        data["queues"] = {name: list(queues) for name, queues in entry.queues.items()}
    if entry.heroku_key:
        data["heroku_key"] = HIDDEN
    if values := entry.policies.get(WHOLE_APP):
        data["policy"] = _typed(values)
    types = {name: v for name, v in sorted(entry.policies.items()) if name != WHOLE_APP}
    if types:
        data["process_types"] = {name: _typed(v) for name, v in types.items()}
    return data


def _typed(values: Mapping[str, str]) -> dict[str, Any]:
    """Return the values, with numbers as numbers."""
    return {name: int(v) if _is_plain(v) else v for name, v in values.items()}


def _is_plain(text: str) -> bool:
    """Return whether a text is an integer in its canonical form."""
    return re.fullmatch(r"0|[1-9][0-9]{0,17}", text) is not None
