"""Health checks: is the fleet being scaled?

A scaler that has stopped cannot report it. `status` exits with 1, and the dead
man's switch is no longer called (its heartbeat stops), in each of these cases:

    no tick for a while          beat has stopped, or no worker takes its messages
    no evaluation for a while    the workers have stopped, or are stuck
    an app is not polled         slow apps, or too few workers, keep it waiting
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
#: Seconds that the evaluation of an app may take, with some to spare.
LONGEST_POLL = 30


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """The latest heartbeats of beat and workers.

    Attributes:
        at: The time (aware, UTC).
        ticked_at: When the last tick was; None if there was none.
        evaluated_at: When the last evaluation of any app ended.
        stuck: Apps with a change, or a decision, that Heroku does not accept.
        stuck_since: Since when the first of them has waited.
        oldest_poll_at: When the app that has waited longest was polled, or first seen;
            None if no app is known.
        leased: Apps with a manual change that is left alone.
    """

    at: datetime
    ticked_at: datetime | None = None
    evaluated_at: datetime | None = None
    stuck: int = 0
    stuck_since: datetime | None = None
    oldest_poll_at: datetime | None = None
    leased: int = 0


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The result of one health check.

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


def judge_health(
    heartbeats: Heartbeats, *, period: float, backoff: float, has_apps: bool
) -> list[HealthCheck]:
    """Return the health checks; each one depends on those before it.

    Args:
        heartbeats: What is known.
        period: Seconds between two ticks.
        backoff: Most seconds between two polls of an app that does not answer.
        has_apps: Whether any app is registered; without one there are no evaluations.
    """
    found = [judge_ticks(heartbeats, period)]
    if has_apps:
        found += [
            _evaluations(heartbeats, period, backoff),
            _polls(heartbeats, period, backoff),
            _changes(heartbeats),
        ]
    if heartbeats.leased:
        found.append(_leases(heartbeats))
    return found


def judge_ticks(heartbeats: Heartbeats, period: float) -> HealthCheck:
    """Judge the ticks, for `status` and `doctor` alike."""
    way_out = "is beat running? heroku ps:scale beat=1 worker=1"
    if heartbeats.ticked_at is None:
        return HealthCheck(
            "ticks", is_well=False, text=f"never; {way_out}", was_well=False
        )
    age = heartbeats.at - heartbeats.ticked_at
    well = age <= timedelta(seconds=MOST_MISSED * period)
    text = f"{_shown(age)} ago, period {period:g} s"
    return HealthCheck("ticks", well, text if well else f"{text}; {way_out}")


def _evaluations(heartbeats: Heartbeats, period: float, backoff: float) -> HealthCheck:
    way_out = "are workers running? heroku ps:scale worker=1"
    if heartbeats.evaluated_at is None:
        return HealthCheck(
            "evaluations", is_well=False, text=f"never; {way_out}", was_well=False
        )
    age = heartbeats.at - heartbeats.evaluated_at
    well = age <= _longest_rest(period, backoff)
    text = f"{_shown(age)} ago"
    return HealthCheck("evaluations", well, text if well else f"{text}; {way_out}")


def _polls(heartbeats: Heartbeats, period: float, backoff: float) -> HealthCheck:
    way_out = "too few workers for the apps: heroku ps:scale worker+1"
    if heartbeats.oldest_poll_at is None:
        return HealthCheck("polls", is_well=True, text="no app is waiting")
    age = heartbeats.at - heartbeats.oldest_poll_at
    longest = _longest_rest(period, backoff) + timedelta(seconds=LONGEST_POLL)
    text = f"the app that has waited longest: {_shown(age)}"
    well = age <= longest
    return HealthCheck("polls", well, text if well else f"{text}; {way_out}")


def _longest_rest(period: float, backoff: float) -> timedelta:
    """Return how long an app may go without a poll: it may rest, and miss some."""
    rest = min(backoff, MOST_PERIODS * period)
    return timedelta(seconds=MOST_MISSED * period + rest)


def _changes(heartbeats: Heartbeats) -> HealthCheck:
    if not heartbeats.stuck or heartbeats.stuck_since is None:
        return HealthCheck("changes", is_well=True, text="none is waiting")
    age = heartbeats.at - heartbeats.stuck_since
    apps = "1 app waits" if heartbeats.stuck == 1 else f"{heartbeats.stuck} apps wait"
    return HealthCheck(
        "changes",
        is_well=age <= timedelta(seconds=LONGEST_STUCK),
        text=f"{apps} for Heroku, the first for {_shown(age)}; see list-apps",
    )


def _leases(heartbeats: Heartbeats) -> HealthCheck:
    """Tell of apps that are not scaled because somebody has scaled them by hand."""
    apps = "1 app is" if heartbeats.leased == 1 else f"{heartbeats.leased} apps are"
    text = f"{apps} left as set by hand, in part at least; see list-apps"
    return HealthCheck("leases", is_well=True, text=text)


def _shown(age: timedelta) -> str:
    seconds = max(age.total_seconds(), 0)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds // 60:.0f} min"  # noqa: PLR2004 - two minutes
