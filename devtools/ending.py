"""The signals that end the demo: Ctrl-C, SIGTERM and SIGHUP."""

from __future__ import annotations

import signal


class Interrupted(Exception):
    """A signal arrived before everything was up."""


class Ending:
    """Stores the first signal that asked the demo to end.

    The handler does nothing else: an exception raised from it could strike
    between starting a process and storing it, and leave the process behind.
    """

    signal: signal.Signals | None = None

    def listen(self) -> None:
        """Install the handlers; SIGHUP stays ignored under nohup."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._store)

    def _store(self, number: int, _: object) -> None:
        self.signal = self.signal or signal.Signals(number)
