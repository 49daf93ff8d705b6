"""Our connections when the server behind a URL becomes another one."""

from __future__ import annotations

import pytest
from redis import Redis
from redis.exceptions import ReadOnlyError

from scalar.adapters.redis.connection import connect
from scalar.adapters.redis.coordinator import RedisCoordinator
from scalar.core.app import AppKey
from scalar.core.errors import CoordinationError
from scalar.worker import CeleryPublisher
from tests.support.leases import begin


@pytest.fixture
def demoted(own_redis):
    """A Redis, and a client to it; a function makes it a replica, as a failover does.

    Then the URL leads to another server, but open connections still lead here.
    """
    with Redis.from_url(own_redis.url, decode_responses=True) as admin:

        def demote():
            admin.execute_command("REPLICAOF", "127.0.0.1", "1")

        yield own_redis.url, admin, demote


def ids(admin, name):
    """Return the numbers of the connections with a name."""
    return {each["id"] for each in admin.client_list() if each["name"] == name}


def test_a_client_connects_anew_once_its_server_is_no_longer_the_primary(demoted):
    url, admin, demote = demoted
    client = connect(url)
    client.set("a", "b")
    before = ids(admin, "scalar")
    demote()
    with pytest.raises(ReadOnlyError):
        client.set("a", "b")
    assert client.get("a") == "b"

    assert not before & ids(admin, "scalar")
    client.close()


def test_so_does_the_connection_that_threads_share(demoted):
    url, admin, demote = demoted
    client = connect(url)
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 1, "one")
    before = ids(admin, "scalar")
    demote()
    with pytest.raises(CoordinationError, match="read only"):
        coordinator.finish(lease, None)
    assert coordinator.begin(1, "none") is None
    assert coordinator.recall([1]) == {}

    assert not before & ids(admin, "scalar")
    client.close()


def poll_and_scale(app_id, name, revision, token):
    """The task; nothing runs it here."""


def test_so_does_a_publisher(demoted, celery_apps):
    url, admin, demote = demoted
    app = celery_apps(url)
    task = app.task(name="scalar.poll_and_scale", shared=False)(poll_and_scale)
    publisher = CeleryPublisher(app, task)
    publisher.publish([AppKey(1, "shop", 1)], "token")
    before = ids(admin, "scalar-celery")
    demote()
    with pytest.raises(CoordinationError, match="read only"):
        publisher.publish([AppKey(1, "shop", 1)], "token")
    assert publisher.waiting() == 1

    assert before
    assert not before & ids(admin, "scalar-celery")
