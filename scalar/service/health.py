"""Tell a dead man's switch that all is well; say nothing if it is not."""

from __future__ import annotations

import logging

from scalar.core import logfmt
from scalar.core.errors import RegistryError
from scalar.core.health import Sign, signs
from scalar.ports.pinger import Pinger
from scalar.service.parts import Parts

log = logging.getLogger("scalar.status")

#: Seconds between two calls of the switch; a switch expects one now and then.
EVERY = 60


def look(parts: Parts) -> list[Sign]:
    """Return the signs of life.

    Raises:
        CoordinationError: Redis is away.
        RegistryError: The database is away.
    """
    return signs(
        parts.health.vitals(),
        period=parts.options.sleep_period,
        backoff=parts.options.app_backoff_max,
        has_apps=bool(parts.apps.page(0, 1)),
    )


def check_in(parts: Parts, pinger: Pinger) -> bool:
    """Call the switch if all is well and it was not called lately.

    Returns whether it was called. At the first tick of all nothing has been
    evaluated yet, which is no news.

    Raises:
        CoordinationError: Redis is away, and so nothing is well.
    """
    try:
        wrong = [sign for sign in look(parts) if not sign.is_well]
    except RegistryError as exc:
        log.warning(logfmt.line("status.unwell", what="database", detail=exc))
        return False
    for sign in wrong:
        level = logging.WARNING if sign.was_well else logging.DEBUG
        line = logfmt.line("status.unwell", what=sign.what, detail=sign.text)
        log.log(level, line)
    if wrong or not parts.ticks.once("ping", EVERY):
        return False
    return pinger.ping()
