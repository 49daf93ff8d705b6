"""Evaluate one app: observe, quiesce, act, record. This file sets the order of I/O."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from scalar.core import logfmt
from scalar.core.app import AppKey, RegisteredApp
from scalar.core.app_state import Memory
from scalar.core.errors import RegistryError, ScalarError, SecretUnreadable
from scalar.core.event import Event, identified
from scalar.core.health import NOT_DECIDED, Outcome
from scalar.core.reason import Cause, Reason
from scalar.ports.coordination import Lease
from scalar.service.evaluate.act import act, in_doubt
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.identity import (
    IdentifiedPlatform,
    about,
    followed,
    look_for_a_new_name,
)
from scalar.service.evaluate.observe import observe
from scalar.service.evaluate.quiesce import quiesce
from scalar.service.evaluate.record import record, record_unread
from scalar.service.parts import Parts
from scalar.service.write_events import finish

#: Seconds that a reservation lasts when the evaluation follows immediately.
AT_ONCE = 5.0

log = logging.getLogger("scalar.evaluation")


def poll_and_scale(
    parts: Parts, key: AppKey, token: str, *, afresh: bool = False
) -> Evaluation | None:
    """Evaluate one app for real: one evaluation per app at a time.

    Returns None if another evaluation is under way, if the reservation of this token
    is over, or if the app is no longer registered by this number and name. A failure
    of the app or its platform holds the app, as does a secret that cannot be
    decrypted. `afresh` reads the formation and asks the platform again, whatever is
    remembered.

    Raises:
        CoordinationError: Redis is away. If that happens after the PATCH, the change
            may have been made; the next evaluation finds out.
        RegistryError: The app cannot be looked up. Nothing has been changed.
    """
    begun = parts.states.begin(key.id, token)
    if begun is None:
        log.debug(logfmt.line("poll.skipped", app=key.name, reason="under way"))
        return None
    lease, memory = begun
    after: Memory | None = None
    events: tuple[Event, ...] = ()
    outcome = NOT_DECIDED
    try:
        known = memory.not_after(lease.at)
        known = _afresh(known) if afresh else known
        begun_for = _context(parts, key, lease, known)
        if begun_for is None:
            return None
        ctx, done = _evaluate(*begun_for, lease, known)
        if done.is_outdated and not done.scaled:
            # Decided anew, once: an order is heard in the evaluation that it was
            # given in. If the row is changed again, the next evaluation decides.
            begun_for = _context(parts, ctx.app.key.changed_once, lease, known)
            if begun_for is None:
                return None
            ctx, done = _evaluate(*begun_for, lease, known)
        # Stored even if recording fails.
        after, events = done.memory, tuple(map(identified, done.events))
        outcome = done.outcome
        after, events = record(ctx, memory, done)
    except SecretUnreadable as exc:
        # Nobody can be asked, not even by mistake: the app is held.
        why = Cause(Reason.SECRET_UNREADABLE, str(exc))
        done = Evaluation(memory.not_after(lease.at), hold=why)
        after, events = record_unread(key, done, lease.at)
        outcome = done.outcome
    except RegistryError:
        outcome = Outcome(is_decided=False, held=Reason.REGISTRY_UNAVAILABLE)
        raise
    finally:
        finish(parts, lease, None if after == memory else after, events, outcome)
    return done


def evaluate_now(parts: Parts, key: AppKey) -> Evaluation | None:
    """Evaluate one app without waiting for a tick, for a person's command."""
    token = parts.chance.token()
    parts.states.reserve([key.id], token, AT_ONCE)
    return poll_and_scale(parts, key, token, afresh=True)


def explain(parts: Parts, app: RegisteredApp, at: datetime | None = None) -> Evaluation:
    """Evaluate an app without changing anything, here or on its platform.

    The formation is read anew, which costs one API call, and a second one if the
    decision needs the time of the last release. If that fails, no worker backs off.

    Args:
        parts: The ports.
        app: The app.
        at: Decide as if it were then (aware); the counts and dynos are those of now.
    """
    ahead = (at - parts.clock.now()) if at else timedelta(0)
    memory = parts.states.recall([app.id]).get(app.id, Memory())
    meant = IdentifiedPlatform(
        parts, app, memory, parts.platforms.unmetered, follows=False
    )
    pause = parts.registry.fleet_pause()
    ctx = AppContext(app, meant, parts, ahead=ahead, pause=pause)
    return observe(ctx, _afresh(about(memory.not_after(ctx.now()), app)))


def _afresh(memory: Memory) -> Memory:
    """Return the memory without what keeps the platform from being asked."""
    return replace(memory, read_at=None, refusal=None, refusals={}, maintenance_at=None)


def _context(
    parts: Parts, key: AppKey, lease: Lease, memory: Memory
) -> tuple[AppContext, IdentifiedPlatform] | None:
    """Return the app, at least as new as its key, and its platform.

    None if it is not registered by this number and name.
    """
    app = parts.apps.find(key)
    if app is None or key.name not in app.names:
        return None
    meant = IdentifiedPlatform(parts, app, memory, parts.platforms.of, follows=True)
    ahead = lease.at - parts.clock.now()
    pause = parts.apps.known_pause()
    return AppContext(app, meant, parts, lease.token, ahead, pause), meant


def _evaluate(
    ctx: AppContext, meant: IdentifiedPlatform, lease: Lease, memory: Memory
) -> tuple[AppContext, Evaluation]:
    """Return the evaluation, and its context under the name that the app has then."""
    memory = about(memory, ctx.app)
    try:
        seen = quiesce(ctx, observe(ctx, memory))
        if seen.to_be_made:
            # Until the outcome is known, the next evaluation reads the formation.
            memory = in_doubt(ctx, seen)
        done = look_for_a_new_name(ctx, meant, act(ctx, lease, seen))
    except ScalarError:
        raise
    except Exception as exc:
        line = logfmt.line("poll.failed", app=ctx.app.name)
        log.exception(line, extra={"redact": ctx.redact})
        what = f"{type(exc).__name__} in this program, see the log"
        done = Evaluation(memory, hold=Cause(Reason.INTERNAL_ERROR, what))
    return followed(ctx, meant, done)
