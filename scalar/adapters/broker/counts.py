"""Measure an app's work at its broker, with the same code as the app's agent.

For apps that serve no HTTP, or whose web dyno sleeps. This module is imported
only where a broker is measured: the agent adds to Celery wherever it is imported.
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
from scalar.core.broker_options import read_options
from scalar.core.counts_address import CountsAddress
from scalar.core.counts_url import CountsUrl
from scalar.core.errors import CountsUnavailable
from scalar.core.reading import Form, Reading
from scalar.formats import parse_answer
from scalar.ports.counts import NOTHING_REMOVED

#: Brokers to which a connection is kept.
MOST_BROKERS = 50
#: What is unknown of a process type if nothing at all could be measured.
ALL_PARTS = {"count", "latency", "next_eta", "stranded"}
#: What was measured, or why nothing was.
Found = Mapping[str, Work] | str
#: Errors of the broker's client, by the names of their classes, in our words.
WORDS = {
    "AuthenticationError": "the broker refuses the user or the password",
    "AuthenticationWrongNumberOfArgsError": "the broker wants a user and a password",
    "AccessRefused": "the broker refuses the user or the password",
    "NoPermissionError": "the broker's user may not do what is needed",
    "SSLError": "TLS with the broker failed",
    "SSLCertVerificationError": "the broker's certificate is not trusted",
    "gaierror": "the broker's host is not known",
    "ConnectionRefusedError": "nobody listens at the broker's address",
    "TimeoutError": "the broker did not answer in time",
}


class BrokerCountSource:
    """The `CountSource` of brokers: one connection each, kept and bounded."""

    def __init__(
        self, *, total_timeout: float, most_brokers: int = MOST_BROKERS
    ) -> None:
        self._total_timeout = total_timeout
        self._most = most_brokers
        self._brokers: OrderedDict[object, _Broker] = OrderedDict()
        self._lock = threading.Lock()
        # What it warns of is told by the events and logs of the app.
        logging.getLogger("scalar_agent").setLevel(logging.ERROR)

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return the work of each process type, as its queues tell it.

        Raises:
            CountsUnavailable: The broker cannot be asked, or not in time.
        """
        seconds = seconds_left(self._total_timeout)
        found = self._broker(address).measure(seconds, keep)
        if isinstance(found, str):
            raise CountsUnavailable(f"{address.url.host}: {found}")
        return parse_answer(rich(found), RICH_TYPE, Form.SCALAR)

    def close(self) -> None:
        """Give all connections up."""
        with self._lock:
            while self._brokers:
                self._brokers.popitem()[1].close()

    def _broker(self, address: CountsAddress) -> _Broker:
        """Return the one that is known, or a new one in the place of the oldest."""
        queues = tuple(sorted(address.queues.items()))
        key = (address.url.reveal(), queues)
        with self._lock:
            broker = self._brokers.pop(key, None) or _Broker(address)
            self._brokers[key] = broker
            while len(self._brokers) > self._most:
                _, oldest = self._brokers.popitem(last=False)
                threading.Thread(target=oldest.close, daemon=True).start()
        return broker


class _Broker:
    """An app's broker, measured by one thread at a time."""

    def __init__(self, address: CountsAddress) -> None:
        self._app = celery_app(address.url)
        self._jobs = CeleryJobs(self._app, address.queues)
        self._lock = threading.Lock()

    def measure(self, seconds: float, keep: Mapping[str, int]) -> Found:
        """Return the work, or why it is not known, within so many seconds.

        A thread of its own measures, because no time limit of a socket bounds
        the whole. What it finds too late is thrown away.
        """
        if not self._lock.acquire(blocking=False):
            return "the broker still owes the last answer"
        found: queue.SimpleQueue[Found] = queue.SimpleQueue()
        threading.Thread(target=self._put, args=(found, keep), daemon=True).start()
        try:
            return found.get(timeout=seconds)
        except queue.Empty:
            return f"no whole answer within {seconds:g} s"

    def close(self) -> None:
        """Give the connection up, once nobody measures."""
        with self._lock:
            self._jobs.close()
            self._app.close()

    def _put(self, found: queue.SimpleQueue[Found], keep: Mapping[str, int]) -> None:
        try:
            work = self._jobs.measure_before_removal(keep)
            said = [part.unknown for part in work.values()]
            if all(unknown.keys() >= ALL_PARTS for unknown in said):
                found.put(_why(self._app) or said[0]["count"])
            else:
                found.put(work)
        finally:
            self._lock.release()


def celery_app(url: CountsUrl) -> Celery:
    """Return a Celery app for a broker, which leaves our own one alone."""
    parts = urlsplit(url.reveal())
    options = read_options(parts.query)
    is_checked = options.pop("ssl_cert_reqs", False)
    broker = parts._replace(query="").geturl()
    app = Celery("scalar-broker", set_as_current=False, fixups=[])
    app.conf.update(
        broker_url=broker,
        # This one is asked, and CELERY_BROKER_URL is not for it.
        broker_read_url=broker,
        broker_transport_options=options,
        broker_use_ssl=_tls(url, is_checked=is_checked),
        broker_connection_timeout=3,
    )
    return app


def _tls(url: CountsUrl, *, is_checked: bool) -> dict[str, Any] | None:
    """Return how to check the server; Heroku's own Redis has no certificate for it."""
    if url.scheme == "amqps":
        return {
            "cert_reqs": ssl.CERT_REQUIRED,
            "ca_certs": certifi.where(),
            "server_hostname": url.host,
        }
    if url.scheme != "rediss":
        return None
    if is_checked:
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": certifi.where()}
    return {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_check_hostname": False}


def _why(app: Celery) -> str:
    """Return why the broker cannot be asked, without its URL; empty if it can."""
    try:
        with app.connection_for_read() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
    except Exception as exc:  # noqa: BLE001 - whatever it is, its name is told
        error: BaseException | None = exc
        while error is not None:
            if words := WORDS.get(type(error).__name__):
                return words
            error = error.__cause__ or error.__context__
        return f"the broker cannot be asked ({type(exc).__name__})"
    return ""
