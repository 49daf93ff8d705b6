"""The formation of an app: quantity and size of each process type's dynos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ProcessType:
    """One row of a formation.

    Attributes:
        quantity: Dynos that Heroku has been asked to run.
        size: Heroku's name of the dyno type, such as "Standard-1X".
        changed_at: When the platform says that this row was changed last (aware,
            UTC); None if it does not say. No part of what a row is.
    """

    quantity: int
    size: str = ""
    changed_at: datetime | None = field(default=None, compare=False)


#: Process type name to its row.
Formation = Mapping[str, ProcessType]


class AppFormation(dict[str, ProcessType]):
    """A formation that says which app it is of, as a platform's answer does.

    Attributes:
        app_id: The platform's id of the app; empty if the answer has no row.
        app_name: The app's name at that time.
    """

    def __init__(self, rows: Formation, app_id: str, app_name: str) -> None:
        super().__init__(rows)
        self.app_id = app_id
        self.app_name = app_name
