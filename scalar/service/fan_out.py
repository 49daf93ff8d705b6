"""One tick: put one evaluation of every app on the queue."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from scalar.core import logfmt
from scalar.core.app import AppKey
from scalar.core.errors import RegistryError
from scalar.ports.coordination import Tick
from scalar.ports.publisher import Publisher
from scalar.service.parts import Parts

log = logging.getLogger("scalar.tick")

#: Apps read, reserved and published at a time.
PAGE = 1_000
#: A reservation ends a little before the next tick, so that a lost message
#: costs its app one poll and not two.
RESERVED_PART = 0.9
#: Most periods that a reservation lasts while the workers do not keep up. Workers
#: that do not poll a tenth of the apps in a period leave some out for ever.
MOST_RESERVED = 20
#: Ticks further apart than this many periods are told of.
LATE = 1.5
DAY = 86_400


@dataclass(frozen=True, slots=True)
class FanOut:
    """What a tick did: apps sent to be polled, and left out.

    Left out are those that are being evaluated or wait for it, that rest because
    they did not answer, and of the slow ones those for which there is no room.
    """

    sent: int
    left_out: int


def fan_out(parts: Parts, publisher: Publisher) -> FanOut | None:
    """Enqueue one evaluation for each app that is not under way.

    Returns None if this period has had its tick: two beats, a late one or a
    restarted one do not poll more often.

    Apps that have not answered for some polls rest. Apps that were slow or failed
    the last time get at most half of one worker's threads, so that they cannot
    keep the others waiting. While the workers do not keep up, apps that wait for
    their poll are left out, too: none is discarded, all are polled less often.

    Raises:
        CoordinationError: Redis is away; the next tick tries again.
        RegistryError: The apps cannot be listed.
    """
    tick = parts.ticks.open_tick(parts.options.sleep_period)
    if tick is None:
        log.debug(logfmt.line("tick.refused", reason="this period had its tick"))
        return None
    _tell_if_late(parts, tick)
    token = parts.chance.token()
    slow = parts.states.slow()
    resting = parts.states.resting()
    busy = parts.states.busy(slow - resting)
    seconds = _reserved_seconds(parts, publisher.waiting())
    room = max(1, parts.options.concurrency // 2) - len(busy)
    sent = left_out = 0
    for page in _pages(parts):
        awake = [key for key in page if key.id not in resting]
        chosen = _choose(parts.chance.shuffled(awake), slow, busy, max(room, 0))
        room -= sum(key.id in slow for key in chosen)
        numbers = [key.id for key in chosen]
        free = set(parts.states.reserve(numbers, token, seconds))
        batch = [key for key in chosen if key.id in free]
        publisher.publish(batch, token)
        sent += len(batch)
        left_out += len(page) - len(batch)
    _prune(parts, tick)
    log.debug(logfmt.line("tick.done", sent=sent, left_out=left_out))
    return FanOut(sent, left_out)


def _pages(parts: Parts) -> Iterator[Sequence[AppKey]]:
    page: Sequence[AppKey] = parts.apps.page(0, PAGE)
    while page:
        yield page
        if len(page) < PAGE:
            return
        page = parts.apps.page(page[-1].id, PAGE)


def _choose(
    page: Sequence[AppKey], slow: set[int], busy: set[int], room: int
) -> list[AppKey]:
    """Return the apps to send, in this order, at most `room` slow ones."""
    healthy = [key for key in page if key.id not in slow]
    waiting = [key for key in page if key.id in slow and key.id not in busy]
    return healthy + waiting[:room]


def _reserved_seconds(parts: Parts, waiting: int) -> float:
    """Return how long a message may be under way; tell of those that still wait.

    While the workers do not keep up, who waits keeps the place in the queue, so
    each app has its turn, late but no app never. Of all apps those that do not wait
    were polled in the last period. At that pace the last one of the queue has its
    turn when those that wait and those that come now, all apps at most, have had it.
    """
    period = parts.options.sleep_period
    if not waiting:
        return period * RESERVED_PART
    log.warning(logfmt.line("tick.behind", waiting=waiting, period=period))
    apps = sum(len(page) for page in _pages(parts))
    polled = max(1, apps - waiting)
    return period * min(MOST_RESERVED, (waiting + apps) / polled)


def _tell_if_late(parts: Parts, tick: Tick) -> None:
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


def _prune(parts: Parts, tick: Tick) -> None:
    """Delete old events, once a day; a failure is tried again the next day."""
    if not parts.ticks.once("prune", DAY):
        return
    before = tick.at - timedelta(days=parts.options.events_keep_days)
    try:
        deleted = parts.journal.prune(before)
    except RegistryError as exc:
        log.warning(logfmt.line("journal.unavailable", detail=exc))
        return
    log.info(logfmt.line("journal.pruned", deleted=deleted))
