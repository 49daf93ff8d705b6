"""The dyno that a worker runs on, by the worker's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Optional

_DYNO = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\.[1-9][0-9]*")


def dyno_of(worker_name: str) -> Optional[str]:
    """Return the dyno's name in a worker's name, such as "worker.2".

    It stands before or after the `@`: "worker.2@host" (`--hostname=$DYNO@%h`),
    "celery@worker.2" (`--hostname=celery@$DYNO`), or alone. None if it does not.
    """
    return next(filter(_DYNO.fullmatch, worker_name.split("@")), None)


def process_type_of(dyno: str) -> str:
    """Return the process type of a dyno: "worker" of "worker.2"."""
    return dyno.rpartition(".")[0]


def number_of(dyno: str) -> int:
    """Return the number of a dyno: 2 of "worker.2"."""
    return int(dyno.rpartition(".")[2])


def is_removed(dyno: str, keep: Mapping[str, int]) -> bool:
    """Return whether a dyno goes if so many are kept of each process type.

    Heroku removes the dynos with the highest numbers. All dynos of a process type
    that is not named are kept.
    """
    kept = keep.get(process_type_of(dyno))
    return kept is not None and number_of(dyno) > kept
