"""Pytest fixtures that run a local Heroku, for any test suite.

Load them from a top-level `conftest.py`:

    pytest_plugins = ("local_heroku.testing",)
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_heroku.control import LocalHeroku
from local_heroku.process import start


@pytest.fixture(scope="session")
def heroku_server() -> Iterator[LocalHeroku]:
    """One server for the whole run.

    Its dynos start and stop at once, and its rate limit pools do not refill,
    so no test depends on how long it takes.
    """
    with start(boot_seconds=0, stop_seconds=0, refill_per_minute=0.01) as server:
        yield server


@pytest.fixture
def heroku(heroku_server: LocalHeroku) -> LocalHeroku:
    """That server, reset: no apps, no faults, a full rate limit pool."""
    heroku_server.clear()
    return heroku_server
