"""Find the dyno that a worker runs on in the worker's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Optional

_DYNO = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\.[1-9][0-9]*")


def dyno_of(worker_name: str) -> Optional[str]:
    """Return the dyno in a worker's name, such as "worker.2"; None if there is none.

    It is before or after the `@`: "worker.2@host" (`--hostname=$DYNO@%h`),
    "celery@worker.2" (`--hostname=celery@$DYNO`), or the whole name.
    """
    return next(filter(_DYNO.fullmatch, worker_name.split("@")), None)


def process_type_of(dyno: str) -> str:
    """Return the process type of a dyno: "worker" of "worker.2"."""
    return dyno.rpartition(".")[0]


def number_of(dyno: str) -> int:
    """Return the number of a dyno: 2 of "worker.2"."""
    return int(dyno.rpartition(".")[2])


def is_removed(dyno: str, keep: Mapping[str, int]) -> bool:
    """Return whether Heroku removes a dyno when it scales down to `keep`.

    Heroku removes the dynos with the highest numbers. A process type that `keep`
    does not name keeps all its dynos.
    """
    kept = keep.get(process_type_of(dyno))
    return kept is not None and number_of(dyno) > kept
