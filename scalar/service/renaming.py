"""Who is meant: store the platform's id of an app, and follow its name.

An app is called by its id, which outlives a rename. `follow` is for workers, which
hear of a new name in an answer; `rename` is for the person who gave it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from scalar.core import logfmt
from scalar.core.app import AppKey, NewApp, RegisteredApp
from scalar.core.decision.facts import facts_of_order
from scalar.core.errors import AppAlreadyRegistered, InvalidInput, PlatformError
from scalar.core.event import Event, EventKind, identified
from scalar.core.own_address import address_after, is_own_address
from scalar.core.reason import Reason
from scalar.ports.platform import Urgency
from scalar.ports.registry import Identity
from scalar.service.parts import Parts
from scalar.service.registration import Registration, ask_heroku, check_name

log = logging.getLogger("scalar.evaluation")


def follow(
    parts: Parts, app: RegisteredApp, found: Identity
) -> tuple[RegisteredApp, bool]:
    """Store what the platform calls an app; return its row, and if it was renamed.

    Raises:
        AppAlreadyRegistered: Another app is registered with this id.
        RegistryError: The database is away.
    """
    address = address_after(app, found.web_url) if found.web_url else None
    renamed = parts.registry.identify(app.id, found, parts.clock.now(), address)
    after = parts.registry.find(AppKey(app.id, app.name, app.revision)) or app
    if after.name not in (app.name, found.name):
        log.warning(logfmt.line("app.name_taken", app=app.name, name=found.name))
    return after, renamed


def renamed_event(before: RegisteredApp, after: RegisteredApp, at: datetime) -> Event:
    """Return the event of an app that has another name, or another id, now."""
    was = (before.former_names or before.names)[0] if before.is_unnamed else before.name
    what = f"was {was}"
    if before.platform_id and before.platform_id != after.platform_id:
        what += ", and is another app of Heroku now"
    if before.address != after.address:
        what += f"; its counts are read at {after.address.shown()} now"
    elif not is_own_address(after):
        what += f"; its counts are still read at {after.address.shown()}"
    return Event(
        *(at, after.name, None, EventKind.RENAMED, Reason.RENAMED), detail=what
    )


def rename(parts: Parts, old: str, new: str) -> Registration:
    """Follow a new name at once, or accept another app of Heroku under a name.

    Policies, pauses, the app's Heroku key and its events stay. A counts URL at the
    app's own address on Heroku is derived anew.

    Args:
        parts: The ports.
        old: The registered name.
        new: Heroku's name of the app now. The same one again accepts the app that has
            it now, for instance after it was deleted and created again.

    Raises:
        AppNotFound: No such app.
        InvalidInput: Heroku has no app of that name, or it is not the one meant.
        AppAlreadyRegistered: Another app is registered with the name.
        PlatformError: Heroku cannot be asked.
    """
    check_name(new)
    app = parts.registry.get(old)
    found = ask_heroku(parts, NewApp(new, app.heroku_key, app.platform))
    owner = parts.registry.name_of(found.id, app.platform)
    if owner not in ("", app.name):
        raise InvalidInput(f'Heroku\'s app "{new}" is registered already, as "{owner}"')
    if found.id != app.platform_id and new != app.name:
        _refuse_another(parts, app, new)
    after, _ = follow(parts, app, Identity(found.id, found.name, found.web_url))
    if after.name != new:
        raise AppAlreadyRegistered(new)
    if (after.name, after.platform_id) != (app.name, app.platform_id):
        event = renamed_event(app, after, parts.clock.now())
        was, now = ({"name": one.name, "id": one.platform_id} for one in (app, after))
        facts = facts_of_order(parts.actor, was, now)
        parts.journal.record([identified(replace(event, facts=facts))])
    notes = []
    if after.address == app.address and not is_own_address(after):
        notes.append(
            f"Its counts are still read at {after.address.shown()}. If that has "
            f"changed as well: python cli.py move-app {after.name} URL"
        )
    return Registration(after, tuple(notes))


def _refuse_another(parts: Parts, app: RegisteredApp, new: str) -> None:
    """Raise `InvalidInput` if the registered app is still there with another name."""
    if not app.platform_id:
        return
    by_id = NewApp(app.name, app.heroku_key, app.platform, app.platform_id)
    try:
        still = parts.platforms.unmetered(by_id).describe(Urgency.READ)
    except PlatformError as exc:
        if exc.reason is Reason.APP_NOT_ON_HEROKU:
            return
        raise
    raise InvalidInput(
        f'Heroku\'s app "{new}" is another one than the app that is registered as '
        f'"{app.name}", which Heroku calls "{still.name}". Register it with: python '
        f"cli.py add-app {new}"
    )


def of_app(event: Event, app: RegisteredApp) -> Event:
    """Return an event under the app's present name."""
    return event if event.app == app.name else replace(event, app=app.name)
