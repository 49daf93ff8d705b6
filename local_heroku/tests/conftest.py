"""Fixtures for the tests that talk to a real server over HTTP."""

from __future__ import annotations

from functools import partial

import pytest
import requests

from local_heroku import testing

# Not `pytest_plugins`: pytest takes that in top-level conftest files alone.
heroku_server = testing.heroku_server
heroku = testing.heroku

VERSION_3 = {"Accept": "application/vnd.heroku+json; version=3"}


@pytest.fixture
def shop(heroku):
    """An app with one web and two worker dynos."""
    return heroku.create_app("shop", {"web": 1, "worker": 2})


@pytest.fixture
def session():
    """An HTTP session that ignores the proxies and .netrc of the caller's shell."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def call(session):
    """Call the Platform API of a server: `call(heroku, "GET", "/apps")`."""

    def make_request(server, method, path, *, token=None, headers=(), **options):
        return session.request(
            method,
            server.url + path,
            headers={**VERSION_3, **dict(headers)},
            auth=("", token or server.token),
            **{"timeout": 5, **options},
        )

    return make_request


@pytest.fixture
def api(heroku, call):
    """Call the Platform API of the shared server: `api("GET", "/apps")`."""
    return partial(call, heroku)
