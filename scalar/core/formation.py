"""The formation of an app: quantity and size of each process type's dynos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessType:
    """One row of a formation.

    Attributes:
        quantity: Dynos that Heroku has been asked to run.
        size: Heroku's name of the dyno type, such as "Standard-1X".
    """

    quantity: int
    size: str = ""


#: Process type name to its row.
Formation = Mapping[str, ProcessType]
