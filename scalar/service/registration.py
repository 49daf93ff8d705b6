"""Register an app: check its name, find its address, try it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scalar.errors import (
    AppAlreadyRegistered,
    AppNotFound,
    CountsError,
    InvalidInput,
    PlatformError,
)
from scalar.model import Reason
from scalar.ports import RegisteredApp
from scalar.secret import CountsUrl, redact_input
from scalar.service.parts import Parts

#: Heroku's rule for the names of apps (Platform API schema).
NAME = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]")
#: Where an app serves its counts, unless it is said otherwise.
PATH = "api/scalar_tasks/"


@dataclass(frozen=True, slots=True)
class Registration:
    """A registered app, and what its owner should know of it."""

    app: RegisteredApp
    notes: tuple[str, ...]


def register(
    parts: Parts, name: str, url: str | None, *, check: bool, has_key: bool
) -> Registration:
    """Register an app at a URL, or at the address that Heroku knows.

    Args:
        parts: The ports.
        name: Heroku's name of the app.
        url: Where it serves its counts; None for `PATH` at its own address.
        check: Ask Heroku for the app, and the URL for counts.
        has_key: Whether there is a key to ask Heroku with.

    Raises:
        InvalidInput: A bad name or URL, or an app that Heroku does not know.
        AppAlreadyRegistered: There is one of that name.
        PlatformError: Heroku cannot be asked.
    """
    check_name(name)
    given = CountsUrl.parse(url) if url is not None else None
    _refuse_duplicate(parts, name)
    notes: list[str] = []
    web_url = ""
    if check and has_key:
        web_url = _known_to_heroku(parts, name)
    counts_url = given or _default_url(name, web_url, notes, asked=check and has_key)
    if check:
        _try(parts, counts_url, notes)
    if counts_url.has_credentials and counts_url.address.startswith("http://"):
        notes.append("The password travels unencrypted: use https:// if you can")
    return Registration(
        parts.registry.add(name, counts_url, parts.clock.now()), tuple(notes)
    )


def check_name(name: str) -> None:
    """Raise `InvalidInput` if no Heroku app can have this name."""
    if not NAME.fullmatch(name):
        raise InvalidInput(
            f"App name {redact_input(name)!r} must have 3 to 30 lower-case letters, "
            "digits and dashes, begin with a letter and not end in a dash"
        )


def _refuse_duplicate(parts: Parts, name: str) -> None:
    try:
        parts.registry.get(name)
    except AppNotFound:
        return
    raise AppAlreadyRegistered(name)


def _known_to_heroku(parts: Parts, name: str) -> str:
    """Return the app's web address, empty if it has none."""
    try:
        return parts.platform.app(name).web_url
    except PlatformError as exc:
        if exc.reason is Reason.APP_NOT_ON_HEROKU:
            raise InvalidInput(
                f'Heroku knows no app "{name}" that this key may see. Check the name, '
                "or register it all the same with --no-check"
            ) from exc
        raise PlatformError(
            f"{exc}. To register without asking Heroku use --no-check"
        ) from exc


def _default_url(
    name: str, web_url: str, notes: list[str], *, asked: bool
) -> CountsUrl:
    if web_url:
        return CountsUrl.parse(f"{web_url.rstrip('/')}/{PATH}")
    if asked:
        raise InvalidInput(
            f'Heroku knows no web address of app "{name}". Name the URL: '
            f"python cli.py add-app {name} https://…/{PATH}"
        )
    notes.append(
        "Heroku was not asked for the app's address, so this URL is a guess. Apps "
        "made since June 2023 have another one: see `heroku apps:info`"
    )
    return CountsUrl.parse(f"https://{name}.herokuapp.com/{PATH}")


def _try(parts: Parts, url: CountsUrl, notes: list[str]) -> None:
    try:
        parts.counts.read(url)
    except CountsError as exc:
        notes.append(f"The URL gives no counts yet: {exc}. The app is held until then")
