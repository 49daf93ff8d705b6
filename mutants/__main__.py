"""Break the code in each way of the list, and see which test notices.

Works on a copy of the checkout. Ends with 1 if a fault survives all unit tests.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import click

from mutants.faults import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[1]
ALL = "tests/unit"
COPIED = ("scalar", "tests", "mutants", "pyproject.toml")
COPIED += ("agent/scalar_agent", "agent/tests")
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", re.MULTILINE)
#: A fault that makes the tests run forever is noticed after so many seconds.
PATIENCE = 600


@click.command()
@click.option("--only", default="", help="Faults whose name has this text in it.")
@click.option("--jobs", default=2, show_default=True, help="Copies at work at a time.")
def main(only: str, jobs: int) -> None:
    """Print each fault with the test that noticed it."""
    faults = [fault for fault in FAULTS if only in fault.name]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            copies.put(_copy(Path(folder) / str(number)))
        with ThreadPoolExecutor(jobs) as threads:
            results = list(threads.map(lambda fault: _noticed(fault, copies), faults))
    for fault, test in zip(faults, results, strict=True):
        click.echo(f"| {fault.name} | {f'`{test}`' if test else '**survives**'} |")
    alive = results.count(None)
    click.echo(f"{len(faults) - alive} of {len(faults)} faults were noticed")
    if alive:
        raise SystemExit(1)


def _copy(folder: Path) -> Path:
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    for other in sorted(ROOT.iterdir()):  # what tests read besides, as it stands
        if not other.name.startswith(".") and not (folder / other.name).exists():
            (folder / other.name).symlink_to(other)
    return folder


def _noticed(fault: Fault, copies: SimpleQueue[Path]) -> str | None:
    """Return the first test that fails; None if none does."""
    copy = copies.get()
    try:
        with _broken(copy, fault):
            found = _first_failure(copy, fault.tests.split())
            return found or _first_failure(copy, [ALL])
    finally:
        copies.put(copy)


@contextmanager
def _broken(copy: Path, fault: Fault) -> Iterator[None]:
    path = copy / fault.file
    right = path.read_text()
    path.write_text(right.replace(fault.code, fault.broken))
    try:
        yield
    finally:
        path.write_text(right)


def _first_failure(copy: Path, tests: list[str]) -> str | None:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy / "agent")},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "(it never ended)"
    if done.returncode == 0:
        return None
    found = FAILED.search(done.stdout)
    if found is None:
        raise click.ClickException(f"The tests did not run: {done.stdout[-2000:]}")
    return found[1]


if __name__ == "__main__":
    main()
