"""Choose the count source of each app by its form: HTTP or broker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from scalar.core.counts_address import CountsAddress
from scalar.core.reading import Form, Reading
from scalar.ports.counts import NOTHING_REMOVED, CountSource


class CountSources:
    """A `CountSource` that delegates by form; makes the broker source on first use."""

    def __init__(
        self, over_http: CountSource, make_broker_source: Callable[[], CountSource]
    ) -> None:
        self._over_http = over_http
        self._make_broker_source = make_broker_source
        self._broker_source: CountSource | None = None
        self._lock = threading.Lock()

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return the app's reading of each process type; raises `CountsError`."""
        if address.form is Form.CELERY:
            return self._at_broker().read(address, keep)
        return self._over_http.read(address, keep)

    def _at_broker(self) -> CountSource:
        with self._lock:
            if self._broker_source is None:
                self._broker_source = self._make_broker_source()
            return self._broker_source
