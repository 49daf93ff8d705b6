"""Call the URL of a dead man's switch."""

from __future__ import annotations

import logging

import requests

from scalar.core import logfmt
from scalar.core.secret import Secret

log = logging.getLogger("scalar.status")


class HttpPinger:
    """The `Pinger` for services that expect a GET now and then.

    The URL is a secret: who knows it can keep the switch quiet.
    """

    def __init__(self, session: requests.Session, url: Secret) -> None:
        self._session = session
        self._url = url

    def ping(self) -> bool:
        """Call the URL; return whether it answered well. Nothing gets out."""
        try:
            answer = self._session.get(
                self._url.reveal(), allow_redirects=False, stream=True
            )
            with answer:
                status = answer.status_code
        except (requests.RequestException, OSError) as exc:
            log.warning(logfmt.line("status.ping_failed", detail=type(exc).__name__))
            return False
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's success
            log.warning(logfmt.line("status.ping_failed", detail=f"HTTP {status}"))
            return False
        return True


class NoPinger:
    """The `Pinger` where there is no switch."""

    def ping(self) -> bool:
        """Do nothing."""
        return False
