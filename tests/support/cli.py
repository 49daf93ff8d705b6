"""Run commands in this process, as `python cli.py` does."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from click.testing import CliRunner

from scalar.adapters.http.tls import tls_context
from scalar.bootstrap import Toolbox
from scalar.cli.actor import acting
from scalar.cli.main import main
from scalar.cli.tools import Tools
from scalar.logs import CHATTY
from scalar.start import settings_or_exit


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
        with logging_restored(), self.tools() as make_tools:
            result = CliRunner().invoke(
                main,
                arguments,
                input=typed,
                env={**self.env, **settings},
                prog_name="cli.py",
                obj=make_tools,
            )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return Printed(result.stdout, result.stderr)

    def tools(self) -> AbstractContextManager[Callable[[], Tools]]:
        """Give the function that makes the tools of a command."""
        return toolboxes_closed()

    def data(self, *arguments: str, status: int = 0, **settings: str) -> Any:
        """Return what a command prints with --json."""
        return json.loads(self(*arguments, "--json", status=status, **settings).stdout)


@contextmanager
def toolboxes_closed() -> Iterator[Callable[[], Toolbox]]:
    """Give a function that makes toolboxes; close what they opened at the end."""
    made: list[Toolbox] = []

    def make() -> Toolbox:
        toolbox = Toolbox(settings_or_exit(), acting())
        if not toolbox.settings.tls_ca_file:
            vars(toolbox)["_tls"] = _usual_tls()
        made.append(toolbox)
        return toolbox

    try:
        yield make
    finally:
        for toolbox in made:
            _close(vars(toolbox))


@cache
def _usual_tls() -> ssl.SSLContext:
    """Return what each command would read from the same file, which takes long."""
    return tls_context()


def _close(used: dict[str, Any]) -> None:
    if "engine" in used:
        used["engine"].dispose()
    if "redis" in used:
        used["redis"].connection_pool.disconnect()  # those in use, too


@contextmanager
def logging_restored() -> Iterator[None]:
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
