"""Learn the most dynos of each process type from a refusal.

Heroku has two kinds of limit: for each process type (one Basic dyno, ten
Performance dynos) and for all dynos of an app together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scalar.core.decision.decision import Decision
from scalar.core.formation import Formation

#: Words that a refusal names sizes by.
_TIERS = frozenset(
    {"eco", "basic", "standard", "performance", "private", "shield", "hobby"}
)


def learn_limits(
    limit: int,
    *,
    per_process_type: bool,
    message: str,
    formation: Formation,
    decisions: Sequence[Decision],
) -> dict[str, int]:
    """Return the most dynos of each process type that was to grow.

    A refusal names no process type. If its message names a dyno size, the limit
    applies to process types of that size only.

    Args:
        limit: Dynos, from the refusal.
        per_process_type: Whether the limit is for each process type, rather than
            for all of them together.
        message: The text of the refusal.
        formation: The dynos before the change.
        decisions: What was requested.
    """
    concerned = _of_size_named(message, formation) or set(formation)
    rising = {d.process_type: d for d in decisions if d.is_up}
    growing = [rising[name] for name in sorted(concerned & rising.keys())]
    if not growing:
        growing = list(rising.values())
    if per_process_type:
        return {d.process_type: limit for d in growing}
    after = {name: row.quantity for name, row in formation.items()}
    after.update(
        (d.process_type, d.desired or 0) for d in decisions if d.changes and not d.is_up
    )
    room = limit - sum(after[name] for name in concerned)
    needs = {d.process_type: (d.desired or 0) - (d.current or 0) for d in growing}
    return {name: after[name] + more for name, more in _share(room, needs).items()}


def _of_size_named(message: str, formation: Formation) -> set[str]:
    words = {word.rstrip(".,;:") for word in message.lower().split()}
    return {
        name
        for name, row in formation.items()
        if row.size and {_tier(row.size), row.size.lower()} & words
    }


def _tier(size: str) -> str:
    """Return the word before the dash: `standard` for "Standard-1X".

    Sizes of Fir have no tier: "dyno-1c-0.5gb" is not what any message about a dyno is
    about.
    """
    tier = size.lower().partition("-")[0]
    return tier if tier in _TIERS else size.lower()


def _share(room: int, needs: Mapping[str, int]) -> dict[str, int]:
    """Divide the room by max-min fairness: meet small needs, split the rest evenly."""
    shares: dict[str, int] = {}
    left = max(room, 0)
    waiting = sorted(needs, key=lambda name: (needs[name], name))
    for place, name in enumerate(waiting):
        shares[name] = min(needs[name], left // (len(waiting) - place))
        left -= shares[name]
    return shares
