"""Serve the counts with Django: `PORT=8000 python django_app.py`.

Your own app needs one line: the entry of `urlpatterns`.
"""

from __future__ import annotations

import os
import secrets

import jobs
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from scalar_agent.django import counts_path
from waitress import serve

urlpatterns = [counts_path(jobs.counts)]

if __name__ == "__main__":
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=secrets.token_hex(),
    )
    application = get_wsgi_application()
    serve(application, host="0.0.0.0", port=int(os.environ.get("PORT", "8000")))
