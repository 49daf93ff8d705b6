"""A small world in memory: one app, its counts, its formation, its clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from scalar.adapters.inmemory.chance import SeededChance
from scalar.adapters.inmemory.clock import WalkedClock
from scalar.adapters.inmemory.coordination import MemoryCoordinator
from scalar.adapters.inmemory.counts import MemoryCounts
from scalar.adapters.inmemory.platform import MemoryAccounts, MemoryPlatforms
from scalar.adapters.inmemory.sql import MemoryJournal, MemoryRegistry
from scalar.bootstrap import options_of
from scalar.core.counts_address import CountsAddress
from scalar.core.formation import ProcessType
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.policy.resolve import PolicyBook
from scalar.core.secret import Secret
from scalar.service.evaluate.poll_and_scale import poll_and_scale
from scalar.service.fan_out import fan_out
from scalar.service.parts import Parts
from scalar.settings import Settings
from tests.unit.deciding import as_readings

DEFAULTS = options_of(Settings.from_environ({}))


class _Queue:
    """A publisher that keeps what it was given."""

    def __init__(self) -> None:
        self.sent = []

    def waiting(self) -> int:
        return 0

    def publish(self, keys, token: str, *, slow: bool = False) -> None:
        del slow
        self.sent += [(key, token) for key in keys]


@dataclass
class World:
    """The ports in memory, and shorthands for what tests do with them."""

    boundary: int = 10
    environment: dict[str, str] = field(default_factory=dict)
    clock: WalkedClock = field(default_factory=WalkedClock)

    def __post_init__(self) -> None:
        self.journal = MemoryJournal()
        self.registry = MemoryRegistry(self.journal)
        self.counts = MemoryCounts()
        self.chance = SeededChance()
        self.account = MemoryAccounts()
        self.platform = MemoryPlatforms(self.account)
        self.coordinator = MemoryCoordinator(self.clock, self.chance)

    @property
    def values(self) -> dict[str, str]:
        """The policy for all apps, as text."""
        return {"boundary": str(self.boundary), **self.environment}

    @property
    def parts(self) -> Parts:
        return Parts(
            clock=self.clock,
            chance=self.chance,
            apps=self.registry,
            registry=self.registry,
            secrets=self.registry,
            journal=self.journal,
            outbox=self.coordinator.outbox,
            counts=self.counts,
            platforms=self.platform,
            ticks=self.coordinator,
            states=self.coordinator,
            health=self.coordinator,
            policies=PolicyBook(self.values, scale_web_to_zero=False),
            options=DEFAULTS,
        )

    def add(
        self,
        name: str = "shop",
        size: str = "Standard-1X",
        heroku_key: Secret = SHARED_KEY,
        **dynos: int,
    ):
        address = CountsAddress.parse(f"https://{name}.example/counts")
        self.registry.add(name, address, self.clock.now(), heroku_key)
        self.platform.formations[name] = {
            process_type: ProcessType(quantity, size)
            for process_type, quantity in dynos.items()
        }

    def report(self, answer, name: str = "shop") -> None:
        """Let the app answer with counts, or fail with an error."""
        said = answer if isinstance(answer, Exception) else as_readings(answer)
        self.counts.answers[f"https://{name}.example/counts"] = said

    def poll(self, name: str = "shop", seconds: float = 10):
        """Let a period go by, and evaluate."""
        self.clock.walk(seconds)
        key, token = self.registry.app_key(name), self.chance.token()
        self.coordinator.reserve([key.id], token, 5)
        return poll_and_scale(self.parts, key, token)

    def tick(self, *, evaluates: bool = True) -> list[str]:
        """Fan out, and evaluate what was sent; return the names that were."""
        queue = _Queue()
        fan_out(self.parts, queue)
        for key, token in queue.sent if evaluates else ():
            poll_and_scale(self.parts, key, token)
        return [key.name for key, _ in queue.sent]

    def dynos(self, name: str = "shop") -> dict[str, int]:
        rows = self.platform.formations[name]
        return {process_type: row.quantity for process_type, row in rows.items()}

    def memory(self, name: str = "shop"):
        app_id = self.registry.app_key(name).id
        return self.coordinator.recall([app_id]).get(app_id)

    @property
    def patches(self) -> list[dict[str, int]]:
        return [call[2] for call in self.platform.calls if call[0] == "PATCH"]

    @property
    def reads(self) -> int:
        return sum(call[0] == "GET" for call in self.platform.calls)
