"""An engine and an event for the tests of the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scalar.adapters.sql.engine import make_engine
from scalar.core.event import Event, EventKind
from scalar.core.reason import Reason
from scalar.settings import Settings


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
