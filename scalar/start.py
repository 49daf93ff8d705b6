"""The settings of this process, or one line that says what is wrong."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from scalar.core.errors import ConfigurationError
from scalar.settings import Settings


def settings_or_exit() -> Settings:
    """Return the settings; end the process with status 2 if one is wrong."""
    try:
        return Settings.from_environ(os.environ)
    except ConfigurationError as exc:
        exit_with(exc)


def exit_with(error: ConfigurationError) -> NoReturn:
    """Say what is wrong in one line, and end the process with status 2."""
    sys.stderr.write(f"Configuration error: {error}\n")
    sys.stderr.flush()
    raise SystemExit(2) from None
