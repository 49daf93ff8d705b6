"""How many dynos of which size each process type of an app has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessType:
    """One row of a formation: how many dynos of which size.

    Attributes:
        quantity: Dynos that Heroku was asked to run.
        size: Heroku's name of the dyno type, such as "Standard-1X".
    """

    quantity: int
    size: str = ""


#: Process type name to its row.
Formation = Mapping[str, ProcessType]
