"""Ping a dead man's switch over HTTP."""

from __future__ import annotations

import logging

import requests

from scalar.adapters.deadline import within
from scalar.adapters.http.failures import connecting_failed, describe, place_of
from scalar.core import logfmt
from scalar.core.repeated import ends, repeats
from scalar.core.secret import Secret

log = logging.getLogger("scalar.status")

#: Seconds for a whole ping, however slowly its answer comes.
LONGEST_PING = 8.0


class HttpPinger:
    """The `Pinger` for services that expect a GET regularly.

    The URL is a secret: anyone who knows it can suppress the alarm.
    """

    def __init__(self, session: requests.Session, url: Secret) -> None:
        self._session = session
        self._url = url

    def ping(self) -> bool:
        """GET the URL; return whether the answer is a success. Never raises."""
        try:
            with (
                within(LONGEST_PING),
                self._session.get(
                    self._url.reveal(), allow_redirects=False, stream=True
                ) as answer,
            ):
                status = answer.status_code
        except (requests.RequestException, OSError) as exc:
            failed = connecting_failed(exc)
            why = f"{place_of(failed)}: {describe(failed)}" if failed else ""
            detail = why or type(exc).__name__
            line = logfmt.line("status.ping_failed", detail=detail)
            log.warning(line, extra=repeats("ping"))
            return False
        if not 200 <= status < 300:  # noqa: PLR2004 - 2xx
            line = logfmt.line("status.ping_failed", detail=f"HTTP {status}")
            log.warning(line, extra=repeats("ping"))
            return False
        log.info(logfmt.line("status.ping_succeeds"), extra=ends("ping"))
        return True


class NoPinger:
    """The `Pinger` when no switch is configured."""

    def ping(self) -> bool:
        """Do nothing."""
        return False
