"""A PostgreSQL that is gone without a word holds a thread for a while only."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from scalar.adapters.deadline import within
from scalar.adapters.sql import waiting
from scalar.adapters.sql.journal import SqlJournal
from scalar.core.errors import RegistryError
from tests.integration.database.support import engine_for, event
from tests.support.silent_proxy import SilentProxy


@pytest.fixture
def proxied(ready_postgres_url):
    """A journal behind a proxy, and the proxy."""
    url = make_url(ready_postgres_url)
    with SilentProxy(f"{url.query['host']}/.s.PGSQL.5432") as proxy:
        tcp = url.set(host="127.0.0.1", port=proxy.port, query={})
        engine = engine_for(tcp.render_as_string(hide_password=False))
        yield SqlJournal(engine), proxy
        engine.dispose()


def test_a_write_that_is_not_answered_fails_in_time_and_the_next_one_is_made(
    proxied, monkeypatch
):
    """TCP by itself goes on for minutes: each byte is acknowledged by the proxy."""
    journal, proxy = proxied
    journal.record([event(1)])
    monkeypatch.setattr(waiting, "LONGEST_WAIT", 0.3)
    monkeypatch.setattr(waiting, "LONGEST_CONNECTING", 0.3)
    proxy.silence()
    for _ in range(2):  # a statement, and connecting
        with pytest.raises(RegistryError, match="no answer in time"):
            journal.record([event(2)])
    monkeypatch.undo()
    proxy.speak()
    journal.record([event(3)])

    assert len(journal.recent(None, 10)) == 2


def test_the_deadline_of_an_evaluation_bounds_its_statements_too(proxied, monkeypatch):
    journal, proxy = proxied
    journal.record([event(1)])
    monkeypatch.setattr(waiting, "SHORTEST_WAIT", 0.1)
    proxy.silence()
    with within(0.2), pytest.raises(RegistryError, match="no answer in time"):
        journal.record([event(2)])


def test_a_statement_after_the_deadline_still_has_a_moment(proxied):
    """It writes what was done to the journal."""
    journal, _ = proxied
    with within(0):
        journal.record([event(1)])

    assert len(journal.recent(None, 10)) == 1
