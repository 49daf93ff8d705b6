"""Check the arguments of `CeleryJobs` and `RqJobs`.

Each message names the argument, its value without secrets, and the way out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

#: What follows the scheme of a URL may be a password.
_URL = re.compile(r"://[^\s'\"]*")
MOST_SHOWN = 80


def shown(value: Any) -> str:
    """Return a value for a message: short, and without what URLs hold."""
    text = _URL.sub("://...", repr(value))
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def check_queues(queues_by_process: Any) -> dict[str, tuple[str, ...]]:
    """Return process type -> names of queues.

    Raises:
        TypeError: It is not a mapping of text to lists of text.
        ValueError: It is empty, or one of its lists is.
    """
    given = f"queues_by_process = {shown(queues_by_process)}"
    if not isinstance(queues_by_process, Mapping):
        raise TypeError(
            f"{given}, must map process types to lists of queue names, "
            'such as {"worker": ["default"]}'
        )
    if not queues_by_process:
        raise ValueError(
            f"{given}, must name at least one process type, "
            'such as {"worker": ["default"]}'
        )
    return {
        _process_type(process): _queues(process, queues)
        for process, queues in queues_by_process.items()
    }


def _process_type(process: Any) -> str:
    if not isinstance(process, str) or not process:
        raise TypeError(
            f"queues_by_process has the process type {shown(process)}, must be a name "
            "of the Procfile"
        )
    return process


def _queues(process: str, queues: Any) -> tuple[str, ...]:
    given = f"queues_by_process[{process!r}] = {shown(queues)}"
    if isinstance(queues, (str, bytes)) or not isinstance(queues, Collection):
        raise TypeError(f'{given}, must be a list of queue names, such as ["default"]')
    if not queues:
        # No queue would be 0 jobs for ever, and 0 dynos.
        raise ValueError(
            f"{given}, must name at least one queue; leave out a process type that "
            "reads none"
        )
    for queue in queues:
        if not isinstance(queue, str) or not queue:
            raise TypeError(f"{given}, must hold names of queues, not {shown(queue)}")
    return tuple(dict.fromkeys(queues))


def check_number(name: str, value: Any, least: float, most: float) -> float:
    """Return a value, after checking that it is a number in a range.

    Raises:
        TypeError: It is not a number.
        ValueError: It is out of range.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(
            f"{name} = {shown(value)}, must be a number from {least} to {most}"
        )
    if not least <= value <= most:
        raise ValueError(f"{name} = {value!r}, must be from {least} to {most}")
    return value


def check_flag(name: str, value: Any) -> bool:
    """Return a value, after checking that it is True or False.

    Raises:
        TypeError: It is something else, such as the text "no".
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name} = {shown(value)}, must be True or False")
    return value


def check_pool(pool: Any, processes: Collection[str]) -> dict[str, str]:
    """Return process type -> pool, for those that are given.

    Raises:
        TypeError: It is neither text nor a mapping of text to text.
        ValueError: It names a process type that has no queues.
    """
    if pool is None:
        return {}
    pools = dict.fromkeys(processes, pool) if isinstance(pool, str) else pool
    if not isinstance(pools, Mapping):
        raise TypeError(
            f"pool = {shown(pool)}, must be a pool's name, or map process types to "
            'pools, such as "solo" or {"worker": "solo"}'
        )
    for process, name in pools.items():
        if process not in processes:
            raise ValueError(
                f"pool = {shown(pool)} names {shown(process)}, must be one of "
                f"{', '.join(processes)}"
            )
        if not isinstance(name, str) or not name:
            raise TypeError(
                f"pool[{process!r}] = {shown(name)}, must be a pool's name, such as "
                '"solo"'
            )
    return dict(pools)


def check_redis(connection: Any) -> None:
    """Check that a value is a client of Redis that RQ can use.

    Raises:
        TypeError: It is something else, such as a URL.
    """
    if isinstance(connection, (str, bytes)):
        raise TypeError(
            f"connection = {shown(connection)}, must be a Redis client; pass "
            "redis.Redis.from_url(url)"
        )
    is_async = "asyncio" in type(connection).__module__
    if is_async or not hasattr(connection, "pipeline"):
        kind = f"{type(connection).__module__}.{type(connection).__qualname__}"
        raise TypeError(
            f"connection = {shown(connection)} ({kind}), must be a Redis client; "
            "pass the redis.Redis that the app's queues use"
        )
