"""All faults: their names, families and lengths."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """What a fault affects."""

    PROCESS = "process"
    REDIS = "redis"
    DATABASE = "database"
    CLOCK = "clock"
    HEROKU = "heroku"  # the API, for all apps
    REFUSAL = "refusal"  # the API, for some apps
    APP = "app"
    PERSON = "person"  # what people do on Heroku


@dataclass(frozen=True, slots=True)
class Kind:
    """One fault.

    Attributes:
        name: For schedules, reports and logs.
        family: What it affects.
        periods: How long it lasts, in periods; 0 if it is over at once.
        forgets: How often the scaler may have to reread all formations because of
            it: Redis was emptied, or its contents look too old or too new.
        ends_processes: Whether one of ours may end in the middle of a change.
        hides_types: Whether Heroku leaves process types out.
        harmless: Whether nothing may be delayed by it.
        is_maintenance: Whether the app is in maintenance mode.
        status: HTTP status, if the fault is one.
        limit: The number of dynos that a refusal allows.
    """

    name: str
    family: Family
    periods: float = 2.0
    forgets: int = 0
    ends_processes: bool = False
    hides_types: bool = False
    harmless: bool = False
    is_maintenance: bool = False
    status: int | None = None
    limit: int | None = None


WORKER_KILLED = Kind("worker killed", Family.PROCESS, 0, ends_processes=True)
BEAT_KILLED = Kind("beat killed", Family.PROCESS, 0)
WORKER_TERMED = Kind("worker SIGTERM", Family.PROCESS, 0)
BEAT_TERMED = Kind("beat SIGTERM", Family.PROCESS, 0)
BEAT_FROZEN = Kind("beat frozen", Family.PROCESS, 4)
#: Beat is restarted again and again, a part of a period after each start.
BEAT_STORM = Kind("beat restart storm", Family.PROCESS, 0)
TWO_BEATS = Kind("two beats", Family.PROCESS, 4, harmless=True)
TWO_WORKERS = Kind("two workers", Family.PROCESS, 6, harmless=True)
WRONG_KEY = Kind("worker with a wrong secret key", Family.PROCESS, 4)
REDIS_EMPTIED = Kind("redis killed, restarted empty", Family.REDIS, 1, forgets=1)
REDIS_PAUSED = Kind("redis paused (CLIENT PAUSE)", Family.REDIS, 2, forgets=1)
REDIS_FROZEN = Kind("redis frozen (SIGSTOP)", Family.REDIS, 3, forgets=1)
REDIS_FULL = Kind("redis full", Family.REDIS, 3, forgets=1)
#: Refusals: of a replica, of a user without permission.
REDIS_READONLY = Kind("redis read-only (READONLY)", Family.REDIS, 3, forgets=1)
REDIS_NOPERM = Kind("redis permits nothing (NOPERM)", Family.REDIS, 3, forgets=1)
#: As after a failover to a replica that was a second behind.
REDIS_BEHIND = Kind("redis back by a second", Family.REDIS, 0, forgets=1)
DATABASE_AWAY = Kind("postgresql stopped, restarted", Family.DATABASE, 3)
DISK_FULL = Kind("disk full", Family.DATABASE, 3)
CLOCK_AHEAD = Kind("clock an hour ahead", Family.CLOCK, 3, forgets=2)
CLOCK_BACK = Kind("clock an hour back", Family.CLOCK, 3, forgets=2)
#: A second worker with another clock than everything else.
WORKER_BEHIND = Kind("second worker 20 s behind", Family.CLOCK, 5)
WORKER_AHEAD = Kind("second worker 20 s ahead", Family.CLOCK, 5)

HEROKU = (
    *(
        Kind(f"heroku {name}", Family.HEROKU, 1.5)
        for name in ("hang", "slow", "too slow", "non_json", "cut", "drip", "reset")
    ),
    Kind("heroku apply_then_reset", Family.HEROKU, 1.5),
    #: Some changes have no answer and are made seconds later.
    Kind("heroku apply_late", Family.HEROKU, 4),
    Kind("heroku 500", Family.HEROKU, 1.5, status=500),
    Kind("heroku 503", Family.HEROKU, 1.5, status=503),
)
#: Paged answers. Only reads are paged, so Redis is emptied meanwhile to cause some.
HEROKU_PARTIAL = Kind("heroku partial", Family.HEROKU, 3)
#: These make the scaler back off from the whole account for half a minute or more,
#: unless Redis forgets that. So emptying Redis comes next.
HEROKU_LONG = (
    Kind("heroku 401", Family.HEROKU, 1.5, status=401),
    Kind("heroku 429", Family.HEROKU, 1.5, status=429),
)
REFUSALS = (
    Kind("heroku refuses 402", Family.REFUSAL, 4, status=402),
    Kind("heroku refuses 403", Family.REFUSAL, 4, status=403),
    Kind("heroku refuses 404", Family.REFUSAL, 4, status=404),
    Kind("heroku refuses 422", Family.REFUSAL, 4, status=422),
    Kind("heroku refuses 422 with a limit", Family.REFUSAL, 4, status=422, limit=3),
)
LEFT_OUT = Kind("heroku leaves out a process type", Family.REFUSAL, 6, hides_types=True)
SCALED_BY_HAND = Kind("scaled by hand", Family.PERSON, 10)
LEASED = Kind("scaled by hand, with a lease", Family.PERSON, 10)
SWITCHED_OFF = Kind("switched off by hand", Family.PERSON, 10)
MAINTENANCE = Kind("maintenance", Family.PERSON, 10, is_maintenance=True)
RENAMED = Kind("renamed", Family.PERSON, 10)
PEOPLE = (SCALED_BY_HAND, LEASED, SWITCHED_OFF, MAINTENANCE, RENAMED)
APP = (
    *(Kind(f"app {n}", Family.APP, 4, status=n) for n in (401, 403, 404, 422, 429)),
    *(Kind(f"app {n}", Family.APP, 4, status=n) for n in (500, 503)),
    *(
        Kind(f"app {name}", Family.APP, 4)
        for name in (
            *("hang", "slow", "no answer", "reset", "cut", "cut chunk", "empty"),
            *("html", "drip headers", "drip body", "100 MB", "deep", "twice"),
            *("huge numbers", "null", "negative", "redirect loop"),
            *("redirect elsewhere", "garbage", "redirect to http", "echo"),
        )
    ),
)
#: In every run, one at a time; the database adds one more.
SYSTEM = (
    *(WORKER_KILLED, BEAT_KILLED, BEAT_FROZEN, BEAT_STORM, WRONG_KEY),
    *(REDIS_PAUSED, REDIS_FROZEN, REDIS_FULL),
    *(REDIS_READONLY, REDIS_NOPERM, REDIS_BEHIND),
    *(CLOCK_AHEAD, CLOCK_BACK),
)
#: In every run, at the same time: as a deployment does, and two workers at odds.
DEPLOYED, SKEWED = (WORKER_TERMED, BEAT_TERMED), (WORKER_BEHIND, WORKER_AHEAD)
#: Nothing is delayed by these, so they hide no other sickness.
HARMLESS = (TWO_BEATS, TWO_WORKERS)

BY_NAME = {
    kind.name: kind
    for kind in (
        *(*SYSTEM, *DEPLOYED, *SKEWED, *HARMLESS),
        *(REDIS_EMPTIED, DATABASE_AWAY, DISK_FULL),
        *(*HEROKU, HEROKU_PARTIAL, *HEROKU_LONG, *REFUSALS, LEFT_OUT),
        *(*PEOPLE, *APP),
    )
}
