"""What a Redis server says of itself and of its clients."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Optional

_RUN_ID = re.compile(r"^run_id:(\w+)", re.MULTILINE)
_UPTIME = re.compile(r"^uptime_in_seconds:(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Server:
    """A Redis server and those who take jobs from its lists.

    Attributes:
        run_id: Another one after each start; empty if it does not say.
        age: Seconds since it started; None if it does not say.
        readers: How many clients last waited for a job, in this database; None if
            it does not say. A worker has one as long as it lives.
        waiting: How many of them are waiting still.
    """

    run_id: str = ""
    age: Optional[float] = None
    readers: Optional[int] = None
    waiting: int = 0

    @classmethod
    def of(cls, info: Any, clients: Any, db: int) -> Server:
        """Return what the answers to INFO and CLIENT LIST say; errors say nothing."""
        about = "" if isinstance(info, Exception) else as_text(info)
        about = about.replace("\r", "")
        run_id, uptime = _RUN_ID.search(about), _UPTIME.search(about)
        readers: Optional[int] = None
        waiting = 0
        if not isinstance(clients, Exception):
            lines = [
                line
                for line in as_text(clients).splitlines()
                if " cmd=brpop " in f"{line} " and f" db={db} " in line
            ]
            readers = len(lines)
            waiting = sum(bool(re.search(r" flags=\w*b", line)) for line in lines)
        return cls(
            run_id.group(1) if run_id else "",
            float(uptime.group(1)) if uptime else None,
            readers,
            waiting,
        )


def as_text(value: Any) -> str:
    """Return text from Redis, decoded if it is not."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
