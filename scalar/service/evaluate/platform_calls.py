"""Whether Heroku may be called now, and what follows from its refusals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from scalar.core.app import RegisteredApp
from scalar.core.app_state import Memory, Refusal
from scalar.core.decision.decision import Decision
from scalar.core.errors import PlatformError
from scalar.core.reason import Cause
from scalar.core.secret import Secret
from scalar.ports.account import Account, Budget, Urgency
from scalar.service.parts import Parts

#: Seconds until an app is asked about again after a first refusal; doubled
#: with each further one, up to the most.
FIRST_WAIT = 60
MOST_WAIT = 900


class Onlooker:
    """An `Account` for who only looks: it may call, and shares no failure."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def ask(self, urgency: Urgency, key: Secret) -> Cause | None:
        """Return None: a person's own call is not held back."""
        del urgency, key
        return None

    def answered(self, remaining: int | None, key: Secret) -> None:
        """Take note that Heroku answered."""
        self._account.answered(remaining, key)

    def failed(self, error: PlatformError, key: Secret) -> None:
        """Keep a failure from the workers: their own calls may well succeed."""

    def budget(self, key: Secret) -> Budget:
        """Return what is known, without changing it."""
        return self._account.budget(key)


def urgency_of(changes: Iterable[Decision]) -> Urgency:
    """Return how urgent a call for these changes is."""
    ups = any(decision.is_up for decision in changes)
    return Urgency.SCALE_UP if ups else Urgency.SCALE_DOWN


def why_not_call(
    parts: Parts, app: RegisteredApp, memory: Memory, urgency: Urgency, now: datetime
) -> Cause | None:
    """Return why Heroku may not be called for this app now; None if it may."""
    refusal = _still_meant(memory, app)
    if refusal and timedelta(0) < refusal.until - now <= timedelta(seconds=MOST_WAIT):
        return refusal.cause
    return parts.account.ask(urgency, app.heroku_key)


def note_failure(
    parts: Parts,
    app: RegisteredApp,
    memory: Memory,
    error: PlatformError,
    now: datetime,
) -> tuple[Memory, Cause]:
    """Take note of a failed call; return the memory and why the app is held.

    What concerns the app's account is shared with all workers. What concerns
    the app alone lets it wait, longer each time.
    """
    cause = Cause(error.reason, str(error))
    if error.whole_account:
        parts.account.failed(error, app.heroku_key)
        return memory, cause
    before = _still_meant(memory, app)
    times = before.times + 1 if before else 1
    wait = min(FIRST_WAIT * 2 ** min(times - 1, 10), MOST_WAIT)
    refusal = Refusal(
        cause,
        until=now + timedelta(seconds=wait),
        times=times,
        revision=app.revision,
    )
    return replace(memory, refusal=refusal), cause


def _still_meant(memory: Memory, app: RegisteredApp) -> Refusal | None:
    """Return the refusal, unless somebody has changed the app's row since."""
    refusal = memory.refusal
    return refusal if refusal and refusal.revision == app.revision else None
