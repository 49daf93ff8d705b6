"""Find a RabbitMQ server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from devtools.rabbitmq_server import ROOT, rabbitmq_server

#: The variable with the URL of a running one.
VARIABLE = "AMQP_URL"
HOW_TO_SET_UP = (
    f"set {VARIABLE} to a RabbitMQ's URL, or {ROOT} to where one is unpacked"
)


@contextmanager
def rabbitmq_url() -> Iterator[Optional[str]]:
    """Yield the URL of a RabbitMQ; None if neither variable is set."""
    if url := os.environ.get(VARIABLE):
        yield url
    elif ROOT in os.environ:
        with rabbitmq_server() as url:
            yield url
    else:
        yield None
