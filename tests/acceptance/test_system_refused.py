"""A Redis that refuses commands is away: nothing ends, nothing floods the log."""

from __future__ import annotations

from functools import partial

import pytest
from redis import Redis

from scalar.adapters.redis.connection import PREFIX
from tests.support.waiting import wait_until

pytestmark = pytest.mark.deep

#: Refusals that are waited for, and lines that may be logged until then.
TIMES, MOST_LINES = 3, 30


def configure(name, value, admin):
    admin.config_set(name, value)


def allow(rule, admin):
    admin.execute_command("ACL", "SETUSER", "default", rule)


def follow(address, admin):
    admin.execute_command("REPLICAOF", *address.split())


def disconnect_all(admin):
    for kind in ("normal", "pubsub"):
        admin.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


def forge(key, admin):
    """Put a value of a type there that none of our keys has."""
    with admin.pipeline() as pipe:
        pipe.delete(PREFIX + key)
        pipe.xadd(PREFIX + key, {"forged": "yes"})
        pipe.execute()


def delete(key, admin):
    admin.delete(PREFIX + key)


def one_by_one(*steps):
    def take(admin):
        for step in steps:
            step(admin)

    return take


def forged(key):
    return partial(forge, key), partial(delete, key)


follows_nobody = partial(follow, "NO ONE")
follows_another = partial(follow, "127.0.0.1 1")
#: Cause to how it begins, and how it ends.
CAUSES = {
    "read-only after a failover": (follows_another, follows_nobody),
    "no permission": (partial(allow, "-@all"), partial(allow, "+@all")),
    "a forged queue": forged("celery:poll"),
    "full": (
        partial(configure, "maxmemory", "1"),
        partial(configure, "maxmemory", "0"),
    ),
    "no primary": (
        one_by_one(
            partial(configure, "replica-serve-stale-data", "no"), follows_another
        ),
        follows_nobody,
    ),
    "no permission for a key": (partial(allow, "resetkeys"), partial(allow, "~*")),
    "another password": (
        one_by_one(partial(configure, "requirepass", "new"), disconnect_all),
        partial(configure, "requirepass", ""),
    ),
    "too many clients": (
        one_by_one(partial(configure, "maxclients", "1"), disconnect_all),
        partial(configure, "maxclients", "10000"),
    ),
    "a forged queue of ticks": forged("celery:tick"),
    "a forged set": forged("slow"),
    "a forged tick": forged("tick:due"),
}
#: Those that ended a worker; beat is a thread of it in the other deployment.
FATAL = list(CAUSES)[:3]


@pytest.fixture
def admin(own_redis):
    """A connection that stays, whatever is refused to others."""
    with Redis.from_url(own_redis.url) as client:
        client.execute_command(
            *("ACL", "SETUSER", "admin", "on", ">secret", "~*", "&*", "+@all")
        )
    with Redis(
        port=own_redis.port,
        username="admin",
        password="secret",
        single_connection_client=True,
    ) as client:
        yield client


def refusals(admin):
    """Return how often Redis has refused something so far."""
    counted = admin.info("errorstats").values()
    rejected = admin.info("stats")["rejected_connections"]
    return sum(int(error["count"]) for error in counted) + rejected


@pytest.mark.parametrize(
    ("lines", "causes"),
    [
        pytest.param(["beat", "worker"], CAUSES, id="beat and worker"),
        pytest.param(["all-in-one"], FATAL, id="all in one"),
    ],
)
def test_what_redis_refuses_is_tried_again_until_it_does_not(  # noqa: PLR0917 - fixtures and parameters
    make_system, counts_app, admin, name, lines, causes
):
    system = make_system(COUNT_BOUNDARY="10", LOG_LEVEL="INFO")
    system.register(name, {"worker": 3})
    counts_app.answer({"worker": 25})
    processes = system.start(*lines)
    system.wait_for_polls(1)
    for cause in causes:
        begin, end = CAUSES[cause]
        before = system.logs()
        refused = refusals(admin)
        begin(admin)
        wait_until(
            lambda: refusals(admin) >= refused + TIMES,  # noqa: B023
            message=f"{cause}: {system.logs()[-3000:]}",
        )
        lines_before, lines_now = before.count("\n"), system.logs().count("\n")
        end(admin)

        assert lines_now - lines_before <= MOST_LINES, cause
        assert all(process.running for process in processes), cause
        system.wait_for_polls(2)
    assert "Traceback" not in system.logs()
    assert system.patches(name) == []
