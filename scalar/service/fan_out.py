"""One tick: put one evaluation of every app on the queue."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import inf

from scalar.core import logfmt
from scalar.core.app import AppKey
from scalar.core.errors import RegistryError
from scalar.core.repeated import ends, repeats
from scalar.ports.coordination import Tick
from scalar.ports.publisher import Publisher
from scalar.service.paging import PAGE, all_keys, pages
from scalar.service.parts import Parts
from scalar.service.write_events import write_waiting

log = logging.getLogger("scalar.tick")

#: A reservation ends a little before the next tick, so that a lost message
#: costs its app one evaluation and not two.
RESERVED_PART = 0.9
#: Longest reservation, in periods, while the workers are behind. Below a tenth of
#: the apps per period, workers would never reach some of them.
MOST_RESERVED = 20
#: Log a warning when ticks are further apart than this many periods.
LATE = 1.5
DAY = 86_400


@dataclass(frozen=True, slots=True)
class FanOut:
    """The result of a tick.

    Attributes:
        sent: Apps whose evaluation was enqueued.
        left_out: Apps that are being evaluated or already queued, or that back off
            because they did not answer.
        overdue: Slow apps that the last tick enqueued, too, and no worker had a
            thread for.
    """

    sent: int
    left_out: int
    overdue: int = 0


def fan_out(parts: Parts, publisher: Publisher) -> FanOut | None:
    """Enqueue one evaluation for each app that has none under way.

    Returns None if this period already had its tick, so that a second, late or
    restarted beat does not evaluate more often.

    Apps that keep failing to answer back off. Apps that were slow or failed last
    time come last, the oldest poll first, and workers use at most half of their
    threads for them, so that they delay neither the others nor one another. When
    workers fall behind, queued apps keep their place: every app is still evaluated,
    only less often.

    Raises:
        CoordinationError: Redis is away; the next tick tries again.
        RegistryError: The apps cannot be read.
    """
    tick = parts.ticks.open_tick(parts.options.sleep_period)
    if tick is None:
        log.debug(logfmt.line("tick.refused", reason="this period had its tick"))
        return None
    waiting = publisher.waiting()
    sender = _Sender(parts, publisher, _reserved_seconds(parts, waiting))
    registered: set[int] = set()
    slow: list[tuple[float, AppKey]] = []
    for page in pages(parts.apps):
        registered.update(key.id for key in page)
        standing = parts.states.standing([key.id for key in page])
        healthy = [key for key in page if key.id not in standing]
        sender.send(parts.chance.shuffled(healthy))
        slow += [
            (there.waits, key)
            for key in page
            if (there := standing.get(key.id)) and there.is_slow and there.waits >= 0
        ]
    overdue, longest = _send_slow(sender, slow, tick)
    _warn(parts, tick, waiting, overdue, longest)
    _forget_gone(parts, {*parts.states.polled_before(tick.at, PAGE)} - registered)
    write_waiting(parts)
    _prune(parts, tick)
    done = FanOut(sender.sent, len(registered) - sender.sent, overdue)
    log.debug(logfmt.line("tick.done", sent=done.sent, left_out=done.left_out))
    return done


class _Sender:
    """Reserves apps for the messages of one tick, and sends them.

    Attributes:
        sent: Apps whose evaluation was enqueued so far.
    """

    def __init__(self, parts: Parts, publisher: Publisher, seconds: float) -> None:
        self._states = parts.states
        self._publisher = publisher
        self._token = parts.chance.token()
        self._seconds = seconds
        self.sent = 0

    def send(self, keys: Sequence[AppKey], *, slow: bool = False) -> set[int]:
        """Send those of some apps that are free; return their ids."""
        numbers = [key.id for key in keys]
        free = set(self._states.reserve(numbers, self._token, self._seconds))
        batch = [key for key in keys if key.id in free]
        self._publisher.publish(batch, self._token, slow=slow)
        self.sent += len(batch)
        return free


def _send_slow(
    sender: _Sender, slow: list[tuple[float, AppKey]], tick: Tick
) -> tuple[int, float]:
    """Send the slow apps of all pages, the oldest poll first.

    Returns how many are overdue, and for how long the first of them has waited.
    """
    slow.sort(key=lambda one: -one[0])
    period = (tick.at - tick.previous).total_seconds() if tick.previous else inf
    overdue: list[float] = []
    for start in range(0, len(slow), PAGE):
        batch = slow[start : start + PAGE]
        free = sender.send([key for _, key in batch], slow=True)
        overdue += [waits for waits, key in batch if key.id in free and waits > period]
    return len(overdue), max(overdue, default=0.0)


def _reserved_seconds(parts: Parts, waiting: int) -> float:
    """Return how long a message may be under way.

    When workers fall behind, a reservation must last until its message is taken.
    The apps that are not waiting were evaluated in the last period; at that pace
    the queue, with the new messages behind it, takes as long as returned here.
    """
    period = parts.options.sleep_period
    if not waiting:
        return period * RESERVED_PART
    apps = sum(1 for _ in all_keys(parts.apps))
    evaluated = max(1, apps - waiting)
    return period * min(MOST_RESERVED, (waiting + apps) / evaluated)


def _warn(parts: Parts, tick: Tick, waiting: int, overdue: int, longest: float) -> None:
    """Log in one line what is wrong with a tick: late, behind, too slow apps."""
    period = parts.options.sleep_period
    gap = (tick.at - tick.previous).total_seconds() if tick.previous else 0.0
    late = gap > LATE * period
    facts = {
        "seconds": round(gap, 1) if late else None,
        "waiting": waiting or None,
        "apps": overdue or None,
        "longest": round(longest) if overdue else None,
    }
    what = [
        name
        for name, is_so in (
            *(("tick.late", late), ("tick.behind", waiting)),
            ("tick.slow_apps_wait", overdue),
        )
        if is_so
    ]
    if not what:
        log.info(logfmt.line("tick.in_time"), extra=ends("tick", "slow"))
        return
    also = ",".join(name.partition(".")[2] for name in what[1:]) or None
    line = logfmt.line(what[0], **facts, period=period, also=also)
    log.warning(line, extra=repeats("tick", "slow", *what))


def _forget_gone(parts: Parts, app_ids: set[int]) -> None:
    """Forget apps that the registry does not have.

    They were removed while Redis was away, or during an evaluation. The page of a
    cache may be old, so the registry itself is asked again.
    """
    for app_id in sorted(app_ids):
        try:
            found = parts.registry.page(app_id - 1, 1)
        except RegistryError:
            return
        if not found or found[0].id != app_id:
            parts.states.forget(app_id)
            log.info(logfmt.line("app.forgotten", id=app_id))


def _prune(parts: Parts, tick: Tick) -> None:
    """Delete old events, once a day; after a failure, try again the next day."""
    if not parts.ticks.once("prune", DAY):
        return
    before = tick.at - timedelta(days=parts.options.events_keep_days)
    try:
        deleted = parts.journal.prune(before)
    except RegistryError as exc:
        line = logfmt.line("journal.unavailable", detail=exc)
        log.warning(line, extra=repeats("journal"))
        return
    log.info(logfmt.line("journal.pruned", deleted=deleted))
