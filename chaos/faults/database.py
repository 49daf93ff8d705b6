"""The database is down, or cannot write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from chaos.catalog import DATABASE_AWAY, DISK_FULL, Kind
from chaos.system import System


@contextmanager
def away(system: System) -> Iterator[None]:
    """Stop PostgreSQL: it closes its connections and refuses new ones."""
    if system.postgres is None:
        raise RuntimeError("this run has no PostgreSQL")
    system.postgres.stop()
    yield
    system.postgres.start()


@contextmanager
def full_disk(system: System) -> Iterator[None]:
    """Make the kernel refuse every byte that the worker writes to a file.

    This uses the limit on file sizes (`RLIMIT_FSIZE`), which needs neither root nor a
    small disk and can be changed while the worker runs. SQLite gets EFBIG from the
    same system calls that give ENOSPC on a full disk.
    """
    system.worker.limit_files(0)
    yield
    system.worker.limit_files(None)


DATABASE: dict[Kind, Callable[[System], AbstractContextManager[None]]] = {
    DATABASE_AWAY: away,
    DISK_FULL: full_disk,
}
