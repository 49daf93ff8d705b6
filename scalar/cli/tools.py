"""What every command is given: the settings, and everything they lead to."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol

import click

from scalar.bootstrap import Toolbox
from scalar.cli.actor import acting
from scalar.logs import never_show
from scalar.ports.schema import Schema
from scalar.service.parts import Parts
from scalar.settings import Settings
from scalar.start import settings_or_exit


class Tools(Protocol):
    """The part of a `Toolbox` that most commands need."""

    @property
    def settings(self) -> Settings:
        """The settings."""
        ...

    @property
    def parts(self) -> Parts:
        """The ports of the use cases."""
        ...

    @property
    def schema(self) -> Schema:
        """The database's schema."""
        ...


def with_tools(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the tools to a command as its first argument.

    They are a `Toolbox` made from the environment, unless the context was given a
    function that makes others: `main.main(obj=make_tools)`.
    """

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        make: Callable[[], Tools] = click.get_current_context().obj or _toolbox
        return command(make(), *args, **kwargs)

    return run


def _toolbox() -> Tools:
    settings = settings_or_exit()
    never_show(settings.secrets())
    return Toolbox(settings, acting())
