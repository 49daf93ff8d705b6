"""Which quantities a policy explains: rules that chaos and the simulation share.

Pure, and written without the scaler's own code: a wrong decision must not be excused
by the code that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from chaos.rules import Rule, floor_of

#: A slice of a window may count for so much longer (a thirtieth), in parts of it.
SLICE = 1 / 30


def falls_back(
    rule: Rule, now: int, quantity: int, polls: Sequence[int | None]
) -> bool:
    """Return whether a fallback explains more dynos on an unknown count.

    Args:
        rule: The policy.
        now: Dynos before the change.
        quantity: Dynos that were asked for.
        polls: The counts of all polls so far; None for unknown.
    """
    last = polls[-rule.fallback_after :]
    return (
        rule.fallback is not None
        and quantity == max(rule.fallback, rule.fewest) > now
        and len(last) == rule.fallback_after
        and all(count is None for count in last)
    )


def targets(
    rule: Rule,
    process_type: str,
    now: int,
    count: int,
    *,
    limits: Collection[int] = (),
    in_window: Callable[[], set[int]] = set,
) -> set[int]:
    """Return the quantities that a known count explains.

    Args:
        rule: The policy.
        process_type: Whose count it is.
        now: Dynos before the change.
        count: The count.
        limits: Dynos that a refusal of Heroku's allowed.
        in_window: Returns what the window for scaling down allows, if it has one.
    """
    recommended = rule.recommended(count)
    floor = floor_of(process_type, now)
    if recommended < now and rule.window_down:
        return in_window()
    target = recommended
    if rule.step_up is not None:
        target = min(target, now + rule.step_up)
    if rule.step_down is not None:
        target = max(target, now - rule.step_down)
    target = rule.within(target)
    return {max(target, floor)} | {
        max(min(target, limit), now) for limit in limits if target > now
    }


def highest_of_window(
    rule: Rule,
    known: Sequence[tuple[float, int]],
    at: float,
    period: float,
    is_sure: Callable[[float], bool],
    *,
    held: float = 0.0,
) -> set[int]:
    """Return the recommendations that may be the highest of the window.

    What was reported while the scaler was in trouble may not be remembered; all
    else of the window is, and none of it may be undercut.

    Args:
        rule: The policy.
        known: When which dynos were recommended, the oldest first.
        at: The time.
        period: Seconds between two polls.
        is_sure: Whether what was reported at a time is remembered for sure.
        held: Seconds for which nothing may have been decided, so that what was
            recommended before is the newest.
    """
    longest = rule.window_down * (1 + SLICE) + period + held
    inside = [dynos for then, dynos in known if at - then <= longest]
    # If the polls stopped for a while, the newest one before counts.
    inside += [dynos for then, dynos in known if at - then > longest][-1:]
    surely = [
        dynos
        for then, dynos in known
        if at - then <= rule.window_down - period / 2 and is_sure(then)
    ]
    return {dynos for dynos in inside if dynos >= max(surely, default=0)}
