"""The command: `python -m simulation --seeds 1..1000`."""

from __future__ import annotations

import sys
import time
from collections import defaultdict

import click

from simulation.expected import expect, rules_of
from simulation.run import Outcome, run
from simulation.shrink import shrink
from simulation.trail import shortened, tell


@click.command(context_settings={"show_default": True})
@click.option("--seeds", default="1..100", help="One seed, or the first and the last.")
@click.option("--trail", is_flag=True, help="Show all that happened.")
@click.option("--record", is_flag=True, help="Expect from now on what is found.")
@click.option(
    "--explain", is_flag=True, help="Shrink what was not expected, and show how."
)
def main(*, seeds: str, trail: bool, record: bool, explain: bool) -> None:
    """Run the whole service under virtual time, once for each seed.

    Ends with 1 if a seed breaks other rules than `expected_seeds.txt` says.
    """
    first, _, last = seeds.partition("..")
    began = time.process_time()
    evaluations = unexpected = 0
    found: defaultdict[str, list[int]] = defaultdict(list)
    for seed in range(int(first), int(last or first) + 1):
        outcome = run(seed, with_trail=trail)
        evaluations += outcome.evaluations
        _show(outcome)
        for rule in outcome.rules:
            found[rule].append(seed)
        if record:
            expect(seed, outcome.rules)
        if set(outcome.rules) != rules_of(seed):
            unexpected += 1
            if explain and outcome.rules:
                _explain(outcome)
    spent = time.process_time() - began
    for rule, where in sorted(found.items()):
        click.echo(f"{len(where):5d}  {rule}: {', '.join(map(str, where[:8]))}")
    click.echo(
        f"{evaluations} evaluations in {spent:.1f} s of CPU time: "
        f"{evaluations / spent:.0f} a second; {unexpected} seeds not as expected"
    )
    sys.exit(1 if unexpected else 0)


def _show(outcome: Outcome) -> None:
    for line in outcome.trail:
        click.echo(shortened(line))
    for violation in outcome.violations:
        click.echo(
            f"seed {outcome.seed} at {violation.at:.2f} s: {violation.rule}: "
            f"{violation.what}"
        )


def _explain(outcome: Outcome) -> None:
    new = sorted(set(outcome.rules) - rules_of(outcome.seed))
    for rule in new[:1]:
        for line in tell(shrink(outcome, rule), rule):
            click.echo(line)


if __name__ == "__main__":
    main()
