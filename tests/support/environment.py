"""Environment variables that could change the outcome of a test."""

from __future__ import annotations

from scalar.core.policy.values import VALUES
from scalar.settings import SETTINGS

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

#: Removed before the project is imported, and before every test.
VARIABLES = (
    *(setting.name for setting in SETTINGS),
    *(value.variable for value in VALUES if value.variable),
    "REDIS_TLS_URL",
    "DYNO",
    "PORT",
    "EXAMPLE_KEY_PREFIX",
    "SCALAR_AGENT_TOKEN",
    # Celery
    "CELERY_CONFIG_MODULE",
    "CELERY_BROKER_URL",
    "CELERY_RESULT_BACKEND",
    "REMAP_SIGTERM",
    # requests, OpenSSL
    *_PROXIES,
    *(name.lower() for name in _PROXIES),
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    # PostgreSQL's client library
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGDATABASE",
    "PGOPTIONS",
    "PGSERVICE",
    "PGSSLMODE",
)
