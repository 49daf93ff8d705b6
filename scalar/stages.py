"""The stages of a decision, in the order of the Kubernetes HPA.

Recommend, stabilize, limit the step, clamp, cool down; then what else may hold
a process type as it is. A stage returns the quantity that it leaves, the reason
and the particulars; a stage that leaves the quantity as it was, says nothing.

Every stage but the first gives at least as many dynos for a larger quantity, so
a larger count never gets fewer dynos.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from scalar.drain import ENOUGH_FALLS, dynos_to_drain
from scalar.history import Slice, recent
from scalar.model import NOTHING, Count, Past, Reason, Step, Unknown
from scalar.policy import Policy
from scalar.schedule import Window
from scalar.strategy import recommend_by_boundary

#: No more dynos than this are ever asked for: ten times what Heroku allows an
#: app (100 dynos, Dev Center "Dyno Scaling and Process Limits"). An absurd
#: count must not become an absurd request.
MOST_DYNOS = 1_000
_NEVER = timedelta(0)
#: Seconds from which minutes are easier to read.
_A_WHILE = 120
#: The year of a pause without an end.
_FOR_EVER = 9999


@dataclass(frozen=True, slots=True)
class Observation:
    """What a decision rests on, beside the count.

    Attributes:
        quantity: Dynos now.
        at: When (aware, UTC).
        limit: Most dynos that Heroku allows this process type, if known.
        past: What is remembered of the process type.
        since: From when on things are remembered; a loss of memory counts as a
            change, so that it does not shorten a cooldown.
        released_at: When the app was last released; None if that is not known.
        latency: Seconds since the oldest job that waits could have begun; None if
            it is not known.
        is_latency: Whether the count is a latency, so that 0 does not say that
            no job runs.
        busy: Numbers of the dynos that run a job; None if the app does not speak
            of them.
        next_eta: Seconds until the next job that is not due yet will be.
        stranded: Jobs of the count whose worker is gone while there is no other.
    """

    quantity: int
    at: datetime
    limit: int | None = None
    past: Past = NOTHING
    since: datetime | None = None
    released_at: datetime | None = None
    latency: float | None = None
    is_latency: bool = False
    busy: frozenset[int] | Unknown | None = None
    next_eta: float | None = None
    stranded: int = 0


Stage = Callable[[Policy, Observation, int], Step]
CountedStage = Callable[[Policy, Observation, Count, int], Step]


def recommend(policy: Policy, seen: Observation, count: Count) -> Step:
    """Return the dynos for the count: by latency, to drain it in time, by boundary.

    The boundary stands in for a rate that is not known yet, but takes no dynos
    from a backlog: what was learned may be lost at any time.
    """
    if policy.latency_up is not None:
        return _by_latency(policy, policy.latency_up, seen, count)
    by_boundary = recommend_by_boundary(count, policy.boundary)
    detail = f"count {count} / boundary {policy.boundary}"
    if policy.drain_time is None:
        return Step(by_boundary, Reason.RECOMMENDED, detail)
    drained = seen.past.drained
    learned = drained.jobs_per_second if drained else None
    rate = policy.jobs_per_second or learned
    if rate is None:
        falls = drained.falls if drained else 0
        return Step(
            max(by_boundary, seen.quantity) if count > 0 else by_boundary,
            Reason.NOT_ENOUGH_HISTORY,
            f"{detail}, but no fewer than now while the count is above 0; the rate "
            f"is known after {ENOUGH_FALLS} falls of the count, {falls} seen",
        )
    seconds = policy.drain_time.total_seconds()
    return Step(
        dynos_to_drain(count, seconds, rate),
        Reason.DRAIN_TIME,
        f"count {count} within {seconds:g} s, {rate:.3g} jobs per dyno and second",
    )


def _by_latency(policy: Policy, up: timedelta, seen: Observation, count: Count) -> Step:
    """Add dynos above one latency, remove one below the other.

    As HireFire and Judoscale do: the first job wakes a dyno whatever it waited,
    and none is removed that has not been too many for the whole window
    (`stabilize`). Without jobs there is no need of any dyno.
    """
    now, latency = seen.quantity, seen.latency
    if count == 0 and not seen.is_latency:
        return Step(0, Reason.LATENCY, "count 0")
    if now == 0 or latency is None:
        return Step(max(now, int(count > 0)), Reason.LATENCY, "the first job waits")
    most, least = up.total_seconds(), policy.latency_down
    if latency > most:
        why = f"latency {latency:g} s, above {most:g} s: {policy.latency_step} more"
        return Step(now + policy.latency_step, Reason.LATENCY, why)
    if least is not None and latency < least.total_seconds():
        why = f"latency {latency:g} s, below {least.total_seconds():g} s: one fewer"
        return Step(max(now - 1, 1), Reason.LATENCY, why)
    return Step(now, Reason.LATENCY, f"latency {latency:g} s")


def tolerate(policy: Policy, seen: Observation, count: Count, quantity: int) -> Step:
    """Leave the dynos alone while the count is near what they should carry."""
    if not policy.tolerance:
        return Step(quantity, Reason.WITHIN_TOLERANCE)
    carried = seen.quantity * policy.boundary
    by_boundary = policy.drain_time is None and policy.latency_up is None
    near = by_boundary and abs(count - carried) <= (
        Fraction(str(policy.tolerance)) * carried
    )
    return Step(
        seen.quantity if near and count > 0 else quantity,
        Reason.WITHIN_TOLERANCE,
        f"count {count} is within {policy.tolerance * 100:g} % of {carried}",
    )


def wake_for_stranded(
    policy: Policy, seen: Observation, count: Count, quantity: int
) -> Step:
    """Start no more than one dyno for jobs that no other could take now.

    They are nobody's until a worker gives them back, once the broker's
    visibility timeout is over; more dynos would wait for that as well.
    """
    if not seen.stranded:
        return Step(quantity, Reason.STRANDED)
    rest = recommend(policy, seen, max(count - seen.stranded, 0)).quantity
    enough = max(rest, 1, min(seen.quantity, quantity))
    return Step(
        min(quantity, enough),
        Reason.STRANDED,
        f"{seen.stranded} of them are stranded: one dyno gives them back to the queue",
    )


def wake(policy: Policy, seen: Observation, count: Count, quantity: int) -> Step:
    """Start at least `wake_dynos` while there is a count at all."""
    del seen
    floor = policy.wake_dynos if count > 0 else 0
    return Step(
        max(quantity, floor),
        Reason.WOKEN,
        f"at least {floor} while the count is above 0",
    )


def wake_at_once(
    policy: Policy, seen: Observation, count: Count, quantity: int
) -> Step:
    """Start `wake_dynos` straight from 0, whatever the window and the step."""
    if seen.quantity > 0:
        return Step(quantity, Reason.WOKEN)
    return wake(policy, seen, count, quantity)


def boot_for_eta(
    policy: Policy, seen: Observation, count: Count, quantity: int
) -> Step:
    """Keep one dyno, or start it, for a job that will be due once it has booted."""
    del count
    boot = policy.boot_time
    soon = (
        boot > _NEVER
        and seen.next_eta is not None
        and seen.next_eta <= boot.total_seconds()
    )
    return Step(
        max(quantity, 1) if soon else quantity,
        Reason.ETA_SOON,
        f"the next job is due in {seen.next_eta or 0:g} s, a boot takes "
        f"{boot.total_seconds():g} s",
    )


def keep_while_busy(
    policy: Policy, seen: Observation, count: Count, quantity: int
) -> Step:
    """Remove nothing while the count is above 0, if the policy says so."""
    busy = policy.down_when_empty and count > 0
    return Step(
        max(quantity, seen.quantity) if busy else quantity,
        Reason.JOBS_LEFT,
        f"count {count}; dynos are removed at 0 only",
    )


def stabilize(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Take the recommendation of the window that changes the least.

    For scaling up that is the lowest, for scaling down the highest. Where
    nothing is remembered, the current quantity counts as a first one, so that
    a restart by itself changes nothing.
    """
    past = seen.past
    if quantity > seen.quantity:
        window = policy.stabilization_up
        lows, known = _recent(past.recommended_up, window, seen)
        return Step(
            max(min([quantity, *(s.lowest for s in lows)]), seen.quantity),
            Reason.SCALE_UP_STABILIZED,
            f"lowest of the last {window.total_seconds():g} s{known}",
        )
    window = policy.stabilization_down
    highs, known = _recent(past.recommended_down, window, seen)
    return Step(
        min(max([quantity, *(s.highest for s in highs)]), seen.quantity),
        Reason.SCALE_DOWN_STABILIZED,
        f"highest of the last {window.total_seconds():g} s{known}",
    )


def _recent(
    slices: Sequence[Slice], window: timedelta, seen: Observation
) -> tuple[Sequence[Slice], str]:
    """Return the recommendations that count, and what to say of them."""
    if window <= _NEVER:
        return (), ""
    found = recent(slices, window, seen.at, interrupted=seen.past.interrupted)
    if found:
        return found, ""
    now = Slice(seen.at, seen.at, seen.quantity, seen.quantity)
    return (now,), ", of which nothing is known yet"


def limit_step(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Add and remove no more than so many dynos at once."""
    if policy.max_step_up is not None and quantity > seen.quantity:
        most = seen.quantity + policy.max_step_up
        return Step(
            min(quantity, most),
            Reason.SCALE_UP_LIMITED,
            f"at most {policy.max_step_up} more at once",
        )
    if policy.max_step_down is not None and quantity < seen.quantity:
        fewest = seen.quantity - policy.max_step_down
        return Step(
            max(quantity, fewest),
            Reason.SCALE_DOWN_LIMITED,
            f"at most {policy.max_step_down} fewer at once",
        )
    return Step(quantity, Reason.RECOMMENDED)


def clamp(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Stay within the fewest and the most dynos, by the schedule if it has some."""
    fewest, most, window = bounds(policy, seen.at)
    if quantity < fewest:
        by = _by(window) if window and window.min_dynos is not None else ""
        return Step(fewest, Reason.TOO_FEW_DYNOS, f"at least {fewest}{by}")
    if most is not None and quantity > most:
        by = _by(window) if window and window.max_dynos is not None else ""
        return Step(most, Reason.TOO_MANY_DYNOS, f"at most {most}{by}")
    return Step(quantity, Reason.RECOMMENDED)


def _by(window: Window) -> str:
    return f", by the window {window.text}"


def bounds(policy: Policy, at: datetime) -> tuple[int, int | None, Window | None]:
    """Return the fewest and the most dynos at a time, and the window of that time."""
    fewest, most = policy.min_dynos, policy.max_dynos
    window = policy.schedule.window_at(at) if policy.schedule else None
    if window is not None and window.min_dynos is not None:
        fewest = window.min_dynos
    if window is not None and window.max_dynos is not None:
        most = window.max_dynos
    return fewest, most, window


def keep_web(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Keep the last dyno of a process type that may not sleep.

    A process type that somebody switched off stays off: this stage never
    starts one.
    """
    floor = 0 if policy.may_sleep else min(seen.quantity, 1)
    return Step(
        max(quantity, floor), Reason.WEB_KEPT, "the app would not answer without it"
    )


def keep_to_limit(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Stay within what Heroku allows, but never scale down because of it."""
    del policy
    limit = MOST_DYNOS if seen.limit is None else min(seen.limit, MOST_DYNOS)
    return Step(
        min(quantity, max(limit, seen.quantity)),
        Reason.HEROKU_LIMIT,
        f"Heroku allows {limit}"
        if limit == seen.limit
        else f"more than {limit} are never asked for",
    )


def cool_down(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Wait for a time after a change, but not outside the fewest and the most."""
    past = seen.past
    if quantity > seen.quantity:
        left = _left(policy.cooldown_up, seen.at, past.scaled_up_at)
        if left > _NEVER:
            return Step(
                _stay(policy, seen, quantity),
                Reason.COOLDOWN_UP,
                f"{_shown(left)} left after the last scale up",
            )
    elif quantity < seen.quantity:
        changes = (past.scaled_up_at, past.scaled_down_at, seen.since)
        left = max(_left(policy.cooldown_down, seen.at, at) for at in changes)
        if left > _NEVER:
            ours = (past.scaled_up_at, past.scaled_down_at) != (None, None)
            after = "the last change" if ours else "nothing was remembered"
            return Step(
                _stay(policy, seen, quantity),
                Reason.COOLDOWN_DOWN,
                f"{_shown(left)} left after {after}",
            )
    return Step(quantity, Reason.RECOMMENDED)


def _stay(policy: Policy, seen: Observation, quantity: int) -> int:
    """Return the quantity nearest to the current one that the bounds allow.

    It lies between the current and the desired quantity.
    """
    fewest, most, _ = bounds(policy, seen.at)
    if quantity > seen.quantity:
        return min(max(seen.quantity, fewest), quantity)
    return max(seen.quantity if most is None else min(seen.quantity, most), quantity)


def keep_busy_dynos(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Remove no dyno that runs a job, and so none below it either.

    Heroku removes the dyno with the highest number first. Not even the most
    dynos of the policy are worth somebody's job: they hold as soon as it ends. A
    dyno above the quantity is stopping already, and holds nothing.
    """
    if seen.busy is None or quantity >= seen.quantity or _waited(policy, seen):
        return Step(quantity, Reason.BUSY_DYNOS)
    if isinstance(seen.busy, Unknown):
        why = f"which dynos are busy is not known: {seen.busy.detail}"
        return Step(seen.quantity, Reason.BUSY_UNKNOWN, why)
    highest = max((n for n in seen.busy if n <= seen.quantity), default=0)
    return Step(
        max(quantity, highest),
        Reason.BUSY_DYNOS,
        f"dyno {highest} runs a job; the highest numbers are removed first",
    )


def _waited(policy: Policy, seen: Observation) -> bool:
    """Return whether busy dynos have held others back for long enough."""
    since, limit = seen.past.busy_since, policy.busy_limit
    return limit > _NEVER and since is not None and seen.at - since >= limit


def respect_person(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Leave a quantity alone that a person has set, for a time."""
    left = _left(policy.manual_lease, seen.at, seen.past.changed_by_hand_at)
    return Step(
        seen.quantity if left > _NEVER else quantity,
        Reason.MANUAL_LEASE,
        f"changed by hand; {_shown(left)} left",
    )


def pause(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Change nothing in a direction that a person has paused."""
    up = quantity > seen.quantity
    end = policy.pause_up if up else policy.pause_down
    paused = end is not None and seen.at < end
    until = (
        ""
        if end is None or end.year >= _FOR_EVER
        else f" until {end:%Y-%m-%d %H:%M} UTC"
    )
    return Step(
        seen.quantity if paused else quantity,
        Reason.PAUSED,
        f"scaling {'up' if up else 'down'} is paused{until}",
    )


def wait_after_release(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Remove nothing for a time after a release, when queues only look empty."""
    if quantity >= seen.quantity or policy.release_grace <= _NEVER:
        return Step(quantity, Reason.RECOMMENDED)
    stay = _stay(policy, seen, quantity)
    if seen.released_at is None:
        return Step(
            stay, Reason.RELEASED_RECENTLY, "when the app was released is not known yet"
        )
    left = _left(policy.release_grace, seen.at, seen.released_at)
    return Step(
        stay if left > _NEVER else quantity,
        Reason.RELEASED_RECENTLY,
        f"{_shown(left)} left after the last release",
    )


def _left(span: timedelta, at: datetime, since: datetime | None) -> timedelta:
    """Return what is left of a span; none if it began in the future.

    A time in the future was written by another clock, and would hold for ever.
    """
    if since is None or at < since:
        return _NEVER
    return max(span - (at - since), _NEVER)


def _shown(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < _A_WHILE else f"{seconds // 60} min"


#: What these leave is the recommendation that a window remembers.
RECOMMENDING: tuple[CountedStage, ...] = (tolerate, wake_for_stranded, wake)
KEEPING: tuple[CountedStage, ...] = (keep_while_busy,)
DAMPING: tuple[Stage, ...] = (stabilize, limit_step)
WAKING: tuple[CountedStage, ...] = (wake_at_once, boot_for_eta)
LIMITING: tuple[Stage, ...] = (
    clamp,
    keep_web,
    keep_to_limit,
    cool_down,
    keep_busy_dynos,
    respect_person,
    pause,
)
#: What also holds for a count that is not known.
FOR_UNKNOWN: tuple[Stage, ...] = (clamp, keep_to_limit, respect_person, pause)
