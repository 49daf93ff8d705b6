"""Evaluate one app: observe, quiesce, act, record. This file sets the order of I/O."""

from __future__ import annotations

import logging

from scalar.core import logfmt
from scalar.core.app import AppKey, RegisteredApp
from scalar.core.app_state import Memory
from scalar.core.errors import ScalarError
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
from scalar.service.evaluate.record import record
from scalar.service.parts import Parts

#: Seconds that a reservation lasts when the evaluation follows immediately.
AT_ONCE = 5.0

log = logging.getLogger("scalar.evaluation")


def poll_and_scale(parts: Parts, key: AppKey, token: str) -> Evaluation | None:
    """Evaluate one app for real: one evaluation per app at a time.

    Returns None if another evaluation is under way, if the reservation of this token
    is over, or if the app is no longer registered by this number and name. A failure
    of the app or its platform holds the app.

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
    try:
        app = parts.apps.find(key)
        if app is None or key.name not in app.names:
            return None
        meant = IdentifiedPlatform(parts, app, memory, parts.platforms.of, follows=True)
        ctx = AppContext(app, meant, parts)
        done = _evaluate(ctx, meant, lease, about(memory, app))
        ctx, done = followed(ctx, meant, done)
        after = done.memory  # stored even if recording fails
        after = record(ctx, done)
        return done
    finally:
        parts.states.finish(lease, None if after == memory else after)


def evaluate_now(parts: Parts, key: AppKey) -> Evaluation | None:
    """Evaluate one app as `poll_and_scale` does, without waiting for a tick."""
    token = parts.chance.token()
    parts.states.reserve([key.id], token, AT_ONCE)
    return poll_and_scale(parts, key, token)


def explain(parts: Parts, app: RegisteredApp) -> Evaluation:
    """Evaluate an app without changing anything, here or on its platform.

    The formation is read anew, which costs one API call, and a second one if the
    decision needs the time of the last release. If that fails, no worker backs off.
    """
    memory = parts.states.recall([app.id]).get(app.id, Memory())
    meant = IdentifiedPlatform(
        parts, app, memory, parts.platforms.unmetered, follows=False
    )
    return observe(AppContext(app, meant, parts), about(memory, app), read_anew=True)


def _evaluate(
    ctx: AppContext, meant: IdentifiedPlatform, lease: Lease, memory: Memory
) -> Evaluation:
    try:
        seen = quiesce(ctx, observe(ctx, memory))
        if seen.to_be_made:
            # Until the outcome is known, the next evaluation reads the formation.
            memory = in_doubt(ctx, seen)
        return look_for_a_new_name(ctx, meant, act(ctx, lease, seen))
    except ScalarError:
        raise
    except Exception as exc:
        log.exception(logfmt.line("poll.failed", app=ctx.app.name))
        what = f"{type(exc).__name__} in this program, see the log"
        return Evaluation(memory, hold=Cause(Reason.INTERNAL_ERROR, what))
