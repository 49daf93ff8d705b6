"""What a run prints: the table of faults, the totals, the violations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chaos.check_bounds import checked, late
from chaos.check_calls import overhead
from chaos.check_journal import changes_of
from chaos.check_polls import resumed_after
from chaos.history import History, Span
from chaos.schedule import Step
from chaos.violation import Violation

HEAD = "| at (s) | fault | lasted (s) | polled again after (s) | calls | wasted calls |"
#: Violations that are printed in full.
SHOWN = 12


def table(history: History) -> str:
    """Return a Markdown table with a line for each fault."""
    lines = [HEAD, "|---|---|---|---|---|---|"]
    useful = {
        change.call.at
        for app in history.first_dynos
        for change in changes_of(history, app)
    }
    for span in sorted(history.spans, key=lambda s: s.began):
        calls = [c for c in history.calls if span.covers(c.at)]
        wasted = sum(c.at not in useful for c in calls)
        again = resumed_after(history, span)
        lines.append(
            f"| {span.began - history.began:.1f} | {_name(span)} "
            f"| {span.ended - span.began:.1f} "
            f"| {_shown(again)} "
            f"| {len(calls)} | {wasted} |"
        )
    return "\n".join(lines)


def _shown(seconds: float | None) -> str:
    return "never" if seconds in {None, float("inf")} else f"{seconds:.1f}"


def _name(span: Span) -> str:
    apps = ", ".join(sorted(name.removeprefix("app-") for name in span.apps))
    return f"{span.kind} ({apps})" if apps else span.kind


def figures(history: History) -> str:
    """Return the totals in a few lines."""
    changes = [c for app in history.first_dynos for c in changes_of(history, app)]
    ups = sum(change.after > change.before for change in changes)
    by_hand = sum(change.is_by_hand for change in changes)
    unknown = sum(
        any(count is None for count in answer.counts.values())
        for answer in history.answers
    )
    in_time, counts = checked(history)
    return (
        f"{len(history.first_dynos)} apps, {history.ended - history.began:.0f} s, "
        f"{len(history.spans)} faults of "
        f"{len({span.kind for span in history.spans})} kinds\n"
        f"{len(history.answers)} answers, {unknown} of them unknown; "
        f"{len(changes)} changes, {ups} up, {by_hand} by hand\n"
        f"{in_time} of {counts} counts lasted until their change was due; "
        f"{len(list(late(history)))} changes came later than that\n"
        f"{len(history.calls)} Heroku calls, of which {overhead(history)} changed "
        f"nothing\n"
        f"{len(history.events)} events of changes"
    )


def skipped(steps: Iterable[Step]) -> str:
    """Return a line that names the faults left out for lack of time, if any."""
    names = [fault.kind.name for step in steps for fault in step.faults]
    return f"Skipped for lack of time: {', '.join(names)}" if names else ""


def verdict(violations: Sequence[Violation], replay: str) -> str:
    """Return the violations and how to reproduce them."""
    if not violations:
        return "All invariants held."
    parts = [f"{len(violations)} violations. Reproduce with: {replay}"]
    parts += [str(violation) for violation in violations[:SHOWN]]
    if len(violations) > SHOWN:
        parts.append(f"... and {len(violations) - SHOWN} more")
    return "\n\n".join(parts)
