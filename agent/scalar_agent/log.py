"""The agent's only logger, and warnings that are not repeated at each poll."""

from __future__ import annotations

import logging

log = logging.getLogger("scalar_agent")


class Trouble:
    """Logs what is wrong when it begins, when it changes, and when it is over."""

    def __init__(self, what: str) -> None:
        """Remember nothing yet.

        Args:
            what: What cannot be done, such as "measure RQ's jobs".
        """
        self._what = what
        self._reason = ""

    def note(self, reason: str, level: int = logging.WARNING) -> None:
        """Note that it cannot be done, and why; logged if that is new."""
        if reason != self._reason:
            log.log(level, "cannot %s: %s", self._what, reason)
        self._reason = reason

    def over(self) -> None:
        """Note that it can be done."""
        if self._reason:
            log.warning("can %s again", self._what)
        self._reason = ""
