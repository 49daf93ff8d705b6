"""The undocumented names of Celery, kombu and redis-py that we use.

A new version may drop any of them. Each is checked on the installed version.
"""

from __future__ import annotations

import ast
from importlib.metadata import version
from pathlib import Path

import pytest
from celery import Celery
from celery.beat import Scheduler, Service
from celery.concurrency.thread import TaskPool
from celery.worker.request import Request
from kombu import Connection
from kombu.asynchronous import Hub
from kombu.message import Message
from kombu.transport import virtual
from redis import Redis

from devtools.procfile import ROOT

#: The versions on which all our tests last passed.
CHECKED_ON = {"celery": "5.7.0", "kombu": "5.7.0", "redis": "8.1.0"}
#: Library, owner, name, and the module that uses it. First the names that begin with an
#: underscore, then those that are undocumented.
NAMES = [
    ("kombu", "Channel", "_brpop_read", "scalar.worker._transport"),
    ("kombu", "Channel", "_queue_cycle", "scalar.worker._transport"),
    ("kombu", "Transport", "_deliver", "scalar.worker._transport"),
    ("kombu", "Channel", "_q_for_pri", "scalar_agent.celery_redis"),
    ("kombu", "Channel", "_fanout_queues", "scalar_agent.celery_closing"),
    ("kombu", "Channel", "async_pool", "scalar.worker._transport"),
    ("kombu", "Channel", "pool", "scalar.worker._transport"),
    ("kombu", "Channel", "conn_or_acquire", "scalar.worker._publisher"),
    ("kombu", "Channel", "prepare_message", "scalar.worker._publisher"),
    ("kombu", "QoS", "can_consume", "scalar.worker._transport"),
    ("kombu", "QoS", "can_consume_max_estimate", "scalar.worker._transport"),
    ("kombu", "Queue cycle", "items", "scalar.worker._transport"),
    ("kombu", "Transport", "register_with_event_loop", "scalar.worker._transport"),
    ("kombu", "Hub", "call_soon", "scalar.worker._transport"),
    ("kombu", "Message", "channel", "scalar.worker._request"),
    ("celery", "Request", "acknowledge", "scalar.worker._request"),
    ("celery", "Request", "acknowledged", "scalar.worker._request"),
    ("celery", "TaskPool", "executor", "scalar.worker._pool"),
    ("celery", "TaskPool", "limit", "scalar.worker._pool"),
    ("celery", "AMQP", "as_task_v2", "scalar.worker._publisher"),
    ("celery", "Scheduler", "producer", "scalar.worker._beat_scheduler"),
    ("celery", "Scheduler", "apply_entry", "scalar.worker._beat_scheduler"),
    ("celery", "Service", "scheduler_cls", "scalar.worker._beat_thread"),
    ("redis", "Connection", "pack_commands", "scalar.adapters.redis.script_batcher"),
    (
        "redis",
        "Connection",
        "send_packed_command",
        "scalar.adapters.redis.script_batcher",
    ),
    ("redis", "Connection", "read_response", "scalar.adapters.redis.script_batcher"),
    ("redis", "Connection", "can_read", "scalar.adapters.redis.script_batcher"),
    ("redis", "Connection", "_sock", "scalar_agent.celery_closing"),
    ("redis", "Script", "sha", "scalar.adapters.redis.script_batcher"),
]
#: Documented in the standard library, despite the underscore.
PUBLIC = {"_replace", "_asdict"}
OURS = (ROOT / "scalar", ROOT / "agent" / "scalar_agent")


@pytest.fixture
def objects(redis_url):
    """One object of each owner, without our own additions."""
    pool = TaskPool(1)
    transport = "kombu.transport.redis:Transport"
    options = {"ack_emulation": False}
    with (
        Redis.from_url(redis_url) as client,
        Connection(redis_url, transport=transport, transport_options=options) as broker,
        broker.channel() as channel,
        Celery(set_as_current=False) as app,
    ):
        yield {
            "Channel": channel,
            "Queue cycle": channel._queue_cycle,
            "Transport": broker.transport,
            "QoS": virtual.QoS(channel),
            "Hub": Hub,
            "Message": Message(channel=channel),
            "Request": Request,
            "TaskPool": pool,
            "AMQP": app.amqp,
            "Scheduler": Scheduler,
            "Service": Service,
            "Connection": client.connection_pool.get_connection(),
            "Script": client.register_script("return 1"),
        }
    pool.on_stop()


@pytest.mark.parametrize(
    ("library", "owner", "name", "user"),
    [pytest.param(*row, id=f"{row[1]}.{row[2]}") for row in NAMES],
)
def test_each_undocumented_name_still_exists(objects, library, owner, name, user):
    assert hasattr(objects[owner], name), (
        f"{library} {version(library)} has no {owner}.{name} any more, which {user} "
        f"uses. It existed in {CHECKED_ON[library]}: find its replacement."
    )


def private_names(paths):
    """Return the private names that are not our own."""
    used, own = set(), set(PUBLIC)
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                own.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
            elif isinstance(node, ast.Attribute) and is_private(node.attr):
                text = ast.unparse(node)
                if isinstance(node.ctx, ast.Store) and text.startswith("self."):
                    own.add(node.attr)
                used.add((text.startswith("super()."), node.attr))
    return {name for of_super, name in used if of_super or name not in own}


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def reads_celery(path):
    """Return whether a module imports Celery, kombu or redis-py."""
    tree = ast.parse(path.read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    return bool(imported & CHECKED_ON.keys())


def test_every_private_name_we_use_is_in_the_table():
    paths: list[Path] = [
        path
        for folder in OURS
        for path in sorted(folder.rglob("*.py"))
        if reads_celery(path)
    ]

    assert private_names(paths) == {row[2] for row in NAMES if is_private(row[2])}
