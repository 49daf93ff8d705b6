"""One app with the ports that its evaluation needs, bound once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from scalar.core.app import RegisteredApp
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.policy.policy import Policy
from scalar.core.reason import Cause
from scalar.core.secret import Redactor
from scalar.ports.platform import Platform
from scalar.service.parts import Parts


@dataclass(frozen=True, slots=True)
class AppContext:
    """The app under evaluation and everything it is evaluated with.

    Attributes:
        app: The app.
        platform: Its platform.
        parts: The other ports.
        token: Identifies this evaluation, and the changes that it makes.
        pause: The pause of all apps, as far as it is known.
        ahead: How far the time that all workers share is ahead of this worker's clock.
    """

    app: RegisteredApp
    platform: Platform
    parts: Parts
    token: str = ""
    ahead: timedelta = timedelta(0)
    pause: FleetPause | None = None

    def now(self) -> datetime:
        """Return the time that all workers share (aware, UTC)."""
        return self.parts.clock.now() + self.ahead

    def redact(self, text: str) -> str:
        """Return a text without the app's secrets."""
        address = self.app.address
        secrets = (*address.secrets(), self.app.heroku_key.reveal())
        return Redactor(secrets, user=address.url.user).redact(text)

    def policy(self, process_type: str) -> Policy | Cause:
        """Return the policy of a process type, or why it has none.

        A pause of all apps is part of it.
        """
        policy = self.parts.policies.of(self.app, process_type)
        paused = self.pause is not None and self.pause.holds_at(self.now())
        if self.pause is None or not paused or isinstance(policy, Cause):
            return policy
        return self.pause.applied_to(policy)

    def valid_policies(self, names: Iterable[str]) -> Iterator[tuple[str, Policy]]:
        """Return the process types that have a policy, each with it."""
        for name in names:
            policy = self.policy(name)
            if isinstance(policy, Policy):
                yield name, policy
