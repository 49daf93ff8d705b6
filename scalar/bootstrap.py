"""The composition root: the one place that names both ports and adapters."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from scalar.adapters.count_sources import CountSources
from scalar.adapters.heroku.platform import READ_RETRIES, HerokuApi, HerokuPlatforms
from scalar.adapters.http.counts import HttpCountSource
from scalar.adapters.http.getter import Getter
from scalar.adapters.http.ping import HttpPinger, NoPinger
from scalar.adapters.http.session import make_session
from scalar.adapters.http.tls import tls_context
from scalar.adapters.platforms_by_name import PlatformsByName
from scalar.adapters.redis.account import RedisAccounts
from scalar.adapters.redis.account_names import AccountNames
from scalar.adapters.redis.connection import connect
from scalar.adapters.redis.coordinator import RedisCoordinator
from scalar.adapters.redis.outbox import RedisOutbox
from scalar.adapters.redis.server_facts import RedisFacts, read_facts
from scalar.adapters.sql.cached_registry import CachedRegistry
from scalar.adapters.sql.engine import make_engine
from scalar.adapters.sql.journal import SqlJournal
from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.secret_cipher import SecretCipher
from scalar.adapters.system_chance import SystemChance
from scalar.adapters.system_clock import SystemClock
from scalar.core import logfmt
from scalar.core.actor import NOBODY, Actor
from scalar.core.app import DEFAULT_PLATFORM
from scalar.core.deployment import process_type_of
from scalar.core.errors import ConfigurationError, CoordinationError
from scalar.core.policy.resolve import PolicyBook
from scalar.core.repeated import repeats
from scalar.core.secret import Secret
from scalar.ports.counts import CountSource
from scalar.ports.pinger import Pinger
from scalar.ports.schema import Schema
from scalar.service.parts import Options, Parts
from scalar.settings import Settings

log = logging.getLogger("scalar")

#: Seconds to connect to Heroku: slightly more than one TCP retransmission.
HEROKU_CONNECT_TIMEOUT = 3.05
#: Seconds to connect to the dead man's switch, and seconds it may be silent.
PING_TIMEOUT = (3.05, 5.0)


def options_of(settings: Settings) -> Options:
    """Return the settings that the use cases need."""
    return Options(
        sleep_period=settings.sleep_period,
        formation_ttl=settings.formation_ttl,
        events_keep_days=settings.events_keep_days,
        app_backoff_max=settings.app_backoff_max,
        held_apps_most=settings.held_apps_most,
    )


@dataclass(frozen=True)
class Toolbox:
    """All parts of a process, each created on first use.

    Attributes:
        settings: The settings.
        actor: Who runs the process, if it is a command.
    """

    settings: Settings
    actor: Actor = NOBODY

    @cached_property
    def engine(self) -> Engine:
        """The database."""
        return make_engine(self.settings.database_url.reveal())

    @cached_property
    def schema(self) -> Schema:
        """The database's schema; imported now, as it brings Alembic."""
        from scalar.adapters.sql.schema import SqlSchema  # noqa: PLC0415

        return SqlSchema(self.engine)

    @cached_property
    def registry(self) -> SqlRegistry:
        """The registry."""
        cipher = SecretCipher(
            self.settings.scalar_secret_key,
            refuses_unbound=self.settings.bind_secrets,
        )
        return SqlRegistry(self.engine, cipher)

    @cached_property
    def journal(self) -> SqlJournal:
        """The journal."""
        return SqlJournal(self.engine)

    @cached_property
    def coordinator(self) -> RedisCoordinator:
        """The state that the workers share."""
        runs_as = process_type_of(os.environ.get("DYNO", ""))
        return RedisCoordinator(self.redis, runs_as)

    @cached_property
    def accounts(self) -> RedisAccounts:
        """The call budgets of the Heroku accounts."""
        settings = self.settings
        names = AccountNames(
            settings.heroku_api_key,
            *(settings.scalar_secret_key, settings.heroku_api_key),
            settings.database_url,
        )
        return RedisAccounts(self.redis, settings.calls_reserve, names)

    @cached_property
    def redis(self):  # type: ignore[no-untyped-def] # redis-py's type is generic over what it decodes
        """Our own Redis client."""
        return connect(self.settings.redis_url.reveal(), self.settings.redis_ca_file)

    def redis_facts(self) -> RedisFacts:
        """Ask Redis for its version and its limits."""
        return read_facts(self.redis)

    @cached_property
    def heroku(self) -> HerokuApi:
        """The client of Heroku's Platform API."""
        timeout = self.settings.heroku_timeout
        session = make_session(
            self._tls,
            timeout=(min(HEROKU_CONNECT_TIMEOUT, timeout), timeout),
            retries=READ_RETRIES,
            threads=self.settings.worker_concurrency,
        )
        return HerokuApi(
            session,
            self.settings.heroku_api_key,
            self.settings.heroku_api_url,
            timeout=timeout,
            on_answer=self._record_answer,
        )

    @cached_property
    def platforms(self) -> PlatformsByName:
        """The platforms that run the apps."""
        heroku = HerokuPlatforms(self.heroku, self.accounts)
        return PlatformsByName({DEFAULT_PLATFORM: heroku})

    @cached_property
    def counts(self) -> CountSource:
        """The source of counts: the apps' APIs and brokers."""
        settings = self.settings
        getter = Getter(
            self._tls,
            timeout=(settings.app_connect_timeout, settings.app_read_timeout),
            threads=settings.worker_concurrency,
            refuse_private=not settings.allow_private_addresses,
        )
        over_http = HttpCountSource(
            getter,
            total_timeout=settings.app_total_timeout,
            max_bytes=settings.max_answer_bytes,
            period=settings.sleep_period,
        )
        return CountSources(over_http, self._broker_counts)

    def _broker_counts(self) -> CountSource:
        """The source at brokers, imported late: the agent adds hooks to Celery."""
        from scalar.adapters.broker.counts import BrokerCountSource  # noqa: PLC0415

        return BrokerCountSource(total_timeout=self.settings.app_total_timeout)

    @cached_property
    def pinger(self) -> Pinger:
        """The dead man's switch."""
        url = self.settings.ping_url
        if not url:
            return NoPinger()
        return HttpPinger(make_session(self._tls, timeout=PING_TIMEOUT), url)

    @cached_property
    def parts(self) -> Parts:
        """What the use cases need."""
        return Parts(
            clock=SystemClock(),
            chance=SystemChance(),
            apps=CachedRegistry(self.registry),
            registry=self.registry,
            secrets=self.registry,
            journal=self.journal,
            outbox=RedisOutbox(self.redis),
            counts=self.counts,
            platforms=self.platforms,
            ticks=self.coordinator,
            states=self.coordinator,
            health=self.coordinator,
            policies=self.policies,
            options=options_of(self.settings),
            actor=self.actor,
        )

    @cached_property
    def policies(self) -> PolicyBook:
        """The policies of the process types."""
        settings = self.settings
        return PolicyBook(settings.policy, scale_web_to_zero=settings.scale_web_to_zero)

    @cached_property
    def _tls(self):  # type: ignore[no-untyped-def] # ssl is imported in adapters/http alone
        """One TLS context for all: creating one costs as much as many polls."""
        try:
            return tls_context(self.settings.tls_ca_file)
        except OSError as exc:
            raise ConfigurationError(
                f"TLS_CA_FILE = {self.settings.tls_ca_file!r}, must be a file of "
                f"certificates in PEM format: {exc}"
            ) from exc

    def _record_answer(self, remaining: int | None, heroku_key: Secret) -> None:
        """Record the calls left; if Redis is unavailable, the answer is still used."""
        try:
            self.accounts.of(heroku_key).answered(remaining)
        except CoordinationError as exc:
            line = logfmt.line("account.unavailable", detail=exc)
            log.warning(line, extra=repeats("account"))
