"""Where the counts of an app come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from scalar.core.counts_address import CountsAddress
from scalar.core.reading import Reading

#: The dynos are as many afterwards.
NOTHING_REMOVED: Mapping[str, int] = {}


class CountSource(Protocol):
    """Asks an app for its counts."""

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return what the app says of each process type.

        Args:
            address: Where the app is asked.
            keep: Process type to the dynos that will be left of it. An app that
                can do so first lets the others take no more jobs for a while; what
                it says is measured after that.

        Raises:
            CountsError: There is no answer, or it is no counts.
        """
        ...
