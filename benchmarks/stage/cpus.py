"""Run what is measured and everything else on separate CPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

ALL: frozenset[int] = frozenset(os.sched_getaffinity(0))
#: Only what is measured runs here.
MEASURED: frozenset[int] = frozenset({min(ALL)})
#: Servers, beat and the benchmark itself.
REST: frozenset[int] = frozenset({max(ALL)})


@contextmanager
def on(cpus: frozenset[int]) -> Iterator[None]:
    """Restrict this thread, and all that it starts meanwhile, to these CPUs.

    A process started here inherits this for all its threads.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
