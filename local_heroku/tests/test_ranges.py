"""Lists page by page."""

from __future__ import annotations

import pytest

from local_heroku.errors import ApiError
from local_heroku.ranges import cut_page

ROWS = [{"id": f"id-{n}", "version": n} for n in (9, 1, 10, 2)]
KEYS = ("id", "version")


def versions(asked, **options):
    return [row["version"] for row in cut_page(ROWS, asked, KEYS, **options).rows]


def test_without_a_header_the_list_is_whole_and_sorted_by_its_first_key():
    page = cut_page(ROWS, None, KEYS)

    assert [row["id"] for row in page.rows] == ["id-1", "id-10", "id-2", "id-9"]
    assert page.content_range == "id id-1..id-9"
    assert page.next_range is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("version ..", [1, 2, 9, 10], id="numbers sort as numbers"),
        pytest.param("id ..; ;", [1, 10, 2, 9], id="heroku3's header"),
        pytest.param("version ..; max=1, order=desc", [10], id="ps:wait's header"),
        pytest.param("version ..; order=desc,max=2;", [10, 9], id="the manual's"),
        pytest.param("version 2..", [2, 9, 10], id="from a value on"),
        pytest.param("version ]2..", [9, 10], id="after a value"),
    ],
)
def test_a_header_sorts_and_cuts(asked, expected):
    assert versions(asked) == expected


def test_following_the_next_range_gives_every_row_once():
    seen, asked = [], "version ..; order=desc,max=3"
    while asked is not None:
        page = cut_page(ROWS, asked, KEYS)
        seen += [row["version"] for row in page.rows]
        asked = page.next_range

    assert seen == [10, 9, 2, 1]


def test_a_page_that_was_cut_short_goes_on_with_the_rest():
    """The client asked for 200 rows; the fault `partial` gives it one."""
    page = cut_page(ROWS, None, KEYS, at_most=1)

    assert [row["id"] for row in page.rows] == ["id-1"]
    assert versions(page.next_range) == [10, 2, 9]


@pytest.mark.parametrize(
    "asked",
    [
        "name ..",
        "nonsense",
        "id ..; max=0",
        "id ..; max=1001",
        "id ..; max=x",
        "id z..",
    ],
)
def test_a_range_that_cannot_be_served_is_416(asked):
    with pytest.raises(ApiError) as refused:
        cut_page(ROWS, asked, KEYS)

    assert refused.value.status == 416
    assert refused.value.body["id"] == "requested_range_not_satisfiable"


def test_an_empty_list_is_a_page_without_ends():
    page = cut_page([], None, KEYS)

    assert (page.rows, page.content_range, page.next_range) == ([], "id ..", None)
