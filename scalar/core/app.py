"""An app as the registry knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scalar.core.counts_address import CountsAddress, Queues
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.reading import Form
from scalar.core.secret import NO_SECRET, Secret

#: The stored name of the platform that every app is on, unless it names another.
DEFAULT_PLATFORM = "heroku"


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """An app of the registry.

    Attributes:
        id: The registry's number for it; never used again.
        name: Heroku's name of the app.
        address: Where it tells how much work it has.
        revision: Grows with each change of the row.
        created_at: When it was registered (aware, UTC).
        policies: The values that were set for it, as text, by process type;
            those for the whole app under `WHOLE_APP`.
        heroku_key: Its own Heroku API key; `SHARED_KEY` if it has none.
        platform: The platform that runs its dynos.
    """

    id: int
    name: str
    address: CountsAddress
    revision: int
    created_at: datetime
    policies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    heroku_key: Secret = SHARED_KEY
    platform: str = DEFAULT_PLATFORM


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app that is not registered yet: enough to call its platform.

    Attributes:
        name: The platform's name of the app.
        heroku_key: Its own Heroku API key; `SHARED_KEY` if it has none.
        platform: The platform that runs its dynos.
    """

    name: str
    heroku_key: Secret = SHARED_KEY
    platform: str = DEFAULT_PLATFORM


@dataclass(frozen=True, slots=True)
class AppKey:
    """What the fan-out needs to know of an app: plain facts, no secret."""

    id: int
    name: str
    revision: int


@dataclass(frozen=True, slots=True)
class AppEntry:
    """An app as a description has it.

    Attributes:
        name: Heroku's name of it.
        url: Where it tells how much work it has, with `***` for a password; None
            to leave its address as it is.
        policies: Values by process type; those for the whole app under
            `WHOLE_APP`.
        form: In which form; None if the URL speaks for itself.
        token: Of the app's agent, `***` for the one that is stored.
        queues: For a broker: process type to queues.
        heroku_key: The app's own, `***` for the one that is stored; `SHARED_KEY` if
            it has none or, with no url, to leave it as it is.
    """

    name: str
    url: str | None
    policies: Mapping[str, Mapping[str, str]]
    form: Form | None = None
    token: Secret = NO_SECRET
    queues: Queues = field(default_factory=dict)
    heroku_key: Secret = SHARED_KEY
