"""The Redis keys of coordination, and the Lua scripts that use them.

    scalar:tick:due      when the next tick is due (ms)
    scalar:tick:last     when the last tick was accepted (ms)
    scalar:lease:ID      token of an app's reservation, or of its lease
    scalar:app:ID        an app's memory (JSON)
    scalar:slow          apps whose last request failed or was slow
    scalar:polled        apps, and when their last evaluation ended (ms)
    scalar:resting       apps that are not polled yet, and until when (ms)
    scalar:stuck         apps whose changes Heroku does not accept, since when (ms)
    scalar:outbox        ids of events for the journal, since when they wait (ms)
    scalar:outbox:events the events themselves (JSON), by id
    scalar:leased        apps with a manual change that is left alone, until when (ms)
    scalar:evaluated     heartbeat: when counts were last decided on (ms)
    scalar:ended         heartbeat: when the last evaluation ended, decided or not (ms)
    scalar:tick:by       process type of the dyno that took the last tick
    scalar:held          apps that are held, since when (ms)
    scalar:held:reasons  why each of them is held
    scalar:tally         evaluations and changes since the last line of the log on them
    scalar:once:NAME     marks a periodic job as done

Each use is one round trip. All times are read from the Redis server's clock, so the
workers' clocks need not agree.
"""

from scalar.adapters.redis.connection import PREFIX

TICK_DUE = f"{PREFIX}tick:due"
TICK_LAST = f"{PREFIX}tick:last"
SLOW = f"{PREFIX}slow"
POLLED = f"{PREFIX}polled"
RESTING_UNTIL = f"{PREFIX}resting"
STUCK = f"{PREFIX}stuck"
OUTBOX = f"{PREFIX}outbox"
OUTBOX_EVENTS = f"{PREFIX}outbox:events"
LEASED_UNTIL = f"{PREFIX}leased"
EVALUATED = f"{PREFIX}evaluated"
ENDED = f"{PREFIX}ended"
TICK_BY = f"{PREFIX}tick:by"
HELD = f"{PREFIX}held"
HELD_REASONS = f"{PREFIX}held:reasons"
TALLY = f"{PREFIX}tally"
#: The marks that have a time; with `SLOW` and `HELD_REASONS`, all that is kept of an
#: app beside its keys.
TIMED_MARKS = (POLLED, RESTING_UNTIL, STUCK, LEASED_UNTIL, HELD)


def all_of(app_id: int) -> tuple[str, ...]:
    """Return every Redis key that is of one app alone."""
    return (lease_of(app_id), memory_of(app_id))


def lease_of(app_id: int) -> str:
    """Return the Redis key of an app's lease."""
    return f"{PREFIX}lease:{app_id}"


def memory_of(app_id: int) -> str:
    """Return the Redis key of an app's memory."""
    return f"{PREFIX}app:{app_id}"


def once(name: str) -> str:
    """Return the Redis key of a periodic job."""
    return f"{PREFIX}once:{name}"
