"""Serve the counts from FastAPI: `app.include_router(counts_router(jobs))`."""

from __future__ import annotations

from typing import Optional

from fastapi import APIRouter, Request, Response

from scalar_agent.endpoint import PATH, Endpoint
from scalar_agent.work import Jobs


def counts_router(
    jobs: Jobs, *, token: Optional[str] = None, open_to_everyone: bool = False
) -> APIRouter:
    """Return a router to include without a prefix; see `Endpoint` for the options."""
    endpoint = Endpoint(jobs, token=token, open_to_everyone=open_to_everyone)
    router = APIRouter()

    # Not a coroutine, so that FastAPI runs it in a thread: measuring blocks.
    def scalar_tasks(request: Request) -> Response:
        answer = endpoint.answer(
            request.method,
            request.headers.get("Authorization"),
            request.headers.get("Accept"),
            request.headers.get("Scalar-Keep"),
        )
        return Response(answer.body, answer.status, headers=dict(answer.headers))

    for path in (PATH, PATH[:-1]):
        router.add_api_route(
            path, scalar_tasks, methods=["GET", "HEAD"], include_in_schema=False
        )
    return router
