"""The demo's folder, for logs and the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def nothing_left_behind() -> Iterator[Path]:
    """Yield a temporary folder, and remove it afterwards."""
    with TemporaryDirectory(prefix="scalar-demo-") as folder:
        yield Path(folder)
