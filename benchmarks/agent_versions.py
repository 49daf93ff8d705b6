"""Run the agent's truth table with each supported version of what apps have.

`python -m benchmarks.agent_versions > docs/agent-versions.md` makes an environment in
`.cache/versions` for each pair below, and runs the truth table of Celery and the tests
of RQ in it, with real workers and a real Redis. Python 3.9 to 3.13 have to be on PATH
or in ~/.pyenv/versions; a row whose Python is missing is left out, and said to be.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from devtools.procfile import ROOT
from devtools.redis_binary import find_binary

FOLDER = ROOT / ".cache" / "versions"
TESTS = {
    "Celery": ["agent/tests/test_truth_table.py"],
    "RQ": ["agent/tests/test_rq.py"],
}
#: What the tests need besides.
TOOLS = ("pytest", "psutil", "croniter")
SHOWN = ("celery", "kombu", "rq", "redis")
SUMMARY = re.compile(r"([0-9]+) (passed|failed|errors?|skipped)")
#: Seconds for the tests of one library.
PATIENCE = 1_800

INTRODUCTION = """# Versions that the agent was tested with

Printed by `python -m benchmarks.agent_versions`: the truth table of Celery
(`agent/tests/test_truth_table.py`) and the tests of RQ (`agent/tests/test_rq.py`), with
real workers and a real Redis. Rows of RabbitMQ are skipped where there is none.
"""


@dataclass(frozen=True)
class Pair:
    """A row: versions that go together."""

    python: str
    celery: str
    rq: str


#: Celery 5.7 and RQ 3.0 need Python 3.10.
PAIRS = (
    Pair("3.9", "5.2.7", "2.0.0"),
    Pair("3.9", "5.6.3", "2.6.1"),
    Pair("3.10", "5.3.6", "2.3.3"),
    Pair("3.10", "5.7.0", "3.0.0"),
    Pair("3.11", "5.4.0", "2.8.0"),
    Pair("3.12", "5.5.3", "2.10.0"),
    Pair("3.13", "5.6.3", "2.12.0"),
    Pair("3.13", "5.7.0", "3.0.0"),
)


def find_python(version: str) -> Path | None:
    """Return an interpreter of this version that starts."""
    candidates = [shutil.which(f"python{version}") or ""]
    folder = Path.home() / ".pyenv" / "versions"
    candidates += map(str, sorted(folder.glob(f"{version}.*/bin/python")))
    for candidate in filter(None, candidates):
        code = "import sys; print('{}.{}'.format(*sys.version_info))"
        done = _run([candidate, "-c", code])
        if done.stdout.strip() == version:
            return Path(candidate)
    return None


def make_environment(pair: Pair, python: Path) -> Path:
    """Return the Python of an environment with the versions of a pair."""
    folder = FOLDER / f"{pair.python}-{pair.celery}-{pair.rq}"
    own = folder / "bin" / "python"
    if not own.exists():
        _checked([str(python), "-m", "venv", str(folder)])
    wanted = [f"celery[redis]=={pair.celery}", f"rq=={pair.rq}", *TOOLS]
    pip = [str(own), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _checked([*pip, *wanted])
    return own


def versions_of(python: Path) -> list[str]:
    """Return the versions that are installed there, Python's own first."""
    code = (
        "import platform\n"
        "from importlib.metadata import version\n"
        "print(platform.python_version())\n"
        f"for name in {SHOWN!r}: print(version(name))"
    )
    return _checked([str(python), "-c", code]).stdout.split()


def outcome(python: Path, tests: Sequence[str]) -> tuple[str, bool]:
    """Return what the tests say, and whether all is well."""
    path = f"{find_binary().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": f"{ROOT / 'agent'}:{ROOT}"}
    # The checkout's configuration is that of its own environment.
    options = ["-q", "-c", os.devnull, f"--rootdir={ROOT}", "-p", "no:cacheprovider"]
    done = _run([str(python), "-m", "pytest", *options, *tests], env=env)
    lines = done.stdout.splitlines() or [done.stderr[-300:]]
    found = {kind: int(number) for number, kind in SUMMARY.findall(lines[-1])}
    for line in lines:
        if line.startswith(("FAILED", "ERROR")):
            print(line, file=sys.stderr, flush=True)
    right, skipped = found.get("passed", 0), found.get("skipped", 0)
    text = f"{right} of {sum(found.values()) - skipped}"
    return text, done.returncode == 0 and right > 0


def rows(pairs: Sequence[Pair]) -> Iterator[tuple[str, bool]]:
    """Yield the row of each pair, and whether all is well."""
    for pair in pairs:
        python = find_python(pair.python)
        if python is None:
            yield (
                f"| {pair.python} | {pair.celery} | | {pair.rq} | | not here | |",
                True,
            )
            continue
        own = make_environment(pair, python)
        parts = [outcome(own, tests) for tests in TESTS.values()]
        cells = [*versions_of(own), *(text for text, _ in parts)]
        yield f"| {' | '.join(cells)} |", all(is_well for _, is_well in parts)


@click.command()
@click.option("--only", default="", help="Pairs that start so, such as 3.9/5.2.")
def main(only: str) -> None:
    """Print the table; exit with 1 if a test failed."""
    pairs = [x for x in PAIRS if f"{x.python}/{x.celery}/{x.rq}".startswith(only)]
    print(INTRODUCTION)
    heads = ["Python", "Celery", "kombu", "RQ", "redis-py"]
    heads += [f"right, {name}" for name in TESTS]
    print(f"| {' | '.join(heads)} |")
    print(f"|{'---|' * len(heads)}")
    well = True
    for row, is_well in rows(pairs):
        print(row, flush=True)
        well &= is_well
    sys.exit(not well)


def _run(
    command: Sequence[str], env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def _checked(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    done = _run(command)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done


if __name__ == "__main__":
    main()
