"""Register, move and remove apps: check the name, find the address, try it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from scalar.core.app import AppKey, NewApp, RegisteredApp
from scalar.core.counts_address import CountsAddress, Queues
from scalar.core.errors import (
    AppAlreadyRegistered,
    AppNotFound,
    CoordinationError,
    CountsError,
    InvalidInput,
    PlatformError,
    SecretUnreadable,
)
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.reading import Form, Reading
from scalar.core.reason import Reason
from scalar.core.secret import NO_SECRET, Secret, redact_input
from scalar.ports.platform import PlatformApp, Urgency
from scalar.service import orders
from scalar.service.parts import Parts
from scalar.service.policies import check_process_type
from scalar.service.unless_changed import readable, write_unless_moved

#: Heroku's rule for the names of apps (Platform API schema).
NAME = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]")
#: Where an app serves its counts by default.
PATH = "api/scalar_tasks/"
#: Where an app with HireFire's agent serves them.
HIREFIRE_PATH = "hirefire"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The address of an app, as far as it was given.

    Attributes:
        url: The URL of its counts; None for the usual path at the address that
            Heroku has for the app.
        form: The form of its answers; None to detect it.
        token: The token of the app's agent.
        queues: For a broker: process type to queues.
    """

    url: str | None = None
    form: Form | None = None
    token: Secret = NO_SECRET
    queues: Queues = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registration:
    """A registered app, and what its owner should know about it.

    Attributes:
        app: The app.
        notes: What its owner should know.
        found: What the app answered; None if it was not asked or did not answer.
    """

    app: RegisteredApp
    notes: tuple[str, ...]
    found: Mapping[str, Reading] | None = None


def register(
    parts: Parts,
    name: str,
    wanted: Wanted,
    *,
    check: bool,
    has_key: bool,
    heroku_key: Secret = SHARED_KEY,
) -> Registration:
    """Register an app at a URL, or at the address that Heroku has for it.

    Args:
        parts: The ports.
        name: Heroku's name of the app.
        wanted: Its address, as far as it was given.
        check: Ask Heroku for the app, and the URL for counts.
        has_key: Whether there is a shared key to ask Heroku with.
        heroku_key: The app's own key, if it has one.

    Raises:
        InvalidInput: The name or the address is bad, or Heroku has no such app.
        AppAlreadyRegistered: An app of that name is registered already.
        PlatformError: Heroku cannot be asked.
    """
    check_name(name)
    given = _given(wanted)
    _refuse_duplicate(parts, name)
    asks = _Asks(check, NewApp(name, heroku_key), has_key=has_key)
    found = _find(parts, wanted, given, asks)
    app = parts.registry.add(
        name,
        found.address,
        parts.clock.now(),
        heroku_key,
        platform_id=found.on_heroku.id if found.on_heroku else "",
        web_url=found.on_heroku.web_url if found.on_heroku else "",
        events=(orders.registered(parts, name, found.address, heroku_key),),
    )
    return Registration(app, tuple(found.notes), found.readings)


def move(
    parts: Parts, name: str, wanted: Wanted, *, check: bool, has_key: bool
) -> Registration:
    """Change the address of a registered app; its policies and its key stay.

    Takes and raises what `register` does.

    Raises:
        AppNotFound: No such app.
        AppChanged: Another command changed its key or its address meanwhile.
    """
    given = _given(wanted)
    before = readable(parts, name)
    asks = _Asks(check, as_registered(parts, name), has_key=has_key)
    found = _find(parts, wanted, given, asks)

    def write(read: AppKey) -> None:
        event = orders.moved(parts, read.name, before, found.address)
        parts.registry.set_address(name, found.address, read=read, events=(event,))

    write_unless_moved(parts, name, before, write)
    return Registration(parts.registry.get(name), tuple(found.notes), found.readings)


def remove(parts: Parts, name: str) -> str:
    """Remove an app; its dynos and its events stay.

    Returns why its state could not be removed from Redis, where it expires later;
    empty if it was.

    Raises:
        AppNotFound: No such app.
    """
    key = parts.registry.app_key(name)
    event = orders.removed(parts, key.name, readable(parts, name))
    parts.registry.remove(name, events=(event,))
    try:
        parts.states.forget(key.id)
    except CoordinationError as exc:
        return str(exc)
    return ""


@dataclass(frozen=True)
class _Asks:
    """Whether to ask the app, and Heroku for which one."""

    check: bool
    app: NewApp
    has_key: bool

    @property
    def heroku(self) -> bool:
        """Whether to ask Heroku."""
        return self.check and (self.has_key or bool(self.app.heroku_key))


@dataclass
class _Found:
    """The address to register, what it and Heroku answered, and notes."""

    address: CountsAddress
    notes: list[str]
    readings: Mapping[str, Reading] | None = None
    on_heroku: PlatformApp | None = None


def _given(wanted: Wanted) -> CountsAddress | None:
    """Return the address if a URL was given; check that the rest is consistent."""
    for process_type in wanted.queues:
        check_process_type(process_type)
    if wanted.url is not None:
        return _address(wanted, wanted.url)
    if wanted.form is Form.CELERY or wanted.queues:
        raise InvalidInput(
            "Give the URL of the broker, such as redis://host:6379/0, and the queues "
            "of each process type"
        )
    _address(wanted, f"https://app.example/{PATH}")
    return None


def _address(wanted: Wanted, url: str) -> CountsAddress:
    return CountsAddress.parse(url, wanted.form, wanted.token, wanted.queues)


def _find(
    parts: Parts, wanted: Wanted, given: CountsAddress | None, asks: _Asks
) -> _Found:
    """Return the given address, or the first usual one that answers."""
    notes: list[str] = []
    on_heroku = known_to_heroku(parts, asks.app) if asks.heroku else None
    if given is not None:
        places = [given]
    else:
        web_url = on_heroku.web_url if on_heroku else ""
        base = _base(asks.app.name, web_url, notes, asked=asks.heroku)
        paths = _usual_paths(wanted) if asks.check else _usual_paths(wanted)[:1]
        places = [_address(wanted, f"{base}/{path}") for path in paths]
    found = _first_that_answers(parts, places, notes) if asks.check else None
    result = found or _Found(places[0], notes)
    result.on_heroku = on_heroku
    notes += _notes(result)
    return result


def _usual_paths(wanted: Wanted) -> list[str]:
    """Return where an app may serve its counts, if no URL was given."""
    if wanted.form is Form.HIREFIRE:
        return [HIREFIRE_PATH]
    may_be_either = wanted.form is None and wanted.token
    return [PATH, HIREFIRE_PATH] if may_be_either else [PATH]


def _first_that_answers(
    parts: Parts, places: list[CountsAddress], notes: list[str]
) -> _Found | None:
    """Return the first place that answers with counts; otherwise note why none did."""
    failures = []
    for place in places:
        try:
            return _Found(place, notes, parts.counts.read(place))
        except CountsError as exc:
            failures.append(str(exc) if len(places) == 1 else f"{place}: {exc}")
    notes.append(
        f"The URL does not return counts yet: {'; '.join(failures)}. The app is held "
        "until it does"
    )
    return None


def _notes(found: _Found) -> list[str]:
    address, notes = found.address, []
    if address.carries_a_secret and address.url.scheme in ("http", "redis", "amqp"):
        what = "token" if address.token else "password"
        better = {"http": "https", "redis": "rediss", "amqp": "amqps"}
        notes.append(
            f"The {what} is sent unencrypted: use {better[address.url.scheme]}:// if "
            "you can"
        )
    if any(reading.is_ambiguous for reading in (found.readings or {}).values()):
        notes.append(
            "HireFire's format does not say whether a number counts jobs or is a "
            "latency in seconds. If it is a latency, set a limit: python cli.py "
            "set-policy NAME PROCESS_TYPE --latency-up 60"
        )
    return notes


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


def as_registered(parts: Parts, name: str, heroku_key: Secret | None = None) -> NewApp:
    """Return what is needed to ask Heroku for a registered app.

    If its row cannot be decrypted, that is its name and the shared key.

    Args:
        parts: The ports.
        name: Its name.
        heroku_key: The key to ask with, if not its own.

    Raises:
        AppNotFound: No such app.
    """
    try:
        app = parts.registry.get(name)
    except SecretUnreadable:
        return NewApp(parts.registry.app_key(name).name, heroku_key or SHARED_KEY)
    key = app.heroku_key if heroku_key is None else heroku_key
    return NewApp(app.name, key, app.platform, app.platform_id)


def known_to_heroku(parts: Parts, app: NewApp) -> PlatformApp:
    """Return the app as Heroku describes it, or say how to go on without.

    Raises:
        InvalidInput: Heroku has no such app that the key may see, or it is registered
            already with another name.
        PlatformError: Heroku does not accept the key, or cannot be asked.
    """
    hint = "use --no-check to go on "
    found = ask_heroku(
        parts, app, or_else=f"{hint}anyway", or_instead=f"{hint}without asking Heroku"
    )
    owner = parts.registry.name_of(found.id, app.platform)
    if owner not in ("", app.name) and not app.platform_id:
        raise InvalidInput(
            f'Heroku\'s app "{app.name}" is registered already, as "{owner}": it was '
            f"renamed. Follow it with: python cli.py rename-app {owner} {app.name}"
        )
    return found


def ask_heroku(
    parts: Parts, app: NewApp, *, or_else: str = "", or_instead: str = ""
) -> PlatformApp:
    """Return the app as Heroku describes it.

    Args:
        parts: The ports.
        app: The app.
        or_else: What to do if there is no such app, beside checking the name.
        or_instead: What to do if Heroku cannot be asked.

    Raises:
        InvalidInput: Heroku has no such app that the key may see.
        PlatformError: Heroku does not accept the key, or cannot be asked.
    """
    try:
        return parts.platforms.unmetered(app).describe(Urgency.READ)
    except PlatformError as exc:
        if exc.reason is Reason.APP_NOT_ON_HEROKU:
            raise InvalidInput(
                f'Heroku has no app "{app.name}" that this key may see. Check the name'
                + (f", or {or_else}" if or_else else "")
            ) from exc
        hint = f". {or_instead[:1].upper()}{or_instead[1:]}" if or_instead else ""
        raise PlatformError(f"{exc}{hint}") from exc


def _base(name: str, web_url: str, notes: list[str], *, asked: bool) -> str:
    """Return the app's own address, without a slash at its end."""
    if web_url:
        return web_url.rstrip("/")
    if asked:
        raise InvalidInput(
            f'Heroku has no web address for app "{name}". Give the URL: '
            f"python cli.py add-app {name} https://…/{PATH}"
        )
    notes.append(
        "Heroku was not asked for the app's address, so this URL is a guess. Apps "
        "created since June 2023 have another one: see `heroku apps:info`"
    )
    return f"https://{name}.herokuapp.com"
