"""What the tests of the database share: addresses, an engine, an event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scalar.adapters.sql.engine import make_engine
from scalar.core.counts_address import CountsAddress
from scalar.core.event import Event, EventKind
from scalar.core.reading import Form
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from scalar.settings import Settings

URL = CountsAddress.parse("https://user:hunter2@shop.example/counts")
OTHER_URL = CountsAddress.parse("https://other:secret@shop.example/new?x=1")
#: One address of each kind.
ADDRESSES = {
    "a password": URL,
    "a token": CountsAddress.parse(
        "https://shop.example/counts", Form.SCALAR, Secret("hunter2")
    ),
    "a token in the path": CountsAddress.parse(
        "https://shop.example/hirefire/hunter2/info"
    ),
    "a broker": CountsAddress.parse(
        "rediss://:hunter2@queue.example:6380/0?global_keyprefix=shop:",
        queues={"worker": ("default", "mail"), "mailer": ("post",)},
    ),
}
each_address = pytest.mark.parametrize(
    "address", ADDRESSES.values(), ids=ADDRESSES.keys()
)
OWN = Secret("HRKU-hunter2")


def engine_for(url):
    settings = Settings.from_environ({"DATABASE_URL": url})
    return make_engine(settings.database_url.reveal())


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def event(minute=0, app="shop", **facts):
    return Event(
        **{
            "at": NOON + timedelta(minutes=minute),
            "app": app,
            "process_type": "worker",
            "kind": EventKind.SCALED,
            "reason": Reason.RECOMMENDED,
            "from_quantity": 1,
            "to_quantity": 10,
            "count": 99,
            "detail": "count 99 / boundary 10",
            **facts,
        }
    )
