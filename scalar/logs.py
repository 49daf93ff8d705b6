"""Logging: one line of logfmt per event.

On Heroku, which adds the time and the dyno to each line, ours have neither.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO

from scalar.core.secret import redact

#: Libraries whose lines repeat ours.
CHATTY = ("urllib3", "requests", "kombu", "amqp", "alembic")


class RedactingFormatter(logging.Formatter):
    """Formats a record without the passwords of URLs, in tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record, with every line but the first indented.

        So text that a record quotes cannot pass for another record.
        """
        return "\n    ".join(redact(super().format(record)).splitlines())


def set_up_logging(level: str, output: TextIO | None = None) -> None:
    """Send the log to a stream, at a level such as "INFO".

    Workers log to standard output, commands to standard error, apart from their data.
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
    # Celery logs every task at INFO, and our own lines already say what it did.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)
