"""The command: `python -m simulation --seeds 1..1000`."""

from __future__ import annotations

import sys
import time
from collections import defaultdict

import click

from simulation.run import Outcome, run
from simulation.shrink import shrink
from simulation.trail import shortened, tell


@click.command(context_settings={"show_default": True})
@click.option("--seeds", default="1..100", help="One seed, or the first and the last.")
@click.option("--trail", is_flag=True, help="Show all that happened.")
@click.option("--explain", is_flag=True, help="Shrink what went wrong, and show how.")
def main(*, seeds: str, trail: bool, explain: bool) -> None:
    """Run the whole service under virtual time, once for each seed.

    Ends with 1 if a seed breaks a rule.
    """
    first, _, last = seeds.partition("..")
    began = time.process_time()
    evaluations = failed = 0
    found: defaultdict[str, list[int]] = defaultdict(list)
    for seed in range(int(first), int(last or first) + 1):
        outcome = run(seed, with_trail=trail)
        evaluations += outcome.evaluations
        _show(outcome)
        for rule in outcome.rules:
            found[rule].append(seed)
        failed += bool(outcome.rules)
        if explain and outcome.rules:
            for line in tell(shrink(outcome, outcome.rules[0]), outcome.rules[0]):
                click.echo(line)
    spent = time.process_time() - began
    for rule, where in sorted(found.items()):
        click.echo(f"{len(where):5d}  {rule}: {', '.join(map(str, where[:8]))}")
    click.echo(
        f"{evaluations} evaluations in {spent:.1f} s of CPU time: "
        f"{evaluations / spent:.0f} a second; {failed} seeds broke a rule"
    )
    sys.exit(1 if failed else 0)


def _show(outcome: Outcome) -> None:
    for line in outcome.trail:
        click.echo(shortened(line))
    for violation in outcome.violations:
        click.echo(
            f"seed {outcome.seed} at {violation.at:.2f} s: {violation.rule}: "
            f"{violation.what}"
        )


if __name__ == "__main__":
    main()
