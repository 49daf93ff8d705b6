"""Keep what is measured and all the rest on CPUs of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

ALL: frozenset[int] = frozenset(os.sched_getaffinity(0))
#: What is measured runs here, and nothing else does.
MEASURED: frozenset[int] = frozenset({min(ALL)})
#: Servers, beat and the benchmark itself.
REST: frozenset[int] = frozenset({max(ALL)})


@contextmanager
def on(cpus: frozenset[int]) -> Iterator[None]:
    """Let this thread, and all that it starts meanwhile, run on these CPUs alone.

    A process that is started takes this over for all of its threads.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
