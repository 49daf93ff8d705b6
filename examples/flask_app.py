"""Serve the counts with Flask: `PORT=8000 python flask_app.py`.

The view answers 200 even when a count is null. Null says "not known now", so
the autoscaler leaves that process type as it is; an error would say that the
app is broken.
"""

from __future__ import annotations

import hmac
import os
from base64 import b64encode

import jobs
from flask import Flask, Response, jsonify, request
from queue_counts import count_jobs
from waitress import serve

app = Flask(__name__)


@app.get("/api/scalar_tasks/")
def scalar_tasks() -> Response:
    """Return the jobs of each process type; ask for the password, if one is set."""
    if not allowed(request.headers.get("Authorization", "")):
        return Response(
            status=401, headers={"WWW-Authenticate": 'Basic realm="counts"'}
        )
    return jsonify(count_jobs(jobs.app, jobs.QUEUES))


def allowed(given: str) -> bool:
    """Return whether the Authorization header is that of SCALAR_TASKS_AUTH."""
    pair = os.environ.get("SCALAR_TASKS_AUTH", "")
    expected = b"Basic " + b64encode(pair.encode())
    return not pair or hmac.compare_digest(given.encode(), expected)


if __name__ == "__main__":
    serve(app, host="0.0.0.0", port=int(os.environ.get("PORT", "8000")))
