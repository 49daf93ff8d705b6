"""Imports point one way: shell -> bootstrap -> adapters, service -> core."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CORE = {
    f"scalar.{name}"
    for name in (
        *("model", "strategy", "decision", "stages", "answers", "limits", "holds"),
        *("policy", "schedule", "history", "drain", "remembering"),
        *("backing_off", "vitals"),
        *("errors", "secret", "logfmt", "ports", "address", "broker_options"),
        "heroku_key",
    )
}
#: Standard modules without a clock and without input or output.
PURE = {
    *("__future__", "collections", "dataclasses", "datetime", "enum", "fractions"),
    "itertools",
    *("json", "math", "re", "typing", "urllib.parse"),
}
#: Who may import what beside the core; the longest name that fits is the rule.
MAY_IMPORT: dict[str, set[str]] = {
    "scalar.service": {"scalar.service"},
    "scalar.adapters": {"scalar.adapters"},
    # A policy's text: beside the core, because time zones are read from files.
    "scalar.schedule_text": set(),
    "scalar.policy_values": {"scalar.schedule_text"},
    "scalar.policy_book": {"scalar.policy_values"},
    "scalar.fleet_file": {"scalar.service.fleet"},
    "scalar.settings": {"scalar.policy_values"},
    "scalar.logs": set(),
    "scalar.start": {"scalar.settings"},
    "scalar.beat_clock": set(),
    "scalar.beat_thread": set(),
    "scalar.redis_transport": set(),
    "scalar.celery_publisher": set(),
    "scalar.bootstrap": {
        *("scalar.adapters", "scalar.policy_book", "scalar.service.parts"),
        "scalar.settings",
    },
    # A task bounds the HTTP of its whole evaluation, which no port offers.
    "scalar.tasks": {
        "scalar.direct_request",
        *("scalar.beat_thread", "scalar.bootstrap", "scalar.redis_transport"),
        "scalar.celery_publisher",
        *("scalar.logs", "scalar.service", "scalar.start"),
        "scalar.adapters.deadline",
    },
    "scalar.commands": {
        *("scalar.bootstrap", "scalar.commands", "scalar.diagnosis"),
        *("scalar.fleet_file", "scalar.policy_book", "scalar.policy_values"),
        *("scalar.logs", "scalar.service", "scalar.start"),
    },
    # `initialise-project` makes the schema, which no port offers.
    "scalar.commands.project": {
        *("scalar.adapters.sql.schema", "scalar.bootstrap", "scalar.commands"),
    },
    # `doctor` looks at the schema and at Redis itself, which no port offers.
    "scalar.diagnosis": {
        *("scalar.adapters.redis_connection", "scalar.adapters.sql.schema"),
        *("scalar.bootstrap", "scalar.tasks"),
    },
    # Alembic loads it by its path, to compare a schema with the tables.
    "scalar.migrations": {"scalar.adapters.sql.tables"},
}
#: The agent adds to Celery where it is imported, so one module alone may do that.
BROKER_PROBE = "scalar.adapters.broker_counts"
SERVICE_ALSO = {"logging", "random", "secrets"}
OURS = {"scalar", "cli", "celeryconfig", "demo", "devtools", "local_heroku", "tests"}


def offences(module: str, source: str) -> list[str]:
    """Return what a module imports that it may not, and where it asks the time."""
    tree = ast.parse(source)
    wrong = [name for name in imports(tree) if not may_import(module, name)]
    if within(module, CORE | {"scalar.service"}):
        wrong += readings_of_the_clock(tree)
    return wrong


def imports(tree: ast.AST) -> Iterator[str]:
    """Return `a.b` for `import a.b`, and `a.b.c` for `from a.b import c`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from (f"{base}.{alias.name}" for alias in node.names)


def may_import(module: str, name: str) -> bool:
    if within(module, CORE):
        return within(name, CORE | PURE)
    if within(name, OURS) or name.startswith("."):
        rules = [place for place in MAY_IMPORT if within(module, {place})]
        rule = max(rules, key=len, default="")
        return within(name, CORE | MAY_IMPORT.get(rule, set()))
    if within(name, {"scalar_agent"}):
        return module == BROKER_PROBE
    is_service = within(module, {"scalar.service"})
    return not is_service or within(name, PURE | SERVICE_ALSO)


def within(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def readings_of_the_clock(tree: ast.AST) -> list[str]:
    """Return `datetime.now` and the like; `parts.clock.now` is the way."""
    asked = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    clock = re.compile(r"\b(date|datetime)\.(now|utcnow|today)$")
    return [text for text in asked if clock.search(text)]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


PATHS = {name_of(path): path for path in sorted((ROOT / "scalar").rglob("*.py"))}


@pytest.mark.parametrize("module", PATHS)
def test_no_module_imports_what_is_above_it(module):
    assert offences(module, PATHS[module].read_text()) == []


def test_every_rule_is_for_a_module_that_there_is():
    assert CORE | MAY_IMPORT.keys() <= PATHS.keys()


@pytest.mark.parametrize(
    ("module", "source"),
    [
        pytest.param("scalar.decision", "import time", id="core: a clock"),
        pytest.param("scalar.answers.plain", "import requests", id="core: a library"),
        pytest.param("scalar.model", "from os import environ", id="core: environment"),
        pytest.param("scalar.secret", "import urllib.request", id="core: the network"),
        pytest.param(
            "scalar.model", "from scalar import settings", id="core: settings"
        ),
        pytest.param(
            "scalar.holds",
            "from datetime import datetime\ndatetime.now()",
            id="core: asks the time",
        ),
        pytest.param(
            "scalar.limits",
            "import datetime\ndatetime.datetime.utcnow()",
            id="core: asks the time in full",
        ),
        pytest.param(
            "scalar.service.fan_out",
            "def f():\n    from scalar.adapters import memory",
            id="service: an adapter, inside a function",
        ),
        pytest.param(
            "scalar.service.parts", "import scalar.settings", id="service: settings"
        ),
        pytest.param("scalar.service.acting", "import time", id="service: a clock"),
        pytest.param(
            "scalar.service.acting", "import socket", id="service: the network"
        ),
        pytest.param(
            "scalar.adapters.heroku",
            "from scalar.service.parts import Parts",
            id="adapter: the service",
        ),
        pytest.param(
            "scalar.adapters.memory", "import scalar.tasks", id="adapter: tasks"
        ),
        pytest.param(
            "scalar.commands.apps",
            "from scalar.adapters.sql import registry",
            id="command: an adapter",
        ),
        pytest.param(
            "scalar.adapters.http_counts",
            "from scalar_agent.report import rich",
            id="adapter: the agent",
        ),
        pytest.param("scalar.tasks", "import scalar_agent.celery", id="tasks: agent"),
        pytest.param(
            "scalar.address", "from scalar.settings import Settings", id="core: address"
        ),
        pytest.param("scalar.tasks", "import celeryconfig", id="tasks: celeryconfig"),
        pytest.param("scalar.bootstrap", "from cli import main", id="bootstrap: cli"),
        pytest.param("scalar.start", "from tests import unit", id="tests"),
        pytest.param("scalar.logs", "from . import secret", id="a relative import"),
    ],
)
def test_an_import_against_the_direction_would_be_found(module, source):
    assert len(offences(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        pytest.param(
            "scalar.service.acting",
            "from datetime import datetime\nparts.clock.now()",
            id="service: asks its clock",
        ),
        pytest.param(
            "scalar.adapters.heroku", "import requests", id="adapter: a library"
        ),
        pytest.param(
            "scalar.adapters.broker_counts",
            "from scalar_agent.celery import CeleryJobs",
            id="the probe of brokers: the agent",
        ),
        pytest.param(
            "scalar.tasks", "app.config_from_object('celeryconfig')", id="by name"
        ),
    ],
)
def test_what_is_in_the_direction_would_not(module, source):
    assert offences(module, source) == []
