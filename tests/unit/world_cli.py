"""The commands, run on a world in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import click

from scalar.adapters.heroku.key_facts import KeyFacts
from scalar.adapters.inmemory.coordination import MemoryCoordinator
from scalar.adapters.inmemory.platform import MemoryAccounts
from scalar.adapters.inmemory.sql import MemorySchema
from scalar.adapters.redis.server_facts import RedisFacts
from scalar.core.actor import Actor
from scalar.core.errors import NotAuthorized
from scalar.core.secret import Secret
from scalar.service.parts import Parts
from scalar.settings import Settings
from scalar.start import settings_or_exit
from tests.support.cli import Cli
from tests.unit.world import World


@dataclass
class WorldTools:
    """Stands in for the `Toolbox`: the same names, all in memory.

    Attributes:
        world: The world.
        settings: The settings.
        schema: The schema of its database.
        redis: What its Redis says about itself.
        scopes: The scope of each Heroku key; "global" if it is not in there.
    """

    world: World
    settings: Settings = field(default_factory=lambda: Settings.from_environ({}))
    schema: MemorySchema = field(default_factory=MemorySchema)
    redis: RedisFacts = field(default_factory=lambda: RedisFacts("7.2.4", 3))
    scopes: dict[Secret, str] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        context = click.get_current_context(silent=True)
        command = context.info_name if context else ""
        return replace(self.world.parts, actor=Actor("ann", command, "laptop"))

    @property
    def coordinator(self) -> MemoryCoordinator:
        return self.world.coordinator

    @property
    def accounts(self) -> MemoryAccounts:
        return self.world.account

    @property
    def heroku(self) -> WorldTools:
        return self

    def redis_facts(self) -> RedisFacts:
        return self.redis

    def key_facts(self, key: Secret) -> KeyFacts:
        if key in self.world.platform.revoked:
            raise NotAuthorized("Heroku answered 401", status=401)
        remaining = self.world.account.remaining.get(key, 4500)
        return KeyFacts(remaining, self.scopes.get(key, "global"))


class WorldCli(Cli):
    """Commands on a world.

    Attributes:
        world: The world, empty at first.
        schema: The schema of its database, which does not exist at first.
        redis: What its Redis says about itself.
        scopes: The scope of each Heroku key; "global" if it is not in there.
    """

    def __init__(self, **env: str) -> None:
        super().__init__({"HEROKU_API_KEY": "key", **env})
        self.world = World()
        self.schema = MemorySchema()
        self.redis = RedisFacts("7.2.4", 3)
        self.scopes: dict[Secret, str] = {}

    @contextmanager
    def tools(self) -> Iterator[Callable[[], WorldTools]]:
        yield lambda: WorldTools(
            self.world, settings_or_exit(), self.schema, self.redis, self.scopes
        )
