"""Check the arguments of `CeleryJobs`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def check_queues(queues_by_process: Any) -> dict[str, tuple[str, ...]]:
    """Return process type -> names of queues.

    Raises:
        TypeError: It is not a mapping of text to lists of text.
        ValueError: It is empty, or one of its lists is.
    """
    if not isinstance(queues_by_process, Mapping):
        raise TypeError(
            f"queues_by_process = {queues_by_process!r}, "
            "must map process types to lists of queue names"
        )
    if not queues_by_process:
        raise ValueError("queues_by_process is empty, must name a process type")
    checked = {}
    for process, queues in queues_by_process.items():
        if not isinstance(process, str) or not process:
            raise TypeError(f"process type {process!r} must be text")
        if isinstance(queues, (str, bytes)) or not isinstance(queues, Collection):
            raise TypeError(
                f"queues of {process!r} = {queues!r}, must be a list of queue names"
            )
        if not queues:
            raise ValueError(f"queues of {process!r} are empty, must name a queue")
        for queue in queues:
            if not isinstance(queue, str) or not queue:
                raise TypeError(f"queue {queue!r} of {process!r} must be text")
        checked[process] = tuple(dict.fromkeys(queues))
    return checked


def check_number(name: str, value: Any, least: float, most: float) -> None:
    """Check that a value is a number in a range.

    Raises:
        TypeError: It is not a number.
        ValueError: It is out of range.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} = {value!r}, must be a number")
    if not least <= value <= most:
        raise ValueError(f"{name} = {value!r}, must be from {least} to {most}")


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
            f"pool = {pool!r}, must be a pool's name, or map process types to pools"
        )
    for process, name in pools.items():
        if process not in processes:
            raise ValueError(
                f"pool names {process!r}, must be one of {', '.join(processes)}"
            )
        if not isinstance(name, str) or not name:
            raise TypeError(f"pool of {process!r} = {name!r}, must be a pool's name")
    return dict(pools)
