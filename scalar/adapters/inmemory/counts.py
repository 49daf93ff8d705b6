"""Counts set by a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scalar.core.counts_address import CountsAddress
from scalar.core.reading import Reading
from scalar.ports.counts import NOTHING_REMOVED


class MemoryCounts:
    """A `CountSource` whose answers a test sets, by URL."""

    def __init__(self) -> None:
        self.answers: dict[str, Mapping[str, Reading] | Exception] = {}
        self.asked: list[str] = []
        self.kept: list[dict[str, int]] = []
        self.before_removal: Callable[[], None] = lambda: None

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return, or raise, the answer set for an address."""
        self.asked.append(address.url.address)
        if keep:
            self.kept.append(dict(keep))
            self.before_removal()
        answer = self.answers[address.url.address]
        if isinstance(answer, Exception):
            raise answer
        return answer
