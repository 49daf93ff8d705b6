"""Imports point down only: the folders of `scalar/` are its layers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CORE = {"core", "core.policy", "core.decision"}
BELOW = CORE | {"ports", "formats"}
#: Folder, or file of the shell, to the others that it may import.
LAYERS: dict[str, set[str]] = {
    "core": set(),
    "core.policy": {"core"},
    "core.decision": {"core", "core.policy"},
    "ports": CORE,
    "formats": CORE,
    "service": BELOW,
    "adapters": BELOW,
    "worker": CORE | {"ports"},
    "settings": {"core", "core.policy"},
    "logs": {"core"},
    "start": {"core", "settings"},
    "bootstrap": BELOW | {"adapters", "service", "settings"},
    "doctor": BELOW | {"bootstrap", "settings", "tasks", "service.health"},
    "tasks": CORE
    | {"ports", "service", "worker", "bootstrap", "logs", "start"}
    | {"adapters.deadline"},  # bounds all HTTP of an evaluation, which no port offers
    "cli": BELOW
    | {"service", "bootstrap", "doctor", "logs", "settings", "start", "__version__"},
}
#: Standard modules without a clock and without input or output.
PURE = {
    *("__future__", "collections", "dataclasses", "datetime", "enum", "fractions"),
    *("base64", "difflib", "hashlib", "itertools", "json", "math", "re", "typing"),
    "urllib.parse",
}
#: What a layer may import beside that; layers that are not named, anything.
THIRD_PARTY: dict[str, set[str]] = {
    "core": set(),
    "core.policy": {"zoneinfo"},
    "core.decision": set(),
    "ports": set(),
    "formats": {"yaml"},
    "service": {"logging", "random", "secrets"},
}
#: The agent adds to Celery where it is imported, so one module alone may do that.
BROKER_PROBE = "adapters.broker.counts"
#: None of these may be imported by `scalar`.
OUTSIDE = {
    *("cli", "celeryconfig", "demo", "devtools", "local_heroku", "tests"),
    *("chaos", "simulation", "mutants", "benchmarks", "fuzz"),
}


def offences(module: str, source: str) -> list[str]:
    """Return what a module of `scalar` may not import, and its looks at a clock."""
    tree = ast.parse(source)
    wrong = [name for name in imports(tree) if not may_import(module, name)]
    if layer_of(module) in THIRD_PARTY:
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
    layer = layer_of(module)
    if name.startswith(".") or within(name, OUTSIDE):
        return False
    if within(name, {"scalar"}):
        target = name.removeprefix("scalar.")
        below = LAYERS[layer]
        return layer_of(target) in below | {layer} or within(target, below - CORE)
    if within(name, {"scalar_agent"}):
        return module == BROKER_PROBE
    return layer not in THIRD_PARTY or within(name, PURE | THIRD_PARTY[layer])


def layer_of(module: str) -> str:
    """Return the longest layer that a module is in; empty for `scalar` itself."""
    inside = [layer for layer in LAYERS if within(module, {layer})]
    return max(inside, key=len, default="")


def within(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def readings_of_the_clock(tree: ast.AST) -> list[str]:
    """Return `datetime.now` and the like; `clock.now` is the way."""
    asked = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    clock = re.compile(r"\b(date|datetime)\.(now|utcnow|today)$")
    return [text for text in asked if clock.search(text)]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "scalar").with_suffix("").parts
    return ".".join(parts).removesuffix("__init__").removesuffix(".")


PATHS = {name_of(path): path for path in sorted((ROOT / "scalar").rglob("*.py"))}


def test_no_module_imports_upward():
    found = {
        module: offences(module, path.read_text())
        for module, path in PATHS.items()
        if module
    }

    assert {module: wrong for module, wrong in found.items() if wrong} == {}


def test_every_module_has_a_layer_and_every_layer_a_module():
    assert {layer_of(module) for module in PATHS if module} == LAYERS.keys()
    assert len(list((ROOT / "scalar").glob("[!_]*"))) < 16


def test_no_imports_form_a_circle():
    graph = {
        module: {
            target
            for name in imports(ast.parse(path.read_text()))
            for target in (name.removeprefix("scalar."), name[7:].rpartition(".")[0])
            if name.startswith("scalar.") and target in PATHS and target != module
        }
        for module, path in PATHS.items()
    }
    while leaves := {module for module, below in graph.items() if not below}:
        graph = {m: below - leaves for m, below in graph.items() if m not in leaves}

    assert graph == {}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        pytest.param("core.health", "import time", id="core: a clock"),
        pytest.param("formats.plain", "import requests", id="formats: a library"),
        pytest.param("core.reading", "from os import environ", id="core: environment"),
        pytest.param("core.secret", "import urllib.request", id="core: the network"),
        pytest.param("core.app", "from scalar import settings", id="core: settings"),
        pytest.param(
            "core.app_state",
            "from scalar.core.decision.decide import decide",
            id="core: a decision",
        ),
        pytest.param(
            "core.policy.values",
            "from scalar.core.decision import stages",
            id="policy: a decision",
        ),
        pytest.param(
            "core.decision.track_holds",
            "from datetime import datetime\ndatetime.now()",
            id="core: reads the clock",
        ),
        pytest.param(
            "core.decision.decide",
            "import datetime\ndatetime.datetime.utcnow()",
            id="core: reads the clock in full",
        ),
        pytest.param(
            "ports.account", "from scalar.service.parts import Parts", id="port: above"
        ),
        pytest.param(
            "service.fan_out",
            "def f():\n    from scalar.adapters import inmemory",
            id="service: an adapter, inside a function",
        ),
        pytest.param("service.parts", "import scalar.settings", id="service: settings"),
        pytest.param("service.evaluate.act", "import time", id="service: a clock"),
        pytest.param("service.evaluate.act", "import socket", id="service: network"),
        pytest.param(
            "adapters.heroku.platform",
            "from scalar.service.parts import Parts",
            id="adapter: the service",
        ),
        pytest.param("adapters.inmemory.clock", "import scalar.tasks", id="tasks"),
        pytest.param(
            "worker._publisher",
            "from scalar.adapters.redis import connection",
            id="worker: an adapter",
        ),
        pytest.param(
            "cli.project",
            "from scalar.adapters.sql import schema",
            id="cli: an adapter",
        ),
        pytest.param(
            "doctor",
            "from scalar.adapters.redis.connection import translate_errors",
            id="doctor: an adapter",
        ),
        pytest.param(
            "adapters.http.counts",
            "from scalar_agent.report import rich",
            id="adapter: the agent",
        ),
        pytest.param("tasks", "import scalar_agent.celery", id="tasks: agent"),
        pytest.param("tasks", "import celeryconfig", id="tasks: celeryconfig"),
        pytest.param("bootstrap", "from cli import main", id="bootstrap: cli"),
        pytest.param("start", "from tests import unit", id="tests"),
        pytest.param("logs", "from . import secret", id="a relative import"),
    ],
)
def test_an_import_against_the_direction_is_found(module, source):
    assert len(offences(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        pytest.param(
            "service.evaluate.act",
            "from datetime import datetime\nparts.clock.now()",
            id="service: asks its clock",
        ),
        pytest.param("adapters.heroku.platform", "import requests", id="a library"),
        pytest.param(
            "adapters.broker.counts",
            "from scalar_agent.celery import CeleryJobs",
            id="the probe of brokers: the agent",
        ),
        pytest.param("tasks", "app.config_from_object('celeryconfig')", id="by name"),
    ],
)
def test_an_import_in_the_direction_is_not(module, source):
    assert offences(module, source) == []
