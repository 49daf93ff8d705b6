"""Health checks: is the fleet being scaled?

A scaler that has stopped cannot report it. `status` exits with 1, and the dead
man's switch is no longer called (its heartbeat stops), in each of these cases:

    no tick for a while          beat has stopped, or no worker takes its messages
    no evaluation for a while    the workers have stopped, or every poll fails
    an app is not polled         slow apps, or too few workers, keep it waiting
    too many changes wait        Heroku has not accepted them for some minutes
    too many apps are held       their counts are unknown, Heroku refuses, or we fail

Too many are all of them, or more than the share `HELD_APPS_MOST` of a fleet of five
or more. What fewer apps suffer is named, and silences nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scalar.core.backoff import MOST_PERIODS
from scalar.core.deployment import more_workers, start_everything, start_workers
from scalar.core.reason import Reason

#: Periods without a tick, or an evaluation, that are tolerated.
MOST_MISSED = 3
#: Seconds for which a change may wait, or an app be held: most of it passes by itself.
LONGEST_STUCK = 300
#: Apps from which on a share of them counts; of fewer, only all of them.
FEW = 5
#: Apps that are held, or wait, whose names and reasons are read: the oldest ones.
SAMPLE = 100
#: Of those, the ones that are named.
NAMED = 3
#: Seconds that the evaluation of an app may take, with some to spare.
LONGEST_POLL = 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an evaluation ended, as the health checks need to know it.

    Attributes:
        is_decided: Whether counts were read and decided on.
        held: Why the app is held; None if it is not, or if a person ordered it.
        changes: Process types whose quantity was changed.
    """

    is_decided: bool = True
    held: Reason | None = None
    changes: int = 0


#: An evaluation that held nothing and changed nothing.
DECIDED = Outcome()
#: An evaluation that ended before it decided.
NOT_DECIDED = Outcome(is_decided=False)


@dataclass(frozen=True, slots=True)
class HeldApp:
    """An app that is held.

    Attributes:
        app_id: The registry's number of it.
        since: Since when, for whatever reason at first (aware, UTC).
        reason: Why now; the text of a `Reason`, or of a newer version's.
    """

    app_id: int
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What was done since the last tally.

    Attributes:
        polls: Evaluations that ended.
        changes: Process types whose quantity was changed.
    """

    polls: int = 0
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """The latest heartbeats of beat and workers.

    Attributes:
        at: The time (aware, UTC).
        ticked_at: When the last tick was; None if there was none.
        evaluated_at: When counts of any app were last decided on.
        stuck: Apps with a change, or a decision, that Heroku does not accept.
        stuck_since: Since when the first of them has waited.
        oldest_poll_at: When the app that has waited longest was polled, or first seen;
            None if no app is known.
        leased: Apps with a manual change that is left alone.
        ended_at: When the last evaluation ended, decided or not.
        known: Apps that are polled.
        stuck_long: Apps that have been stuck for longer than `LONGEST_STUCK`.
        stuck_apps: The first of those that are stuck, by their numbers.
        held: Apps that are held.
        held_long: Apps that have been held for longer than `LONGEST_STUCK`.
        held_apps: The first of those that are held.
        runs_as: The process type of the worker that took the last tick; empty if it
            was on no dyno.
    """

    at: datetime
    ticked_at: datetime | None = None
    evaluated_at: datetime | None = None
    stuck: int = 0
    stuck_since: datetime | None = None
    oldest_poll_at: datetime | None = None
    leased: int = 0
    ended_at: datetime | None = None
    known: int = 0
    stuck_long: int = 0
    stuck_apps: tuple[int, ...] = ()
    held: int = 0
    held_long: int = 0
    held_apps: tuple[HeldApp, ...] = ()
    runs_as: str = ""

    @property
    def named(self) -> set[int]:
        """The apps that the health checks name."""
        held = (app.app_id for app in self.held_apps[:NAMED])
        return {*self.stuck_apps[:NAMED], *held}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is healthy.

    Attributes:
        period: Seconds between two ticks.
        backoff: Most seconds between two polls of an app that does not answer.
        held_most: The share of the apps that may be held.
    """

    period: float
    backoff: float
    held_most: float = 0.25


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
    heartbeats: Heartbeats,
    limits: Limits,
    *,
    has_apps: bool,
    names: Mapping[int, str] | None = None,
) -> list[HealthCheck]:
    """Return the health checks; each one depends on those before it.

    Args:
        heartbeats: What is known.
        limits: What is healthy.
        has_apps: Whether any app is registered; without one there are no evaluations.
        names: The names of apps, by their numbers.
    """
    found = [judge_ticks(heartbeats, limits.period)]
    if has_apps:
        found += [
            _evaluations(heartbeats, limits),
            _polls(heartbeats, limits),
            _changes(heartbeats, limits, names or {}),
            _held(heartbeats, limits, names or {}),
        ]
    if heartbeats.leased:
        found.append(_leases(heartbeats))
    return found


def judge_ticks(heartbeats: Heartbeats, period: float) -> HealthCheck:
    """Judge the ticks, for `status` and `doctor` alike."""
    way_out = f"is beat running? {start_everything(heartbeats.runs_as)}"
    if heartbeats.ticked_at is None:
        return HealthCheck(
            "ticks", is_well=False, text=f"never; {way_out}", was_well=False
        )
    age = heartbeats.at - heartbeats.ticked_at
    well = age <= timedelta(seconds=MOST_MISSED * period)
    text = f"{shown_age(age)} ago, period {period:g} s"
    return HealthCheck("ticks", well, text if well else f"{text}; {way_out}")


def _evaluations(heartbeats: Heartbeats, limits: Limits) -> HealthCheck:
    at, ended, done = heartbeats.at, heartbeats.ended_at, heartbeats.evaluated_at
    longest = _longest_rest(limits)
    way_out = f"are workers running? {start_workers(heartbeats.runs_as)}"
    if ended is not None and at - ended <= longest:
        why = by_reason(heartbeats.held_apps)
        way_out = "polls end, but none can be decided on"
        way_out += f": {why}; see list-apps" if why else "; see the log"
    if done is None:
        return HealthCheck(
            "evaluations", is_well=False, text=f"never; {way_out}", was_well=False
        )
    well = at - done <= longest
    text = f"{shown_age(at - done)} ago"
    return HealthCheck("evaluations", well, text if well else f"{text}; {way_out}")


def _polls(heartbeats: Heartbeats, limits: Limits) -> HealthCheck:
    way_out = f"too few workers for the apps: {more_workers(heartbeats.runs_as)}"
    if heartbeats.oldest_poll_at is None:
        return HealthCheck("polls", is_well=True, text="no app is waiting")
    age = heartbeats.at - heartbeats.oldest_poll_at
    longest = _longest_rest(limits) + timedelta(seconds=LONGEST_POLL)
    text = f"the app that has waited longest: {shown_age(age)}"
    well = age <= longest
    return HealthCheck("polls", well, text if well else f"{text}; {way_out}")


def _longest_rest(limits: Limits) -> timedelta:
    """Return how long an app may go without a poll: it may rest, and miss some."""
    rest = min(limits.backoff, MOST_PERIODS * limits.period)
    return timedelta(seconds=MOST_MISSED * limits.period + rest)


def _changes(
    heartbeats: Heartbeats, limits: Limits, names: Mapping[int, str]
) -> HealthCheck:
    if not heartbeats.stuck or heartbeats.stuck_since is None:
        return HealthCheck("changes", is_well=True, text="none is waiting")
    age = shown_age(heartbeats.at - heartbeats.stuck_since)
    apps = "1 app waits" if heartbeats.stuck == 1 else f"{heartbeats.stuck} apps wait"
    which = _named(heartbeats.stuck_apps, heartbeats.stuck, names)
    return HealthCheck(
        "changes",
        is_well=not _too_many(heartbeats.stuck_long, heartbeats, limits),
        text=f"{apps} for Heroku ({which}), the first for {age}; see list-apps",
    )


def _held(
    heartbeats: Heartbeats, limits: Limits, names: Mapping[int, str]
) -> HealthCheck:
    """Judge the apps whose counts are unknown, that Heroku refuses, or that we fail."""
    first = min((app.since for app in heartbeats.held_apps), default=None)
    if not heartbeats.held or first is None:
        return HealthCheck("held", is_well=True, text="no app is held")
    well = not _too_many(heartbeats.held_long, heartbeats, limits)
    ids = [app.app_id for app in heartbeats.held_apps]
    known = max(heartbeats.known, heartbeats.held)
    text = (
        f"{heartbeats.held} of {known} {'app' if known == 1 else 'apps'}, the first "
        f"for {shown_age(heartbeats.at - first)}: {by_reason(heartbeats.held_apps)} "
        f"({_named(ids, heartbeats.held, names)}); see list-apps"
    )
    if not well and heartbeats.held_long < known:
        text += f". More than HELD_APPS_MOST ({limits.held_most:.0%}) for 5 min"
    return HealthCheck("held", well, text)


def _too_many(apps: int, heartbeats: Heartbeats, limits: Limits) -> bool:
    """Return whether so many apps are more than what single apps may suffer."""
    known = heartbeats.known
    if apps == 0:
        return False
    return apps >= known or (known >= FEW and apps > limits.held_most * known)


def by_reason(held: Iterable[HeldApp]) -> str:
    """Return how many are held for each reason, the most frequent one first."""
    reasons = Counter(app.reason for app in held)
    return ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())


def _named(ids: Sequence[int], number: int, names: Mapping[int, str]) -> str:
    """Return the names of the first ones, and how many there are besides."""
    first = [names.get(one, f"app {one}") for one in ids[:NAMED]]
    more = number - len(first)
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def _leases(heartbeats: Heartbeats) -> HealthCheck:
    """Tell of apps that are not scaled because somebody has scaled them by hand."""
    apps = "1 app is" if heartbeats.leased == 1 else f"{heartbeats.leased} apps are"
    text = f"{apps} left as set by hand, in part at least; see list-apps"
    return HealthCheck("leases", is_well=True, text=text)


def shown_age(age: timedelta) -> str:
    """Return an age for people: seconds, minutes, or hours."""
    seconds = max(age.total_seconds(), 0)
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.0f} s"
    minutes = seconds // 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes // 60:.0f} h"  # noqa: PLR2004 - two hours
