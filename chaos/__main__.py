"""The command: `python -m chaos --seed 7 --apps 50 --minutes 5`."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import click

from chaos.checker import check
from chaos.faults.clock import VARIABLE, library
from chaos.report import figures, not_reached, table, verdict
from chaos.schedule import schedule
from chaos.storm import Storm
from chaos.system import CONCURRENCY, started

#: Every so many seeds one runs on SQLite, so that three in a row see both databases.
SQLITE_EVERY = 3
#: Seconds of a run that are not for faults: to start, and to come to rest.
ENDS = 25


@click.command(context_settings={"show_default": True})
@click.option("--seed", type=click.IntRange(min=0), help="The same seed, the same run.")
@click.option("--apps", type=click.IntRange(25, 100), default=50)
@click.option("--minutes", type=click.FloatRange(min=0.5), default=5.0)
@click.option(
    "--database",
    type=click.Choice(["auto", "postgresql", "sqlite"]),
    default="auto",
    help="auto: SQLite for every third seed, whose disk is full for a while.",
)
@click.option(
    "--logs",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where all logs go; a temporary folder if not given.",
)
def main(
    *, seed: int | None, apps: int, minutes: float, database: str, logs: Path | None
) -> None:
    """Run the real system under faults, and check what it promises.

    Ends with 1 if a promise was broken; then the logs are kept.
    """
    seed = time.time_ns() % 100_000 if seed is None else seed
    if database == "auto":
        database = "postgresql" if seed % SQLITE_EVERY else "sqlite"
    folder = logs or Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(f"seed {seed}, {database}, logs in {folder}")
    if library() is None:
        click.echo(f"No libfaketime ({VARIABLE}): the clock does not jump.")
    end = time.time() + minutes * 60 - ENDS
    steps = schedule(seed, apps, database, clock=library() is not None)
    with started(folder, seed, apps, database) as system:
        storm = Storm(system, seed, click.echo)
        left = storm.carry_out(steps, end)
        history = storm.come_to_rest()
    violations = check(history, CONCURRENCY)
    replay = f"python -m chaos --seed {seed} --apps {apps} --database {database}"
    parts = (table(history), figures(history, CONCURRENCY), not_reached(left))
    click.echo("\n" + "\n\n".join(filter(None, parts)))
    (folder / "violations.txt").write_text("\n\n".join(map(str, violations)))
    click.echo("\n" + verdict(violations, f"{replay} --minutes {minutes:g}"))
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
