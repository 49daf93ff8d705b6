"""Who is meant: no answer of another app is believed.

A platform's answer says which app it is of. The app is called by its id, as soon as
that is known, so a rename is noticed for nothing: the answer has another name. An id
that differs, or an id that is gone while the name answers, holds the app.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from scalar.core import logfmt
from scalar.core.app import NewApp, RegisteredApp
from scalar.core.app_state import Memory
from scalar.core.errors import (
    AppAlreadyRegistered,
    CallDenied,
    PlatformError,
    Refused,
    RegistryError,
)
from scalar.core.formation import AppFormation, Formation
from scalar.core.own_address import is_own_address
from scalar.core.reason import Reason
from scalar.core.repeated import repeats
from scalar.ports.platform import Platform, PlatformApp, Urgency
from scalar.ports.registry import Identity
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.parts import Parts
from scalar.service.renaming import follow, of_app, renamed_event

log = logging.getLogger("scalar.evaluation")

#: An app at its own address that does not answer may have been renamed: Heroku is
#: asked after so many polls in a row, and each further time after twice as many, up to
#: the most.
FIRST_LOOK, MOST_BETWEEN = 3, 96


class IdentifiedPlatform:
    """The `Platform` of one app, which raises `Refused` if another app answers.

    Attributes:
        app: The app's row, as far as it was followed.
        was_renamed: Whether it was given a new name here.
        known_id: The platform's id of the app; empty until an answer has it.
    """

    def __init__(
        self,
        parts: Parts,
        app: RegisteredApp,
        memory: Memory,
        find: Callable[[RegisteredApp | NewApp], Platform],
        *,
        follows: bool,
    ) -> None:
        """Initialise it.

        Args:
            parts: The ports.
            app: The app.
            memory: What is remembered of it, its id for instance.
            find: Returns the platform of an app.
            follows: Whether to store what the platform says of the app.
        """
        self.app = app
        self.was_renamed = False
        self.known_id = app.platform_id or memory.platform_id
        self._parts = parts
        self._find = find
        self._follows = follows
        self._platform = find(replace(app, platform_id=self.known_id))
        self.rules = self._platform.rules

    @property
    def calls_left(self) -> int | None:
        """Calls left of the account, as the last answer here said."""
        return self._platform.calls_left

    def describe(self, urgency: Urgency) -> PlatformApp:
        """Return the app as the platform describes it."""
        found = self._platform.describe(urgency)
        if found.id:
            self._identify(Identity(found.id, found.name, found.web_url))
        return found

    def formation(self, urgency: Urgency) -> Formation:
        """Return the dynos of each process type."""
        try:
            answer = self._platform.formation(urgency)
        except Refused as exc:
            raise self._explained(exc) from exc
        before = self.app.address
        self._check(answer)
        if self.app.address != before:
            raise Refused(
                f"the app is called {self.app.name} now; its counts are read at its "
                "new address from the next evaluation on",
                reason=Reason.RENAMED,
            )
        return answer

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> Formation:
        """Set absolute quantities; return the new formation.

        If the app is gone, the read that follows a refusal finds out why.
        """
        answer = self._platform.scale(quantities, urgency)
        self._check(answer)
        return answer

    def _check(self, answer: Formation) -> None:
        if isinstance(answer, AppFormation) and answer.app_id:
            self._identify(Identity(answer.app_id, answer.app_name))

    def _identify(self, found: Identity) -> None:
        """Raise `Refused` if another app answers; follow the name of this one."""
        if self.known_id not in ("", found.platform_id):
            raise _another(f"{found.name} has another id than the app that is meant")
        self.known_id = found.platform_id
        app = self.app
        known_url = found.web_url in (None, app.web_url)
        same_name = (found.platform_id, found.name) == (app.platform_id, app.name)
        if known_url and same_name:
            return
        try:
            self._learn(found)
        except AppAlreadyRegistered as exc:
            raise _another(str(exc)) from exc
        except RegistryError as exc:
            line = logfmt.line("registry.unavailable", app=app.name, detail=exc)
            log.warning(line, extra=repeats("registry"))

    def _learn(self, found: Identity) -> None:
        app = self.app
        if not self._follows:
            owner = self._parts.registry.name_of(found.platform_id, app.platform)
            if owner not in ("", app.name):
                raise AppAlreadyRegistered(owner)
            return
        moves = found.name != app.name and is_own_address(app)
        if moves and found.web_url is None:
            try:
                described = self._platform.describe(Urgency.READ)
            except (CallDenied, PlatformError):
                # Its new address is not known: follow the name at the next answer.
                found = replace(found, name=app.name)
            else:
                found = replace(found, web_url=described.web_url)
        self.app, renamed = follow(self._parts, app, found)
        self.was_renamed |= renamed

    def _explained(self, refused: Refused) -> Refused:
        """Return why the app is gone: another one may have its name now."""
        app = self.app
        is_gone = refused.reason is Reason.APP_NOT_ON_HEROKU and self.known_id
        if not is_gone or app.is_unnamed:
            return refused
        by_name = NewApp(app.name, app.heroku_key, app.platform)
        try:
            found = self._find(by_name).describe(Urgency.READ)
            if found.id == self.known_id:
                return refused
            owner = self._parts.registry.name_of(found.id, app.platform)
        except (CallDenied, PlatformError, RegistryError):
            return refused
        if owner:
            return _another(
                f"the app is gone, and {app.name} is the app registered as {owner}"
            )
        return Refused(
            f"{app.name} is another app than the one that was registered: it was "
            "deleted and created again, or its name was taken. If it should be scaled: "
            f"python cli.py rename-app {app.name} {app.name}",
            reason=Reason.APP_RECREATED,
            status=refused.status,
        )


def about(memory: Memory, app: RegisteredApp) -> Memory:
    """Return what is remembered of this app, and not of another one.

    A memory of another app of the platform is dropped, but for its holds.
    """
    if memory.platform_id and app.platform_id not in ("", memory.platform_id):
        memory = Memory(holds=memory.holds)
    if app.is_unnamed:
        memory = memory.in_doubt(memory.unconfirmed)
    if not memory.unconfirmed:
        return memory
    return replace(
        memory,
        unconfirmed=tuple(of_app(event, app) for event in memory.unconfirmed),
    )


def look_for_a_new_name(
    ctx: AppContext, platform: IdentifiedPlatform, done: Evaluation
) -> Evaluation:
    """Ask the platform for an app whose address may have changed with its name.

    An app at its own address that does not answer costs one call after three polls in a
    row, and then ever fewer.
    """
    app, memory = ctx.app, done.memory
    if not memory.unanswered or not (app.is_unnamed or is_own_address(app)):
        return done
    if not _is_time_to_look(memory.unanswered) or memory.refusal:
        return done
    try:
        found = platform.describe(Urgency.READ)
    except (CallDenied, PlatformError) as exc:
        log.debug(logfmt.line("poll.no_new_name", app=app.name, detail=exc))
        return done
    asleep = ctx.now() if found.maintenance else None
    memory = replace(memory, maintenance_at=asleep)
    if platform.app.address == app.address:
        return replace(done, memory=memory)
    return replace(done, memory=replace(memory, unanswered=0, rest=0.0))


def _is_time_to_look(unanswered: int) -> bool:
    times, rest = divmod(unanswered, FIRST_LOOK)
    if rest:
        return False
    return unanswered % MOST_BETWEEN == 0 or times & (times - 1) == 0


def followed(
    ctx: AppContext, platform: IdentifiedPlatform, done: Evaluation
) -> tuple[AppContext, Evaluation]:
    """Return context and evaluation under the name that the app has now."""
    before, after = ctx.app, platform.app
    memory = done.memory
    if memory.platform_id != platform.known_id:
        memory = replace(memory, platform_id=platform.known_id)
        done = replace(done, memory=memory)
    if after is before:
        return ctx, done
    if after.name == before.name:
        return replace(ctx, app=after), done
    events = [of_app(event, after) for event in done.events]
    if platform.was_renamed:
        log.info(logfmt.line("app.renamed", app=after.name, before=before.name))
        events.append(renamed_event(before, after, ctx.now()))
    return replace(ctx, app=after), replace(
        done, memory=about(memory, after), events=tuple(events)
    )


def _another(detail: str) -> Refused:
    return Refused(f"another app answers: {detail}", reason=Reason.ANOTHER_APP)
