"""Logging: one line of logfmt per event.

On Heroku, which adds the time and the dyno to each line, ours have neither.
"""

from __future__ import annotations

import copy
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import TextIO

from scalar.core.repeated import Repetitions
from scalar.core.secret import Redactor

#: Libraries whose lines repeat ours.
CHATTY = ("urllib3", "requests", "kombu", "amqp", "alembic")


#: A setting of fewer characters is not looked for: it stands in other words, too.
LEAST_LENGTH = 6

_redactor = Redactor(())


def never_show(secrets: Iterable[str]) -> None:
    """Keep the settings' secrets out of the log and of error messages from now on."""
    global _redactor  # noqa: PLW0603 - of the process, as the environment is
    _redactor = Redactor(one for one in secrets if len(one) >= LEAST_LENGTH)


def shown(text: str) -> str:
    """Return a text as it may be logged and printed."""
    return _redactor.redact(text)


class Seldom(logging.Filter):
    """Lets a cause through once, then at growing intervals, and when it ends.

    A record of ours names its cause (`repeats`, `ends`). One of a library's, and one
    with a traceback, has its text or the place of its exception for a cause.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._repetitions = Repetitions()
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to print a record; note how many were left out before it."""
        with self._lock:
            if ended := getattr(record, "ends", ""):
                quiet = getattr(record, "quiet", 0.0)
                left_out = self._repetitions.end(ended, self._now(), quiet)
                record.left_out = left_out or 0
                return left_out is not None or getattr(record, "always", False)
            cause = getattr(record, "repeats", "") or _cause_of(record)
            if not cause:
                return True
            record.is_known = self._repetitions.knows(cause)
            told = self._repetitions.tell(cause, self._now())
        record.left_out = told or 0
        return told is not None


def _cause_of(record: logging.LogRecord) -> str:
    """Return what identifies a record that may repeat itself; empty if nothing does."""
    if record.exc_info and record.exc_info[1] is not None:
        kind, _, place = record.exc_info
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = place and (place.tb_frame.f_code.co_filename, place.tb_lineno)
        return f"{record.name} {kind} {where}"
    is_ours = record.name == "scalar" or record.name.startswith("scalar.")
    if is_ours or record.levelno < logging.WARNING:
        return ""
    return f"{record.name} {re.sub('[0-9]+', '#', str(record.msg))[:200]}"


class RedactingFormatter(logging.Formatter):
    """Formats a record without secrets, in tracebacks too.

    A record may bring further secrets, with what takes them out: `extra={"redact":
    function}`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record, with every line but the first indented.

        So text that a record quotes cannot pass for another record.
        """
        if getattr(record, "is_known", False) and record.exc_info:
            record = copy.copy(record)
            record.exc_info = record.exc_text = None  # its traceback was shown before
        text = super().format(record)
        if own := getattr(record, "redact", None):
            text = own(text)
        return "\n    ".join(shown(text).splitlines())

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the text without a traceback, with the number of those left out."""
        text = super().formatMessage(record)
        left_out = getattr(record, "left_out", 0)
        return f"{text} left_out={left_out}" if left_out else text


def set_up_logging(level: str, output: TextIO | None = None) -> None:
    """Send the log to a stream, at a level such as "INFO".

    Workers log to standard output, commands to standard error, apart from their data.
    """
    handler = logging.StreamHandler(output or sys.stdout)
    handler.addFilter(Seldom())
    on_heroku = "DYNO" in os.environ
    handler.setFormatter(
        RedactingFormatter(
            "level=%(levelname)s %(message)s"
            if on_heroku
            else "%(asctime)s level=%(levelname)s %(message)s"
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Celery logs every task at INFO, and our own lines already say what it did.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)
