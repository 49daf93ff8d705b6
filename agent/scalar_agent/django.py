"""Serve the counts from Django: `urlpatterns = [counts_path(jobs), ...]`."""

from __future__ import annotations

from typing import Optional

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from django.views.decorators.csrf import csrf_exempt

from scalar_agent.endpoint import PATH, Endpoint
from scalar_agent.work import Jobs


def counts_path(
    jobs: Jobs, *, token: Optional[str] = None, open_to_everyone: bool = False
) -> URLPattern:
    """Return an entry for the root `urlpatterns`; see `Endpoint` for the options."""
    endpoint = Endpoint(jobs, token=token, open_to_everyone=open_to_everyone)

    def scalar_tasks(request: HttpRequest) -> HttpResponse:
        answer = endpoint.answer(
            request.method or "",
            request.headers.get("Authorization"),
            request.headers.get("Accept"),
            request.headers.get("Scalar-Keep"),
        )
        return HttpResponse(
            answer.body, status=answer.status, headers=dict(answer.headers)
        )

    return re_path(
        f"^{PATH.strip('/')}/?$", csrf_exempt(scalar_tasks), name="scalar_tasks"
    )
