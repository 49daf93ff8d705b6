"""Serve the counts with Django: `PORT=8000 python django_app.py`.

In an app of your own, copy the view and its line in `urlpatterns`.

The view answers 200 even when a count is null. Null says "not known now", so
the autoscaler leaves that process type as it is; an error would say that the
app is broken.
"""

from __future__ import annotations

import hmac
import os
import secrets
from base64 import b64encode

import jobs
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from queue_counts import count_jobs
from waitress import serve


def scalar_tasks(request: HttpRequest) -> HttpResponse:
    """Return the jobs of each process type; ask for the password, if one is set."""
    if not allowed(request.headers.get("Authorization", "")):
        headers = {"WWW-Authenticate": 'Basic realm="counts"'}
        return HttpResponse(status=401, headers=headers)
    return JsonResponse(count_jobs(jobs.app, jobs.QUEUES))


def allowed(given: str) -> bool:
    """Return whether the Authorization header is that of SCALAR_TASKS_AUTH."""
    pair = os.environ.get("SCALAR_TASKS_AUTH", "")
    expected = b"Basic " + b64encode(pair.encode())
    return not pair or hmac.compare_digest(given.encode(), expected)


urlpatterns = [path("api/scalar_tasks/", scalar_tasks)]

if __name__ == "__main__":
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=secrets.token_hex(),
    )
    application = get_wsgi_application()
    serve(application, host="0.0.0.0", port=int(os.environ.get("PORT", "8000")))
