"""Whether a Redis server is fit for this program."""

from __future__ import annotations

from dataclasses import dataclass

import redis

from scalar.adapters.redis.connection import PREFIX, translate_errors
from scalar.core.errors import CoordinationError

#: The first version whose RPOP takes a count; workers take several messages at once.
OLDEST = (6, 2)


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """What a server says about itself.

    Attributes:
        version: Its version.
        clients: The connections it has now.
        maxmemory: Bytes that it may use; 0 for any number.
        maxmemory_policy: What it does when they are used up.
        refuses: Why it takes no writes; empty if it does.
    """

    version: str
    clients: int
    maxmemory: int = 0
    maxmemory_policy: str = "noeviction"
    refuses: str = ""

    @property
    def is_too_old(self) -> bool:
        """Whether the version is too old for the workers."""
        major, minor, *_ = (*self.version.split("."), "0")
        return (int(major), int(minor)) < OLDEST

    @property
    def evicts(self) -> bool:
        """Whether it drops keys when its memory is used up."""
        return bool(self.maxmemory) and self.maxmemory_policy != "noeviction"


def read_facts(client: redis.Redis) -> RedisFacts:
    """Ask a server about itself, and write something that is gone in a second.

    Raises:
        CoordinationError: It cannot be reached.
    """
    with translate_errors():
        info = client.info()
    refuses = ""
    try:
        with translate_errors():
            client.set(f"{PREFIX}doctor", "may write", px=1_000)
    except CoordinationError as exc:
        refuses = str(exc)
    return RedisFacts(
        info["redis_version"],
        info["connected_clients"],
        info.get("maxmemory", 0),
        info.get("maxmemory_policy", "noeviction"),
        refuses,
    )
