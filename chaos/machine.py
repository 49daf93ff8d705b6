"""How busy the machine is: by how much a piece of work takes longer than its CPU time.

A bound in seconds says nothing on a machine that is shared, so it is stretched by what
was measured meanwhile, and by no more.
"""

from __future__ import annotations

import hashlib
import threading
import time
from typing import Self

#: Seconds between two measurements, and about those of CPU time that one takes.
EVERY, WORK = 0.5, 0.02
BLOCK = bytes(65_536)


class MachineProbe:
    """Measures in a thread of its own until the end of the `with` block.

    Attributes:
        samples: When, and how many times as long as alone the work took.
    """

    def __init__(self) -> None:
        self.samples: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            began, used = time.perf_counter(), time.thread_time()
            while time.thread_time() - used < WORK:
                hashlib.sha256(BLOCK).digest()
            took = time.perf_counter() - began
            self.samples.append((time.time(), took / (time.thread_time() - used)))
