"""Ask each app in the way of its form: over HTTP, or at its broker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from scalar.core.counts_address import CountsAddress
from scalar.core.reading import Form, Reading
from scalar.ports.counts import NOTHING_REMOVED, CountSource


class CountSources:
    """The `CountSource` of all forms."""

    def __init__(
        self, over_http: CountSource, make_broker_source: Callable[[], CountSource]
    ) -> None:
        self._over_http = over_http
        self._make_broker_source = make_broker_source
        self._of_brokers: CountSource | None = None
        self._lock = threading.Lock()

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return what is told of each process type; raises `CountsError`."""
        if address.form is Form.CELERY:
            return self._brokers().read(address, keep)
        return self._over_http.read(address, keep)

    def _brokers(self) -> CountSource:
        with self._lock:
            if self._of_brokers is None:
                self._of_brokers = self._make_broker_source()
            return self._of_brokers
