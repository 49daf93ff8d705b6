"""Where a RabbitMQ is to be had."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from devtools.rabbitmq_server import ROOT, rabbitmq_server

#: The variable that names one that runs.
VARIABLE = "AMQP_URL"
HOW = f"{VARIABLE} must name a RabbitMQ, or {ROOT} where one has been unpacked"


@contextmanager
def rabbitmq_url() -> Iterator[Optional[str]]:
    """Yield the URL of a RabbitMQ; None if nobody says where one is (`HOW`)."""
    if url := os.environ.get(VARIABLE):
        yield url
    elif ROOT in os.environ:
        with rabbitmq_server() as url:
            yield url
    else:
        yield None
