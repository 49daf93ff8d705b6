"""Find the dyno that a worker runs on in the worker's name.

Heroku's generations name dynos differently: "worker.2" on Cedar, and on Fir
"worker-23z34x56y-w78k9" after a replica set and a pod, without a number.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Optional

_NUMBERED = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)\.([1-9][0-9]*)")
#: A process type may have dashes, too, so it is what is left of the last two.
_UNNUMBERED = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)-[0-9a-z]+-[0-9a-z]{5}")


def dyno_of(worker_name: str) -> Optional[str]:
    """Return the dyno in a worker's name, such as "worker.2"; None if there is none.

    It is before or after the `@`: "worker.2@host" (`--hostname=$DYNO@%h`),
    "celery@worker.2" (`--hostname=celery@$DYNO`), or the whole name. A host may be
    named like a dyno without a number, so one with a number is preferred.
    """
    parts = worker_name.split("@")
    return next(
        (
            part
            for form in (_NUMBERED, _UNNUMBERED)
            for part in parts
            if form.fullmatch(part)
        ),
        None,
    )


def dyno_among(worker_name: str, process_types: Container[str]) -> Optional[str]:
    """Return the dyno in a worker's name, if it is one of an app's.

    Many a host has a name of the form of a dyno without a number, so it is one only
    if it begins with one of these process types.
    """
    dyno = dyno_of(worker_name)
    if dyno and number_of(dyno) is None and process_type_of(dyno) not in process_types:
        return None
    return dyno


def process_type_of(dyno: str) -> str:
    """Return the process type of a dyno: "worker" of "worker.2"."""
    found = _NUMBERED.fullmatch(dyno) or _UNNUMBERED.fullmatch(dyno)
    return found[1] if found else ""


def number_of(dyno: str) -> Optional[int]:
    """Return the number of a dyno: 2 of "worker.2"; None if it has none."""
    found = _NUMBERED.fullmatch(dyno)
    return int(found[2]) if found else None


def in_order(dyno: str) -> tuple[int, str]:
    """Return a key that sorts dynos by number, those without one by name."""
    return number_of(dyno) or 0, dyno


def is_removed(dyno: str, keep: Mapping[str, int]) -> bool:
    """Return whether Heroku may remove a dyno when it scales down to `keep`.

    Heroku removes the dynos with the highest numbers, and any of those that have
    none. A process type that `keep` does not name keeps all its dynos.
    """
    kept, number = keep.get(process_type_of(dyno)), number_of(dyno)
    return kept is not None and (number is None or number > kept)
