"""Pagination with the `Range` header.

`Range: version ..; order=desc,max=10;` sorts by version, newest first, ten
to a page; `]value..` continues after a value. Source: Dev Center, "Platform API
reference", ranges.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_heroku.errors import ApiError

RANGE = re.compile(
    r"\s*(?P<key>\w+)\s*(?P<after>\]?)(?P<first>[^.;\s]*)\s*\.\.\s*(?P<last>[^;\s]*)\s*"
    r"(?:;(?P<options>.*))?"
)
PAGE_SIZE = 200
LARGEST_PAGE = 1000

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next_range` is None on the last one."""

    rows: list[Row]
    content_range: str
    next_range: str | None


def paginate(
    rows: Sequence[Row],
    header: str | None,
    keys: Sequence[str],
    *,
    at_most: int = LARGEST_PAGE,
) -> Page:
    """Return the page of the rows that the Range header selects.

    Args:
        rows: all rows.
        header: the Range header; None selects the first page by `keys[0]`.
        keys: the keys that the rows can be sorted by.
        at_most: the server's own limit to the size of a page.

    Raises:
        ApiError: 416, the header is invalid or names another key.
    """
    found = RANGE.fullmatch(header or f"{keys[0]} ..")
    if found is None or found["key"] not in keys:
        raise ApiError(416, message=f"Range {header!r} must sort by {', '.join(keys)}.")
    key = found["key"]
    options = _options(found["options"] or "")
    size = min(_page_size(options), at_most)
    ordered = sorted(
        rows, key=lambda row: row[key], reverse=options.get("order") == "desc"
    )
    ordered = _starting_at(ordered, key, found["first"], after=bool(found["after"]))
    page = list(ordered[:size])
    next_range = None
    if len(ordered) > size:
        order = f"order={options['order']}," if "order" in options else ""
        next_range = f"{key} ]{page[-1][key]}..; {order}max={_page_size(options)}"
    ends = f"{page[0][key]}..{page[-1][key]}" if page else ".."
    return Page(page, f"{key} {ends}", next_range)


def _options(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in re.split(r"[,;\s]+", text) if part)
    return {name: value for name, _, value in pairs}


def _page_size(options: Mapping[str, str]) -> int:
    size = options.get("max", str(PAGE_SIZE))
    if not size.isdecimal() or not 1 <= int(size) <= LARGEST_PAGE:
        raise ApiError(416, message=f"max={size} must be from 1 to {LARGEST_PAGE}.")
    return int(size)


def _starting_at(rows: list[Row], key: str, first: str, *, after: bool) -> list[Row]:
    """Return the rows from the one whose key is `first`, or after it."""
    if not first:
        return rows
    values = [str(row[key]) for row in rows]
    if first not in values:
        raise ApiError(416, message=f"No {key} {first} to start from.")
    return rows[values.index(first) + int(after) :]
