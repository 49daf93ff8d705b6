"""The command: `python -m chaos --seed 7 --apps 50 --minutes 20`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click

from chaos.checker import check
from chaos.faults.clock import VARIABLE, library
from chaos.history import History
from chaos.recorded import load, save
from chaos.report import figures, skipped, table, verdict
from chaos.schedule import Step, schedule
from chaos.storm import Storm
from chaos.system import CONCURRENCY, started

#: Every third seed runs on SQLite, so that three in a row cover both databases.
SQLITE_EVERY = 3
#: Seconds of a run without faults: to start, and to settle.
ENDS = 40


@click.command(context_settings={"show_default": True})
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="The same seed repeats the same schedule.",
)
@click.option("--apps", type=click.IntRange(40, 100), default=50)
@click.option("--minutes", type=click.FloatRange(min=0.5), default=20.0)
@click.option(
    "--database",
    type=click.Choice(["auto", "postgresql", "sqlite"]),
    default="auto",
    help="auto: SQLite with a full disk for every third seed, else PostgreSQL.",
)
@click.option(
    "--check",
    "recorded",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Check the run that has this folder again, and run nothing.",
)
@click.option(
    "--logs",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for all logs; a temporary one by default.",
)
def main(
    *,
    seed: int | None,
    apps: int,
    minutes: float,
    database: str,
    recorded: Path | None,
    logs: Path | None,
) -> None:
    """Inject faults into the real system, and check its invariants.

    Exits with 1 if an invariant was violated.
    """
    if recorded:
        sys.exit(_report(load(recorded), recorded, [], f"--check {recorded}"))
    seed = time.time_ns() % 100_000 if seed is None else seed
    if database == "auto":
        database = "postgresql" if seed % SQLITE_EVERY else "sqlite"
    folder = logs or Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(f"seed {seed}, {database}, logs in {folder}")
    if library() is None:
        click.echo(f"No libfaketime (set {VARIABLE}): clock faults are skipped.")
    end = time.time() + minutes * 60 - ENDS
    steps = schedule(seed, apps, database, clock=library() is not None)
    with (
        started(folder, seed, apps, database) as system,
        Storm(system, seed, click.echo) as storm,
    ):
        left = storm.carry_out(steps, end)
        history = storm.settle()
    save(history, folder)
    again = f"--seed {seed} --apps {apps} --database {database} --minutes {minutes:g}"
    sys.exit(_report(history, folder, left, again))


def _report(history: History, folder: Path, left: Sequence[Step], again: str) -> int:
    """Check a run and print what was found; return the exit status."""
    violations = check(history, CONCURRENCY)
    parts = (table(history), figures(history), skipped(left))
    click.echo("\n" + "\n\n".join(filter(None, parts)))
    (folder / "violations.txt").write_text("\n\n".join(map(str, violations)))
    click.echo("\n" + verdict(violations, f"python -m chaos {again}"))
    return 1 if violations else 0


if __name__ == "__main__":
    main()
