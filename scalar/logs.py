"""Logging: one line of logfmt per event.

On Heroku, which adds the time and the dyno to each line, ours have neither.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from typing import TextIO

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


class RedactingFormatter(logging.Formatter):
    """Formats a record without secrets, in tracebacks too.

    A record may bring further secrets, with what takes them out: `extra={"redact":
    function}`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record, with every line but the first indented.

        So text that a record quotes cannot pass for another record.
        """
        text = super().format(record)
        if own := getattr(record, "redact", None):
            text = own(text)
        return "\n    ".join(shown(text).splitlines())


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
