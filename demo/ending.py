"""Ctrl-C, SIGTERM and SIGHUP: a note that the demo is to end."""

from __future__ import annotations

import signal
import time
from types import FrameType

#: Seconds between two looks whether a signal came.
SLICE = 0.05


class Interrupted(Exception):
    """A signal asked for the end before everything was up."""


class Ending:
    """Whether the demo has been asked to end, and by which signal.

    The handlers only take a note. An exception raised from one could strike
    between the start of a process and the line that remembers it.

    Attributes:
        signal: The first signal that came; None if none did.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def listen(self) -> None:
        """Take note of signals from now on."""
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)
        # Under nohup it is ignored, and is to stay so.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._note)

    def requested(self) -> bool:
        """Return whether a signal came."""
        return self.signal is not None

    def check(self) -> None:
        """Do nothing, unless a signal came.

        Raises:
            Interrupted: One did.
        """
        if self.requested():
            raise Interrupted

    def wait(self, seconds: float) -> None:
        """Wait so long; less if a signal comes."""
        end = time.monotonic() + seconds
        while not self.requested() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, SLICE))

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.signal is None:
            self.signal = signal.Signals(number)
