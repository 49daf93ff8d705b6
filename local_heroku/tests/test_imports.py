"""What each module may import; nothing of the autoscaler or its tools."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import local_heroku

PACKAGE = Path(local_heroku.__file__).parent
#: Input, output and clocks, which only the modules named below may use.
OUTSIDE_WORLD = {"asyncio", "os", "select", "signal", "socket", "subprocess", "time"}
#: Modules that talk to the outside world, with the libraries each may import.
SHELL = {
    "__main__.py": {"aiohttp", "click"},
    "control.py": {"requests"},
    "process.py": set(),
    "testing.py": {"pytest"},
    "server/application.py": {"aiohttp"},
    "server/control_api.py": {"aiohttp"},
    "server/delivery.py": {"aiohttp"},
}
TEST_LIBRARIES = {"heroku3", "jsonschema", "pytest", "requests"}
MODULES = [str(path.relative_to(PACKAGE)) for path in sorted(PACKAGE.rglob("*.py"))]


def allowed(module: str) -> set[str]:
    """Return the top-level packages that a module may import."""
    everywhere = {"local_heroku", *sys.stdlib_module_names}
    if module.startswith("tests/"):
        return everywhere | TEST_LIBRARIES
    if module in SHELL:
        return everywhere | SHELL[module]
    return everywhere - OUTSIDE_WORLD


def imported(tree: ast.AST) -> Iterator[str]:
    """Return the top-level packages that the code imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_each_module_imports_only_what_it_may():
    offences = {}
    for module in MODULES:
        tree = ast.parse((PACKAGE / module).read_text())
        if forbidden := {*imported(tree)} - allowed(module):
            offences[module] = forbidden

    assert offences == {}


def test_the_core_never_reads_the_clock():
    """The time is always an argument, so a test can pass any time it wants."""
    clock = re.compile(r"\b(date|datetime)\.(now|utcnow|today)\b")
    core = [m for m in MODULES if m not in SHELL and not m.startswith("tests/")]

    assert [m for m in core if clock.search((PACKAGE / m).read_text())] == []


def test_every_exception_is_for_a_module_that_exists():
    assert {*MODULES} >= SHELL.keys()
