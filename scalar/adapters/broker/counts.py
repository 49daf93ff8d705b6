"""Measure an app's queues at its broker, with the code of the app's agent.

For apps that serve no HTTP, or whose web dyno sleeps. Import this module only where a
broker is measured: importing the agent adds hooks to Celery.
"""

from __future__ import annotations

import logging
import queue
import ssl
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import certifi
from celery import Celery
from scalar_agent.celery import CeleryJobs
from scalar_agent.report import RICH_TYPE, rich
from scalar_agent.work import Work

from scalar.adapters.deadline import seconds_left
from scalar.adapters.own_words import without_secrets
from scalar.core.broker_options import read_options
from scalar.core.counts_address import CountsAddress
from scalar.core.counts_url import CountsUrl
from scalar.core.errors import CountsUnavailable
from scalar.core.reading import Form, Reading
from scalar.formats import parse_answer
from scalar.ports.counts import NOTHING_REMOVED

#: Brokers whose connection is kept open.
MAX_BROKERS = 50
#: The parts that are unknown when nothing could be measured.
ALL_PARTS = {"count", "latency", "next_eta", "stranded"}
#: The work of each process type, or the reason why it could not be measured.
Measurement = Mapping[str, Work] | str


class BrokerCountSource:
    """The `CountSource` of brokers; keeps one connection each, up to a limit."""

    def __init__(self, *, total_timeout: float, max_brokers: int = MAX_BROKERS) -> None:
        self._total_timeout = total_timeout
        self._max_brokers = max_brokers
        self._brokers: OrderedDict[object, _Broker] = OrderedDict()
        self._lock = threading.Lock()
        # Our own events and logs report what the agent warns of.
        logging.getLogger("scalar_agent").setLevel(logging.ERROR)

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return the reading of each process type, measured at its queues.

        Raises:
            CountsUnavailable: The broker cannot be measured, or not in time.
        """
        seconds = seconds_left(self._total_timeout)
        measurement = self._broker(address).measure(seconds, keep)
        if isinstance(measurement, str):
            why = address.redact(measurement)
            raise CountsUnavailable(f"{address.url.host}: {why}")
        readings = parse_answer(rich(measurement), RICH_TYPE, Form.SCALAR)
        return without_secrets(readings, address)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            while self._brokers:
                self._brokers.popitem()[1].close()

    def _broker(self, address: CountsAddress) -> _Broker:
        """Return the broker of an address; evict the least recently used one."""
        queues = tuple(sorted(address.queues.items()))
        broker_key = (address.url.reveal(), queues)
        with self._lock:
            broker = self._brokers.pop(broker_key, None) or _Broker(address)
            self._brokers[broker_key] = broker
            while len(self._brokers) > self._max_brokers:
                _, oldest = self._brokers.popitem(last=False)
                threading.Thread(target=oldest.close, daemon=True).start()
        return broker


class _Broker:
    """An app's broker; measured by one thread at a time."""

    def __init__(self, address: CountsAddress) -> None:
        self._app = celery_app(address.url)
        self._jobs = CeleryJobs(self._app, address.queues)
        self._lock = threading.Lock()

    def measure(self, seconds: float, keep: Mapping[str, int]) -> Measurement:
        """Return the work, or the reason why it is unknown, within a time limit.

        A separate thread measures, because socket timeouts do not bound the whole
        measurement. A late result is discarded.
        """
        if not self._lock.acquire(blocking=False):
            return "the previous measurement has not finished"
        result: queue.SimpleQueue[Measurement] = queue.SimpleQueue()
        threading.Thread(target=self._put, args=(result, keep), daemon=True).start()
        try:
            return result.get(timeout=seconds)
        except queue.Empty:
            return f"no complete answer within {seconds:g} s"

    def close(self) -> None:
        """Close the connection, after any measurement under way."""
        with self._lock:
            self._jobs.close()
            self._app.close()

    def _put(
        self, result: queue.SimpleQueue[Measurement], keep: Mapping[str, int]
    ) -> None:
        try:
            work = self._jobs.measure_before_removal(keep)
            unknowns = [part.unknown for part in work.values()]
            if all(unknown.keys() >= ALL_PARTS for unknown in unknowns):
                result.put(unknowns[0]["count"])
            else:
                result.put(work)
        finally:
            self._lock.release()


def celery_app(url: CountsUrl) -> Celery:
    """Return a Celery app for a broker, separate from our own app."""
    parts = urlsplit(url.reveal())
    options = read_options(parts.query)
    is_verified = options.pop("ssl_cert_reqs", False)
    control_exchange = options.pop("control_exchange", "")
    broker = parts._replace(query="").geturl()
    app = Celery("scalar-broker", set_as_current=False, fixups=[])
    app.conf.update(
        broker_url=broker,
        # Otherwise our own CELERY_BROKER_URL would override it.
        broker_read_url=broker,
        broker_transport_options=options,
        broker_use_ssl=_tls(url, is_verified=is_verified),
        broker_connection_timeout=3,
    )
    if control_exchange:
        app.conf.control_exchange = control_exchange
    return app


def _tls(url: CountsUrl, *, is_verified: bool) -> dict[str, Any] | None:
    """Return the TLS options; Heroku's Redis has a self-signed certificate."""
    if url.scheme == "amqps":
        return {
            "cert_reqs": ssl.CERT_REQUIRED,
            "ca_certs": certifi.where(),
            "server_hostname": url.host,
        }
    if url.scheme != "rediss":
        return None
    if is_verified:
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": certifi.where()}
    return {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_check_hostname": False}
