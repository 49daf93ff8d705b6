"""Check that the fleet is being scaled; send a heartbeat only while it is."""

from __future__ import annotations

import logging

from scalar.core import logfmt
from scalar.core.errors import RegistryError
from scalar.core.health import HealthCheck, judge_health
from scalar.ports.pinger import Pinger
from scalar.service.parts import Parts

log = logging.getLogger("scalar.status")

#: Seconds between two heartbeats.
HEARTBEAT_SECONDS = 60


def check_health(parts: Parts) -> list[HealthCheck]:
    """Return the health checks and their results.

    Raises:
        CoordinationError: Redis is away.
        RegistryError: The database is away.
    """
    return judge_health(
        parts.health.heartbeats(),
        period=parts.options.sleep_period,
        backoff=parts.options.app_backoff_max,
        has_apps=bool(parts.apps.page(0, 1)),
    )


def send_heartbeat(parts: Parts, pinger: Pinger) -> bool:
    """Ping the dead man's switch if everything is healthy and a ping is due.

    Returns whether the ping succeeded. Before the first evaluation after a start
    the checks fail as expected, so that is logged at debug only.

    Raises:
        CoordinationError: Redis is away, so nothing is healthy.
    """
    try:
        failed = [check for check in check_health(parts) if not check.is_well]
    except RegistryError as exc:
        log.warning(logfmt.line("status.unwell", what="database", detail=exc))
        return False
    for check in failed:
        level = logging.WARNING if check.was_well else logging.DEBUG
        line = logfmt.line("status.unwell", what=check.what, detail=check.text)
        log.log(level, line)
    if failed or not parts.ticks.once("ping", HEARTBEAT_SECONDS):
        return False
    return pinger.ping()
