"""Read all registered apps, one page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scalar.core.app import AppKey
from scalar.ports.registry import AppReader

#: Apps read at a time.
PAGE = 1_000


def pages(apps: AppReader) -> Iterator[Sequence[AppKey]]:
    """Yield the keys of all apps in the order of their ids, a page at a time."""
    page = apps.page(0, PAGE)
    while page:
        yield page
        if len(page) < PAGE:
            return
        page = apps.page(page[-1].id, PAGE)


def all_keys(apps: AppReader) -> Iterator[AppKey]:
    """Yield the keys of all apps in the order of their ids."""
    for page in pages(apps):
        yield from page
