"""The database is away, or cannot write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from chaos.catalog import DATABASE_AWAY, DISK_FULL, Kind
from chaos.system import System


@contextmanager
def away(system: System) -> Iterator[None]:
    """Stop PostgreSQL: it ends its connections and refuses new ones."""
    if system.postgres is None:
        raise RuntimeError("this run has no PostgreSQL")
    system.postgres.stop()
    yield
    system.postgres.start()


@contextmanager
def full_disk(system: System) -> Iterator[None]:
    """Let the kernel refuse every byte that the worker writes to a file.

    It is done with the limit of a file's size (`RLIMIT_FSIZE`), which needs neither
    root nor a small disk and can be set and lifted while the worker runs. SQLite
    gets EFBIG where a full disk gives ENOSPC, from the same system calls.
    """
    system.worker.limit_files(0)
    yield
    system.worker.limit_files(None)


DATABASE: dict[Kind, Callable[[System], AbstractContextManager[None]]] = {
    DATABASE_AWAY: away,
    DISK_FULL: full_disk,
}
