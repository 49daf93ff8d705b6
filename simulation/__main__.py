"""The command: `python -m simulation --seeds 1..1000`."""

from __future__ import annotations

import sys
import time

import click

from simulation.run import Outcome, run

#: Characters of a line of the trail.
WIDTH = 400


@click.command(context_settings={"show_default": True})
@click.option("--seeds", default="1..100", help="One seed, or the first and the last.")
@click.option("--trail", is_flag=True, help="Show all that happened.")
def main(*, seeds: str, trail: bool) -> None:
    """Run the whole service under virtual time, once for each seed."""
    first, _, last = seeds.partition("..")
    began = time.process_time()
    evaluations = failing = 0
    rules: dict[str, list[int]] = {}
    for seed in range(int(first), int(last or first) + 1):
        outcome = run(seed, with_trail=trail)
        evaluations += outcome.evaluations
        failing += bool(outcome.violations)
        _show(outcome)
        for rule in outcome.rules:
            rules.setdefault(rule, []).append(seed)
    spent = time.process_time() - began
    for rule, found in sorted(rules.items()):
        click.echo(f"{len(found):5d}  {rule}: {', '.join(map(str, found[:8]))}")
    click.echo(
        f"{evaluations} evaluations in {spent:.1f} s of CPU time: "
        f"{evaluations / spent:.0f} a second; {failing} seeds failed"
    )
    sys.exit(1 if failing else 0)


def _show(outcome: Outcome) -> None:
    for line in outcome.trail:
        click.echo(str(line)[:WIDTH])
    for violation in outcome.violations:
        click.echo(
            f"seed {outcome.seed} at {violation.at:.2f} s: {violation.rule}: "
            f"{violation.what}"
        )


if __name__ == "__main__":
    main()
