"""Evaluate one app: gather, decide, act, record. The order is this file's."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace

from scalar.core import logfmt
from scalar.core.app import AppKey, RegisteredApp
from scalar.core.app_state import Memory
from scalar.core.errors import ScalarError
from scalar.core.reason import Cause, Reason
from scalar.ports.coordination import Lease
from scalar.service.evaluate.act import act, doubtful
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.observe import gather
from scalar.service.evaluate.platform_calls import Onlooker
from scalar.service.evaluate.quiesce import look_again_before_removal
from scalar.service.evaluate.record import record
from scalar.service.parts import Parts

#: Seconds between a reservation and an evaluation that follow each other.
AT_ONCE = 5.0

log = logging.getLogger("scalar.evaluation")


def poll_and_scale(parts: Parts, key: AppKey, token: str) -> Evaluation | None:
    """Evaluate one app for real, alone: one evaluation per app at a time.

    Returns None if another one is under way, if the reservation that the token is
    of has ended, or if the app is registered no more. Whatever fails holds the app.

    Raises:
        CoordinationError: Redis is away. Nothing has been changed.
        RegistryError: The app cannot be looked up. Nothing has been changed.
    """
    begun = parts.coordinator.begin(key.id, token)
    if begun is None:
        log.debug(logfmt.line("poll.skipped", app=key.name, reason="under way"))
        return None
    lease, memory = begun
    after: Memory | None = None
    try:
        app = parts.registry.find(key)
        if app is None:
            return None
        done = _evaluate(parts, app, lease, memory)
        after = done.memory  # also if it cannot be told
        after = record(parts, app, done)
        return done
    finally:
        parts.coordinator.finish(lease, None if after == memory else after)


def poll_now(parts: Parts, key: AppKey) -> Evaluation | None:
    """Evaluate one app as `poll_and_scale` does, though no tick has ordered it."""
    token = secrets.token_hex(8)
    parts.coordinator.reserve([key.id], token, AT_ONCE)
    return poll_and_scale(parts, key, token)


def explain(parts: Parts, app: RegisteredApp) -> Evaluation:
    """Evaluate an app without changing anything, here or on Heroku.

    The formation is read anew, which costs one API call. If that fails, no
    worker is kept from calling because of it.
    """
    memory = parts.coordinator.recall([app.id]).get(app.id, Memory())
    onlooking = replace(parts, account=Onlooker(parts.account))
    return gather(onlooking, app, memory, read_anew=True)


def _evaluate(
    parts: Parts, app: RegisteredApp, lease: Lease, memory: Memory
) -> Evaluation:
    try:
        seen = gather(parts, app, memory)
        seen = look_again_before_removal(parts, app, seen)
        if seen.to_be_made:
            # Unless it is known how the change went, the formation is read anew.
            memory = doubtful(parts, app, seen)
        return act(parts, app, lease, seen)
    except ScalarError:
        raise
    except Exception as exc:
        log.exception(logfmt.line("poll.failed", app=app.name))
        what = f"{type(exc).__name__} in this program, see the log"
        return Evaluation(memory, hold=Cause(Reason.INTERNAL_ERROR, what))
