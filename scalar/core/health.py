"""Health checks: is the fleet being scaled?

A scaler that has stopped cannot report it. `status` exits with 1, and the dead
man's switch is no longer called (its heartbeat stops), in each of these cases:

    no tick for a while          beat has stopped, or no worker takes its messages
    no evaluation for a while    the workers have stopped, or are stuck
    changes wait for too long    Heroku does not accept them
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scalar.core.backoff import MOST_PERIODS

#: Periods without a tick, or an evaluation, that are tolerated.
MOST_MISSED = 3
#: Seconds for which a change may wait: a blocked account is retried on its own.
LONGEST_STUCK = 300


@dataclass(frozen=True, slots=True)
class Vitals:
    """The signs of life.

    Attributes:
        at: The time (aware, UTC).
        ticked_at: When the last tick was; None if there was none.
        evaluated_at: When the last evaluation of any app ended.
        stuck: Apps with a change, or a decision, that Heroku does not accept.
        stuck_since: Since when the first of them has waited.
    """

    at: datetime
    ticked_at: datetime | None = None
    evaluated_at: datetime | None = None
    stuck: int = 0
    stuck_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of life.

    Attributes:
        what: What is checked.
        is_well: Whether it is healthy.
        text: Details for people; if unhealthy, what to do about it.
        was_well: Whether it has ever been healthy, as far as is remembered.
    """

    what: str
    is_well: bool
    text: str
    was_well: bool = True


def signs(
    vitals: Vitals, *, period: float, backoff: float, has_apps: bool
) -> list[Sign]:
    """Return the signs of life; each one depends on those before it.

    Args:
        vitals: What is known.
        period: Seconds between two ticks.
        backoff: Most seconds between two polls of an app that does not answer.
        has_apps: Whether any app is registered; without one there are no evaluations.
    """
    found = [judge_ticks(vitals, period)]
    if has_apps:
        found += [_evaluations(vitals, period, backoff), _changes(vitals)]
    return found


def judge_ticks(vitals: Vitals, period: float) -> Sign:
    """Judge the ticks, for `status` and `doctor` alike."""
    way_out = "is beat running? heroku ps:scale beat=1 worker=1"
    if vitals.ticked_at is None:
        return Sign("ticks", is_well=False, text=f"never; {way_out}", was_well=False)
    age = vitals.at - vitals.ticked_at
    well = age <= timedelta(seconds=MOST_MISSED * period)
    text = f"{_shown(age)} ago, period {period:g} s"
    return Sign("ticks", well, text if well else f"{text}; {way_out}")


def _evaluations(vitals: Vitals, period: float, backoff: float) -> Sign:
    way_out = "are workers running? heroku ps:scale worker=1"
    if vitals.evaluated_at is None:
        return Sign(
            "evaluations", is_well=False, text=f"never; {way_out}", was_well=False
        )
    age = vitals.at - vitals.evaluated_at
    rest = min(backoff, MOST_PERIODS * period)
    well = age <= timedelta(seconds=MOST_MISSED * period + rest)
    text = f"{_shown(age)} ago"
    return Sign("evaluations", well, text if well else f"{text}; {way_out}")


def _changes(vitals: Vitals) -> Sign:
    if not vitals.stuck or vitals.stuck_since is None:
        return Sign("changes", is_well=True, text="none is waiting")
    age = vitals.at - vitals.stuck_since
    apps = "1 app waits" if vitals.stuck == 1 else f"{vitals.stuck} apps wait"
    return Sign(
        "changes",
        is_well=age <= timedelta(seconds=LONGEST_STUCK),
        text=f"{apps} for Heroku, the first for {_shown(age)}; see list-apps",
    )


def _shown(age: timedelta) -> str:
    seconds = max(age.total_seconds(), 0)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds // 60:.0f} min"  # noqa: PLR2004 - two minutes
