"""An app as the registry stores it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scalar.core.actor import Mark
from scalar.core.counts_address import CountsAddress, Queues
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.reading import Form
from scalar.core.secret import NO_SECRET, Secret

#: The stored name of the platform that every app is on, unless it names another.
DEFAULT_PLATFORM = "heroku"
#: How long commands and messages may use an app's former name.
FORMER_NAME_KEPT = timedelta(days=30)
#: Stands for the name of an app until it is read again, because another one has taken
#: the name that it was registered with. No app of Heroku can have such a name.
UNNAMED = re.compile(r"#[0-9]+")


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """A registered app.

    Attributes:
        id: Its number in the registry; never reused.
        name: The app's name on Heroku.
        address: Where its counts are read.
        revision: Increases with each change of the row.
        created_at: When it was registered (aware, UTC).
        policies: Its own policy values, as text, by process type; those of the
            whole app under `WHOLE_APP`.
        heroku_key: Its own Heroku API key; `SHARED_KEY` if it has none.
        platform: The platform that runs its dynos.
        platform_id: The platform's own id of the app, which outlives a rename; empty
            until it is learned.
        web_url: The app's own address on the platform, as last known; may be empty.
        former_names: Names that it had lately, the newest first.
        set_by: Who set each of its policy values, by process type, as far as known.
    """

    id: int
    name: str
    address: CountsAddress
    revision: int
    created_at: datetime
    policies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    heroku_key: Secret = SHARED_KEY
    platform: str = DEFAULT_PLATFORM
    platform_id: str = ""
    web_url: str = ""
    former_names: tuple[str, ...] = ()
    set_by: Mapping[str, Mapping[str, Mark]] = field(default_factory=dict)

    @property
    def is_unnamed(self) -> bool:
        """Whether its name is not known now."""
        return UNNAMED.fullmatch(self.name) is not None

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and its former ones."""
        return (self.name, *self.former_names)

    @property
    def key(self) -> AppKey:
        """What says which row this is, and how new."""
        return AppKey(self.id, self.name, self.revision)


def unnamed(app_id: int) -> str:
    """Return what stands for the name of an app while it is not known."""
    return f"#{app_id}"


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app that is not registered yet: enough to call its platform.

    Attributes:
        name: The platform's name of the app.
        heroku_key: Its own Heroku API key; `SHARED_KEY` if it has none.
        platform: The platform that runs its dynos.
        platform_id: The platform's own id of the app, if it is to be found by that.
    """

    name: str
    heroku_key: Secret = SHARED_KEY
    platform: str = DEFAULT_PLATFORM
    platform_id: str = ""


@dataclass(frozen=True, slots=True)
class AppKey:
    """What the fan-out needs to know about an app; nothing secret."""

    id: int
    name: str
    revision: int

    @property
    def changed_once(self) -> AppKey:
        """The key after one change of the row."""
        return replace(self, revision=self.revision + 1)


@dataclass(frozen=True, slots=True)
class AppEntry:
    """An app as a fleet file describes it.

    Attributes:
        name: The app's name on Heroku.
        url: Where its counts are read, with `***` in place of a password; None to
            keep the stored address.
        policies: Policy values by process type; those of the whole app under
            `WHOLE_APP`.
        form: The form of its answers; None to infer it from the URL.
        token: The token of the app's agent; `***` for the stored one.
        queues: The queues of each process type, for a broker.
        heroku_key: The app's own key; `***` for the stored one; `SHARED_KEY` if it
            has none or, without a url, to keep what is stored.
        platform_id: The platform's own id of the app; empty to find it by its name.
    """

    name: str
    url: str | None
    policies: Mapping[str, Mapping[str, str]]
    form: Form | None = None
    token: Secret = NO_SECRET
    queues: Queues = field(default_factory=dict)
    heroku_key: Secret = SHARED_KEY
    platform_id: str = ""
