"""Run commands in this process, as `python cli.py` does."""

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
    """Runs commands with given settings.

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
            arguments: The words after `python cli.py`.
            status: The expected exit status.
            typed: Its standard input, which is not a terminal.
            settings: Settings that differ from `env`.

        Raises:
            AssertionError: The exit status differs.
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


class _TrackedToolbox(Toolbox):
    """A toolbox that can be closed after the command."""

    made: ClassVar[list[Toolbox]] = []

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.made.append(self)


@contextmanager
def _connections_closed() -> Iterator[None]:
    """Close the connections that a command leaves open until its process ends."""
    try:
        with patch.object(shared, "Toolbox", _TrackedToolbox):
            yield
    finally:
        _close_all()


def _close_all() -> None:
    while _TrackedToolbox.made:
        used = vars(_TrackedToolbox.made.pop())
        if "engine" in used:
            used["engine"].dispose()
        if "redis" in used:
            used["redis"].connection_pool.disconnect()  # including those in use


@contextmanager
def _logging_restored() -> Iterator[None]:
    """Undo a command's changes to logging, which are meant for its own process."""
    loggers = [logging.getLogger(name) for name in (None, *CHATTY)]
    handlers, levels = loggers[0].handlers[:], [one.level for one in loggers]
    loggers[0].handlers.clear()
    try:
        yield
    finally:
        loggers[0].handlers[:] = handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
