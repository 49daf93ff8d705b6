"""The app's API: only the agent's endpoint."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from scalar_agent.flask import counts_blueprint
from waitress import serve  # type: ignore[import-untyped] # it has no types

from benchmarks.killed_jobs.app import BUSY, counts
from benchmarks.killed_jobs.facts import of_this_dyno

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Recorded:
    """Records each request for the counts and its answer.

    To hide the busy dynos it drops the `Accept` header, so that the app answers in the
    plain form, as it does to any other scaler.
    """

    def __init__(self, inner: Wsgi, *, plain: bool) -> None:
        self._inner = inner
        self._plain = plain
        self._facts, self._dyno, self._life = of_this_dyno()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request."""
        if self._plain:
            environ.pop("HTTP_ACCEPT", None)
        self._facts.note("asked", dyno=self._dyno, life=self._life)
        body = b"".join(self._inner(environ, start_response))
        self._facts.note(
            "answered", dyno=self._dyno, life=self._life, text=body.decode()
        )
        return [body]


def main() -> None:
    """Serve on the port that the platform assigns."""
    knows = os.environ[BUSY] == "yes"
    flask = Flask(__name__)
    flask.register_blueprint(counts_blueprint(counts))
    wsgi = Recorded(flask.wsgi_app, plain=not knows)
    serve(wsgi, host="127.0.0.1", port=int(os.environ["PORT"]), threads=4)


if __name__ == "__main__":
    main()
