"""How this program logs: one line of logfmt an event.

Heroku adds the time and the dyno to each line, so ours carry neither there.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO

from scalar.core.secret import redact

#: Libraries whose own lines say what ours say already.
CHATTY = ("urllib3", "requests", "kombu", "amqp", "alembic")


class RedactingFormatter(logging.Formatter):
    """Formats a record, tracebacks included, without passwords inside URLs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record; only its first line is not indented.

        So nothing that a line repeats can look like another line of ours.
        """
        return "\n    ".join(redact(super().format(record)).splitlines())


def set_up_logging(level: str, output: TextIO | None = None) -> None:
    """Send the log to a stream, at a level such as "INFO".

    Workers log to standard output, commands to standard error, beside their data.
    """
    handler = logging.StreamHandler(output or sys.stdout)
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
    # Celery tells of every task at INFO; our own lines say what it did.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)
