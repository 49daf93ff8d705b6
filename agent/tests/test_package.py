"""The package as it is installed."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

AGENT = Path(__file__).parents[1]
PACKAGE = AGENT / "scalar_agent"
MODULES = sorted(PACKAGE.glob("*.py"))

#: What a module may import besides the standard library and the package itself.
MAY_IMPORT = {
    "asgi": set(),
    "django": {"django"},
    "fastapi": {"fastapi"},
    "flask": {"flask"},
    "rq": {"redis", "rq"},
    "rq_redis": {"redis", "rq"},
    "rq_version": {"rq"},
}
CELERY = {"celery", "kombu", "amqp", "vine", "billiard", "redis"}


def imported(module: Path) -> set[str]:
    """Return the top-level names that a module imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_a_wheel_has_the_package_and_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / "source"
    wheels = tmp_path / "wheels"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        _copy(AGENT / name, source / name)
    expected = {"scalar_agent/py.typed", "scalar_agent/counts-v1.schema.json"}
    for file in MODULES:
        expected.add(f"scalar_agent/{file.name}")
    for member in expected:
        _copy(AGENT / member, source / member)
    _copy(Path(__file__), source / "tests" / "test_any.py")

    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir"]
    made = subprocess.run(
        [*command, str(wheels), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    (wheel,) = wheels.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        members = set(archive.namelist())
        info = wheel.name.split("-py3")[0] + ".dist-info"
        metadata = archive.read(f"{info}/METADATA").decode()

    assert {name for name in members if not name.startswith(info)} == expected
    assert f"{info}/licenses/LICENSE" in members
    assert "Requires-Dist" not in metadata
    assert "Requires-Python: >=3.9" in metadata


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_the_syntax_is_valid_in_python_3_9(module: Path) -> None:
    ast.parse(module.read_text(), feature_version=(3, 9))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_only_what_its_app_has(module: Path) -> None:
    allowed = MAY_IMPORT.get(module.stem, set())
    if module.stem.startswith("celery"):
        allowed = CELERY
    own = set(sys.stdlib_module_names) | {"scalar_agent"}

    assert imported(module) - own <= allowed


def test_the_shared_modules_import_only_the_standard_library() -> None:
    """In a real interpreter, no framework, Celery, Redis or RQ is imported."""
    names = ["auth", "dynos", "endpoint", "procfile", "report", "work", "wsgi", "asgi"]
    code = "\n".join(
        [
            *(f"import scalar_agent.{name}" for name in names),
            "import sys",
            "foreign = {'celery', 'redis', 'rq', 'flask', 'django', 'fastapi'}",
            "raise SystemExit(', '.join(foreign & set(sys.modules)) or None)",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
