"""An evaluation: as data, and as text for people."""

from __future__ import annotations

from typing import Any

import click

from scalar.core.decision.decision import Decision
from scalar.core.reason import Reason
from scalar.service.evaluate.evaluation import Evaluation


def print_evaluation(name: str, done: Evaluation) -> None:
    """Print for each process type how its count led to its quantity."""
    changing = [d for d in done.decisions if d.changes]
    if done.hold:
        but = "" if changing else ", nothing is changed"
        click.echo(f"{name}: held{but}")
        print_stage(done.hold.reason, None, done.hold.detail)
    elif not done.decisions:
        click.echo(f"{name}: its answer has no process types")
    for decision in changing if done.hold else done.decisions:
        click.echo(f"{name} {decision.process_type}: {_headline(decision)}")
        if decision.hold:
            print_stage(decision.hold.reason, None, decision.hold.detail)
        for step in decision.trail:
            print_stage(step.reason, step.quantity, step.detail)
        for note in decision.notes:
            if not any(note in step.detail for step in decision.trail):
                click.echo(f"  note: {note}")


def evaluation_as_data(name: str, done: Evaluation | str) -> dict[str, Any]:
    """Return an evaluation, or what prevented it, as data."""
    if isinstance(done, str):
        return {"app": name, "error": done}
    hold = done.hold
    return {
        "app": name,
        "held": {"reason": hold.reason.value, "detail": hold.detail} if hold else None,
        "scaled": done.scaled,
        "process_types": [
            {
                "process_type": d.process_type,
                "current": d.current,
                "desired": d.desired,
                "count": d.count,
                "held": d.hold is not None,
                "recommended": d.recommended,
                "dry_run": d.dry_run,
                "reason": d.reason.value,
                "trail": _trail(d),
                **({"notes": list(d.notes)} if d.notes else {}),
            }
            for d in done.decisions
        ],
    }


def _trail(decision: Decision) -> list[dict[str, Any]]:
    """Return the stages; a held decision has one without a quantity."""
    stages: list[tuple[int | None, Reason, str]] = [
        (step.quantity, step.reason, step.detail) for step in decision.trail
    ]
    if decision.hold:
        stages = [(None, decision.hold.reason, decision.hold.detail)]
    return [
        {"quantity": quantity, "reason": reason.value, "detail": detail}
        for quantity, reason, detail in stages
    ]


def _headline(decision: Decision) -> str:
    if decision.current is None:
        return "held, not in the formation"
    if decision.hold:
        return f"stays at {decision.current}, held"
    if not decision.changes:
        return f"stays at {decision.current}"
    dry = ", dry run" if decision.dry_run else ""
    return f"{decision.current} -> {decision.desired}{dry}"


def print_stage(reason: str, quantity: int | None, detail: str) -> None:
    """Print one stage of a decision."""
    number = "" if quantity is None else str(quantity)
    click.echo(f"  {reason:<21} {number:>5}   {detail}".rstrip())
