"""Serve the counts from Flask: `app.register_blueprint(counts_blueprint(jobs))`."""

from __future__ import annotations

from typing import Optional

from flask import Blueprint, Response, request

from scalar_agent.endpoint import PATH, Endpoint
from scalar_agent.work import Jobs


def counts_blueprint(
    jobs: Jobs, *, token: Optional[str] = None, open_to_everyone: bool = False
) -> Blueprint:
    """Return a blueprint to register once; see `Endpoint` for the options."""
    endpoint = Endpoint(jobs, token=token, open_to_everyone=open_to_everyone)
    blueprint = Blueprint("scalar_agent", __name__)

    @blueprint.route(PATH, methods=["GET", "HEAD"], strict_slashes=False)
    def scalar_tasks() -> Response:
        answer = endpoint.answer(
            request.method,
            request.headers.get("Authorization"),
            request.headers.get("Accept"),
            request.headers.get("Scalar-Keep"),
        )
        response = Response(answer.body, answer.status)
        response.headers.update(dict(answer.headers))
        return response

    return blueprint
