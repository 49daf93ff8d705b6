"""Check that the fleet is being scaled; send a heartbeat only while it is."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from scalar.core import logfmt
from scalar.core.errors import RegistryError
from scalar.core.health import HealthCheck, Limits, judge_health
from scalar.core.repeated import ends, repeats
from scalar.ports.pinger import Pinger
from scalar.service.parts import Parts

log = logging.getLogger("scalar.status")

#: Seconds between two heartbeats.
HEARTBEAT_SECONDS = 60
#: Seconds between two lines of the log on what was done.
TALLY_SECONDS = 3_600


def check_health(parts: Parts) -> list[HealthCheck]:
    """Return the health checks and their results.

    While the database is away, the apps that are polled count as those that are
    registered.

    Raises:
        CoordinationError: Redis is away, so nothing is known.
    """
    heartbeats = parts.health.heartbeats()
    try:
        has_apps, trouble = bool(parts.registry.page(0, 1)), ""
        names = names_of(parts, heartbeats.named)
    except RegistryError as exc:
        has_apps, trouble, names = bool(heartbeats.known), str(exc), {}
    options = parts.options
    limits = Limits(
        options.sleep_period, options.app_backoff_max, options.held_apps_most
    )
    found = judge_health(heartbeats, limits, has_apps=has_apps, names=names)
    if trouble:
        text = f"cannot be asked, so names and new apps are unknown: {trouble}"
        found.append(HealthCheck("database", is_well=False, text=text))
    return found


def names_of(parts: Parts, app_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of a few apps, by their numbers, without decrypting anything.

    Raises:
        RegistryError: The database is away.
    """
    names = {}
    for app_id in app_ids:
        page = parts.registry.page(app_id - 1, 1)
        if page and page[0].id == app_id:
            names[app_id] = page[0].name
    return names


def send_heartbeat(parts: Parts, pinger: Pinger) -> bool:
    """Ping the dead man's switch if everything is healthy and a ping is due.

    Returns whether the ping succeeded. Before the first evaluation after a start
    the checks fail as expected, so that is logged at debug only.

    Raises:
        CoordinationError: Redis is away, so nothing is healthy.
    """
    tell_what_was_done(parts)
    failed = [check for check in check_health(parts) if not check.is_well]
    _tell(failed)
    if failed or not parts.ticks.once("ping", HEARTBEAT_SECONDS):
        return False
    return pinger.ping()


def _tell(failed: Sequence[HealthCheck]) -> None:
    """Log in one line what is not healthy; the same again at growing intervals."""
    what = ",".join(check.what for check in failed)
    if not failed:
        log.info(logfmt.line("status.well_again"), extra=ends("status"))
        return
    level = logging.WARNING if any(c.was_well for c in failed) else logging.DEBUG
    detail = "; ".join(f"{check.what}: {check.text}" for check in failed)
    line = logfmt.line("status.unwell", what=what, detail=detail)
    log.log(level, line, extra=repeats("status", what))


def tell_what_was_done(parts: Parts) -> None:
    """Log once an hour what was done, so that silence is no sign of health.

    Raises:
        CoordinationError: Redis is away.
    """
    if not parts.ticks.once("tally", TALLY_SECONDS):
        return
    heartbeats, tally = parts.health.heartbeats(), parts.health.tally()
    log.info(
        logfmt.line(
            "fleet.alive",
            apps=heartbeats.known,
            polls=tally.polls,
            changes=tally.changes,
            held=heartbeats.held,
            waiting=heartbeats.stuck,
        )
    )
