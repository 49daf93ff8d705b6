"""The commands, run in this process as `python cli.py` runs them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from unittest.mock import patch

from click.testing import CliRunner

from scalar.bootstrap import Toolbox
from scalar.cli import shared
from scalar.cli.main import main
from scalar.logs import CHATTY
from scalar.settings import Settings


@dataclass(frozen=True)
class Printed:
    """What a command printed."""

    stdout: str
    stderr: str

    def __str__(self) -> str:
        return self.stdout + self.stderr


class Cli:
    """Commands with settings.

    Attributes:
        env: The settings; a test may change them.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = dict(env)

    def __call__(
        self, *arguments: str, status: int = 0, typed: str = "", **settings: str
    ) -> Printed:
        """Run a command; return what it printed.

        Args:
            arguments: What follows `python cli.py`.
            status: How it must end.
            typed: Its standard input, which is no terminal.
            settings: Other settings than usual.

        Raises:
            AssertionError: It ended in another way.
        """
        with _logging_restored(), _connections_closed():
            result = CliRunner().invoke(
                main,
                arguments,
                input=typed,
                env={**self.env, **settings},
                prog_name="cli.py",
            )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return Printed(result.stdout, result.stderr)

    def data(self, *arguments: str, status: int = 0, **settings: str) -> Any:
        """Return what a command prints with --json."""
        return json.loads(self(*arguments, "--json", status=status, **settings).stdout)


class _KnownToolbox(Toolbox):
    """A toolbox that is found again after the command."""

    made: ClassVar[list[Toolbox]] = []

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.made.append(self)


@contextmanager
def _connections_closed() -> Iterator[None]:
    """Close what a command leaves open for the end of its process."""
    try:
        with patch.object(shared, "Toolbox", _KnownToolbox):
            yield
    finally:
        _close_all()


def _close_all() -> None:
    while _KnownToolbox.made:
        used = vars(_KnownToolbox.made.pop())
        if "engine" in used:
            used["engine"].dispose()
        if "redis" in used:
            used["redis"].connection_pool.disconnect()  # those in use, too


@contextmanager
def _logging_restored() -> Iterator[None]:
    """Undo what a command does to logging, which is for its process alone."""
    loggers = [logging.getLogger(name) for name in (None, *CHATTY)]
    handlers, levels = loggers[0].handlers[:], [one.level for one in loggers]
    loggers[0].handlers.clear()
    try:
        yield
    finally:
        loggers[0].handlers[:] = handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
