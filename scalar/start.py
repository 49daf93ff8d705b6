"""Read the settings at the start of a process, or exit with one clear line."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from scalar.core.errors import ConfigurationError
from scalar.settings import Settings, near_misses

_TOLD: set[str] = set()


def settings_or_exit() -> Settings:
    """Return the settings; exit with status 2 if one is not valid.

    A variable that is almost a setting is told, once in a process.
    """
    for text in near_misses(os.environ):
        if text not in _TOLD:
            _TOLD.add(text)
            sys.stderr.write(f"Note: {text}\n")
    try:
        return Settings.from_environ(os.environ)
    except ConfigurationError as exc:
        exit_with(exc)


def exit_with(error: ConfigurationError) -> NoReturn:
    """Print the error on one line and exit with status 2."""
    sys.stderr.write(f"Configuration error: {error}\n")
    sys.stderr.flush()
    raise SystemExit(2) from None
