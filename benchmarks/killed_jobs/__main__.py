"""`python -m benchmarks.killed_jobs`: print the table."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import click

from benchmarks.killed_jobs.figures import Figures, Story, figures, tell_story
from benchmarks.killed_jobs.load import Load, make_jobs
from benchmarks.killed_jobs.run import run
from benchmarks.killed_jobs.stage import Setup, set_up
from devtools.guard import nothing_left_behind

LOAD = Load()
HEAD = (
    "generation",
    "acks",
    "busy dynos",
    "jobs",
    "killed",
    "lost",
    "run again",
    "caught by SIGTERM",
    "job-seconds done",
    "dyno-seconds",
    "all done after, s",
    "slowest job, s",
    "idle tail kept, s",
)


@click.command()
@click.option("--seed", default=1, show_default=True)
@click.option("--bursts", default=LOAD.bursts, show_default=True)
@click.option("--jobs", default=LOAD.jobs, show_default=True, help="Jobs per burst.")
@click.option(
    "--apart", default=LOAD.apart, show_default=True, help="Seconds between bursts."
)
@click.option(
    "--trickle",
    default=LOAD.trickle,
    show_default=True,
    help="Seconds between singles.",
)
@click.option("--long-part", default=LOAD.long_part, show_default=True)
@click.option("--most", default=12, show_default=True, help="Most dynos.")
@click.option(
    "--delay", default=0.0, show_default=True, help="Seconds from removal to SIGTERM."
)
@click.option("--pool", default="prefork", show_default=True)
@click.option(
    "--acks",
    multiple=True,
    default=("early", "late"),
    show_default=True,
    type=click.Choice(("early", "late")),
)
@click.option(
    "--busy",
    multiple=True,
    default=("unknown", "known"),
    show_default=True,
    type=click.Choice(("unknown", "known")),
)
@click.option(
    "--generation",
    "generations",
    multiple=True,
    default=("cedar", "fir"),
    show_default=True,
    type=click.Choice(("cedar", "fir")),
    help="Of Heroku: Fir's dynos have no numbers, and any may be removed.",
)
@click.option(
    "--keep", type=Path, help="Keep the logs and facts of each run in this folder."
)
def main(  # noqa: PLR0917 - its options
    seed: int,
    bursts: int,
    jobs: int,
    apart: float,
    trickle: float,
    long_part: float,
    most: int,
    delay: float,
    pool: str,
    acks: Sequence[str],
    busy: Sequence[str],
    generations: Sequence[str],
    keep: Path | None,
) -> None:
    """Run the same jobs with busy dynos unknown and known; compare the results."""
    load = replace(
        LOAD,
        bursts=bursts,
        jobs=jobs,
        apart=apart,
        trickle=trickle,
        long_part=long_part,
    )
    rows = []
    for generation, ack, known in product(generations, acks, busy):
        setup = Setup(
            busy=known == "known",
            late=ack == "late",
            pool=pool,
            most=most,
            delay=delay,
            generation=generation,
        )
        tell(f"{generation}, {ack} acks, busy dynos {known}:")
        folder = keep and keep / f"{generation}-{ack}-{known}"
        story = play(setup, load, seed, folder)
        rows.append((generation, ack, known, figures(story)))
        for line in _caught(story):
            tell(line)
    print("\n".join(table(rows)))


def play(setup: Setup, load: Load, seed: int, keep: Path | None) -> Story:
    """Run the jobs once; return what happened."""
    jobs = make_jobs(load, seed)
    with nothing_left_behind() as folder:
        try:
            with set_up(folder, setup) as stage:
                stage.start_scaler()
                run(stage, jobs, tell)
                return tell_story(stage.facts.read())
        finally:
            if keep:
                shutil.copytree(folder, keep, dirs_exist_ok=True)


def table(rows: Sequence[tuple[str, str, str, Figures]]) -> list[str]:
    """Return the table in Markdown."""
    lines = [_row(HEAD), _row([*["---"] * 3, *["--:"] * (len(HEAD) - 3)])]
    for generation, ack, known, of in rows:
        cells = [
            generation,
            ack,
            known,
            of.jobs,
            of.killed,
            of.lost,
            of.again,
            of.caught,
            f"{of.worked:.0f}",
            f"{of.dyno_seconds:.0f}",
            f"{of.makespan:.0f}",
            f"{of.longest_wait:.0f}",
            "-" if of.tail is None else f"{of.tail:.1f}",
        ]
        lines.append(_row(cells))
    return lines


def tell(text: str) -> None:
    """Print progress to stderr; only the table goes to standard output."""
    print(text, file=sys.stderr, flush=True)


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _caught(story: Story) -> list[str]:
    """Return a line for each job that was running when its dyno got SIGTERM."""
    return [
        f"  job {one.job} on {one.life.name} started "
        f"{(one.life.sigterm_at or 0.0) - one.began_at:.2f} s before SIGTERM"
        f"{', killed' if one.killed else ', done in time'}"
        for one in story.attempts
        if one.caught
    ]


if __name__ == "__main__":
    main()
