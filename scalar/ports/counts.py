"""The source of an app's counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from scalar.core.counts_address import CountsAddress
from scalar.core.reading import Reading

#: No dyno is about to be removed.
NOTHING_REMOVED: Mapping[str, int] = {}


class CountSource(Protocol):
    """Reads the counts of an app."""

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return the app's reading of each process type.

        Args:
            address: Where to read the counts.
            keep: Process type to the number of its dynos that will remain. An app
                that supports it first stops the other dynos from taking jobs for a
                while, and measures after that.

        Raises:
            CountsError: The app did not answer, or its answer is invalid.
        """
        ...
