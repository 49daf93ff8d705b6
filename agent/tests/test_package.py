"""The package as it is installed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomllib

AGENT = Path(__file__).parents[1]
PACKAGE = AGENT / "scalar_agent"
MODULES = sorted(PACKAGE.glob("*.py"))
PROJECT = tomllib.loads((AGENT / "pyproject.toml").read_text())
VERSION = PROJECT["project"]["version"]
PIP = (sys.executable, "-m", "pip")
BUILD_REQUIRES = PROJECT["build-system"]["requires"]
#: Modules that import the standard library alone.
SHARED = ["arguments", "auth", "broker_errors", "dynos", "endpoint", "log"]
SHARED += ["procfile", "report", "work", "wsgi", "asgi"]

#: What a module may import besides the standard library and the package itself.
MAY_IMPORT = {
    "asgi": set(),
    "django": {"django"},
    "fastapi": {"fastapi"},
    "flask": {"flask"},
    "rq": {"redis", "rq"},
    "rq_redis": {"redis", "rq"},
    "rq_silence": {"redis", "rq"},
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


def run(*command: object, **options: Any) -> str:
    """Run a command; return what it prints."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


@dataclass(frozen=True)
class Built:
    """What was built of a checkout.

    Attributes:
        members: The files that a wheel should have, besides its metadata.
        repository: A git repository with the tag v0.1.0.
    """

    members: set[str]
    wheel: Path
    sdist: Path
    repository: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the sdist of a clean checkout, and the wheel of the sdist, as pip does."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "repository" / "agent"
    members = {"scalar_agent/py.typed", "scalar_agent/counts-v1.schema.json"}
    members |= {f"scalar_agent/{file.name}" for file in MODULES}
    for name in ("pyproject.toml", "README.md", "LICENSE", *members):
        _copy(AGENT / name, source / name)
    _copy(Path(__file__), source / "tests" / "test_any.py")
    git = ("git", "-C", source.parent, "-c", "user.name=a", "-c", "user.email=a@b")
    run(*git, "init", "-q")
    run(*git, "add", "-A")
    run(*git, "commit", "-q", "-m", "Made up")
    run(*git, "tag", "v0.1.0")

    tools = folder / "tools"
    run(*PIP, "install", "--target", tools, *BUILD_REQUIRES)
    code = f"import setuptools.build_meta as b; b.build_sdist({str(folder)!r})"
    env = {**os.environ, "PYTHONPATH": str(tools)}
    run(sys.executable, "-c", code, cwd=source, env=env)
    (sdist,) = folder.glob("*.tar.gz")
    run(*PIP, "wheel", "--no-deps", "--wheel-dir", folder, sdist)
    (wheel,) = folder.glob("*.whl")
    return Built(members, wheel, sdist, source.parent)


def test_a_wheel_has_the_package_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        members = set(archive.namelist())
        info = built.wheel.name.split("-py3")[0] + ".dist-info"
        metadata = archive.read(f"{info}/METADATA").decode()

    assert {name for name in members if not name.startswith(info)} == built.members
    assert f"{info}/licenses/LICENSE" in members
    assert "Requires-Dist" not in metadata
    assert "Requires-Python: >=3.9" in metadata


def test_an_sdist_has_what_it_takes_to_build_the_wheel(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert built.members | {"pyproject.toml", "README.md", "LICENSE"} <= names


@pytest.mark.parametrize("source", ["wheel", "tag"])
def test_it_works_in_an_empty_environment(
    built: Built, source: str, tmp_path: Path
) -> None:
    """The tag is that of the line in the README."""
    place = f"git+file://{built.repository}@v0.1.0#subdirectory=agent"
    tag = f"heroku-proc-scalar-agent @ {place}"
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "empty")
    python = tmp_path / "empty" / "bin" / "python"
    run(*PIP, "--python", python, "install", tag if source == "tag" else built.wheel)
    code = f"""
import importlib, importlib.metadata, importlib.resources
for name in {SHARED!r}:
    importlib.import_module(f"scalar_agent.{{name}}")
for name, needed in {{"celery": "celery", "rq": "redis", "flask": "flask"}}.items():
    try:
        importlib.import_module(f"scalar_agent.{{name}}")
    except ModuleNotFoundError as error:
        assert error.name == needed, error
    else:
        raise AssertionError(f"{{needed}} is installed")
files = importlib.resources.files("scalar_agent")
assert files.joinpath("py.typed").is_file()
assert files.joinpath("counts-v1.schema.json").read_text().startswith("{{")
print(importlib.metadata.version("heroku-proc-scalar-agent"))
"""

    assert run(python, "-c", code, cwd=tmp_path).strip() == VERSION


def test_the_readme_says_how_to_install_it_at_a_tag() -> None:
    line = (
        "heroku-proc-scalar-agent @ git+https://github.com/OWNER/heroku-proc-scalar"
        f"@v{VERSION}#subdirectory=agent"
    )

    assert line in (AGENT / "README.md").read_text()


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
    code = "\n".join(
        [
            *(f"import scalar_agent.{name}" for name in SHARED),
            "import sys",
            "foreign = {'celery', 'redis', 'rq', 'flask', 'django', 'fastapi'}",
            "raise SystemExit(', '.join(foreign & set(sys.modules)) or None)",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
