"""A Flask app with HireFire's own agent, served by waitress.

It runs in its own process, because the agent keeps its workers in a module global and
reads its token from the environment:

    HIREFIRE_TOKEN=... python -m tests.support.hirefire_app PORT BROKER_URL
"""

from __future__ import annotations

import sys

from celery import Celery
from flask import Flask
from hirefire_resource import HireFire
from hirefire_resource.macro.celery import job_queue_size
from hirefire_resource.middleware.wsgi.flask import HireFireMiddleware
from waitress import serve


def make_app(broker: str) -> Flask:
    """Return the app, set up as in HireFire's guide."""
    celery = Celery("shop", broker=broker)
    with HireFire.configure() as configuration:
        configuration.dyno(
            "worker", lambda: job_queue_size("default", celery_app=celery)
        )
        configuration.dyno("late", lambda: 32.5)
        configuration.dyno("mailer", lambda: None)
    app = Flask("shop")
    app.wsgi_app = HireFireMiddleware(app)  # type: ignore[method-assign]
    return app


if __name__ == "__main__":
    serve(make_app(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]))
