"""One tick: put one evaluation of every app on the queue."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from scalar.core import logfmt
from scalar.core.app import AppKey
from scalar.core.errors import RegistryError
from scalar.ports.coordination import Tick
from scalar.ports.publisher import Publisher
from scalar.service.paging import all_keys, pages
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
#: Apps with a mark, of each kind, that one tick looks up in the registry.
MOST_MARKED = 500


@dataclass(frozen=True, slots=True)
class FanOut:
    """The result of a tick.

    Attributes:
        sent: Apps whose evaluation was enqueued.
        left_out: Apps that are being evaluated or already queued, that back off
            because they did not answer, or that are slow and found no room.
    """

    sent: int
    left_out: int


def fan_out(parts: Parts, publisher: Publisher) -> FanOut | None:
    """Enqueue one evaluation for each app that has none under way.

    Returns None if this period already had its tick, so that a second, late or
    restarted beat does not evaluate more often.

    Apps that keep failing to answer back off. Apps that were slow or failed last
    time get at most half of one worker's threads, so that they cannot delay the
    others. When workers fall behind, queued apps keep their place: every app is
    still evaluated, only less often.

    Raises:
        CoordinationError: Redis is away; the next tick tries again.
        RegistryError: The apps cannot be read.
    """
    tick = parts.ticks.open_tick(parts.options.sleep_period)
    if tick is None:
        log.debug(logfmt.line("tick.refused", reason="this period had its tick"))
        return None
    _warn_if_late(parts, tick)
    token = parts.chance.token()
    slow = parts.states.slow()
    resting = parts.states.resting()
    busy = parts.states.busy(slow - resting)
    seconds = _reserved_seconds(parts, publisher.waiting())
    room = max(1, parts.options.concurrency // 2) - len(busy)
    marked = parts.states.marked(MOST_MARKED)
    registered: set[int] = set()
    sent = left_out = 0
    for page in pages(parts.apps):
        registered.update(key.id for key in page)
        awake = [key for key in page if key.id not in resting]
        chosen = _choose(parts.chance.shuffled(awake), slow, busy, max(room, 0))
        room -= sum(key.id in slow for key in chosen)
        numbers = [key.id for key in chosen]
        free = set(parts.states.reserve(numbers, token, seconds))
        batch = [key for key in chosen if key.id in free]
        publisher.publish(batch, token)
        sent += len(batch)
        left_out += len(page) - len(batch)
    _forget_gone(parts, marked - registered)
    write_waiting(parts)
    _prune(parts, tick)
    log.debug(logfmt.line("tick.done", sent=sent, left_out=left_out))
    return FanOut(sent, left_out)


def _choose(
    page: Sequence[AppKey], slow: set[int], busy: set[int], room: int
) -> list[AppKey]:
    """Return the apps to send, in order, with at most `room` slow ones."""
    healthy = [key for key in page if key.id not in slow]
    waiting = [key for key in page if key.id in slow and key.id not in busy]
    return healthy + waiting[:room]


def _reserved_seconds(parts: Parts, waiting: int) -> float:
    """Return how long a message may be under way; warn if some still wait.

    When workers fall behind, a reservation must last until its message is taken.
    The apps that are not waiting were evaluated in the last period; at that pace
    the queue, with the new messages behind it, takes as long as returned here.
    """
    period = parts.options.sleep_period
    if not waiting:
        return period * RESERVED_PART
    log.warning(logfmt.line("tick.behind", waiting=waiting, period=period))
    apps = sum(1 for _ in all_keys(parts.apps))
    evaluated = max(1, apps - waiting)
    return period * min(MOST_RESERVED, (waiting + apps) / evaluated)


def _warn_if_late(parts: Parts, tick: Tick) -> None:
    if tick.previous is None:
        return
    gap = (tick.at - tick.previous).total_seconds()
    if gap > LATE * parts.options.sleep_period:
        log.warning(
            logfmt.line(
                "tick.late",
                seconds=round(gap, 1),
                period=parts.options.sleep_period,
            )
        )


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
        log.warning(logfmt.line("journal.unavailable", detail=exc))
        return
    log.info(logfmt.line("journal.pruned", deleted=deleted))
