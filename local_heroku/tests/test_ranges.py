"""Lists, page by page."""

from __future__ import annotations

import pytest

from local_heroku.errors import ApiError
from local_heroku.ranges import paginate

ROWS = [{"id": f"id-{n}", "version": n} for n in (9, 1, 10, 2)]
KEYS = ("id", "version")


def versions(asked, **options):
    return [row["version"] for row in paginate(ROWS, asked, KEYS, **options).rows]


def test_without_a_header_the_whole_list_is_sorted_by_its_first_key():
    page = paginate(ROWS, None, KEYS)

    assert [row["id"] for row in page.rows] == ["id-1", "id-10", "id-2", "id-9"]
    assert page.content_range == "id id-1..id-9"
    assert page.next_range is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("version ..", [1, 2, 9, 10], id="numbers sort as numbers"),
        pytest.param("id ..; ;", [1, 10, 2, 9], id="heroku3's header"),
        pytest.param("version ..; max=1, order=desc", [10], id="ps:wait's header"),
        pytest.param(
            "version ..; order=desc,max=2;", [10, 9], id="the API reference's"
        ),
        pytest.param("version 2..", [2, 9, 10], id="from a value"),
        pytest.param("version ]2..", [9, 10], id="after a value"),
    ],
)
def test_a_range_header_sorts_and_limits(asked, expected):
    assert versions(asked) == expected


def test_following_next_range_returns_every_row_once():
    seen, asked = [], "version ..; order=desc,max=3"
    while asked is not None:
        page = paginate(ROWS, asked, KEYS)
        seen += [row["version"] for row in page.rows]
        asked = page.next_range

    assert seen == [10, 9, 2, 1]


def test_a_page_limited_by_the_server_has_a_next_range():
    """The client asks for 200 rows; the fault `partial` gives it one."""
    page = paginate(ROWS, None, KEYS, at_most=1)

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
def test_an_invalid_range_is_416(asked):
    with pytest.raises(ApiError) as refused:
        paginate(ROWS, asked, KEYS)

    assert refused.value.status == 416
    assert refused.value.body["id"] == "requested_range_not_satisfiable"


def test_the_page_of_an_empty_list():
    page = paginate([], None, KEYS)

    assert (page.rows, page.content_range, page.next_range) == ([], "id ..", None)
