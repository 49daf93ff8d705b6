"""The plain form: one JSON object of process type to count.

A value that is not a finite number of at least 0 makes only its process type
`Unknown`; an answer that is not such an object is rejected as a whole.
"""

from __future__ import annotations

from scalar.core.errors import CountsMalformed
from scalar.core.reading import Counted
from scalar.formats.strict_json import (
    Members,
    check_size,
    is_valid_name,
    kind_of,
    load,
    parse_count,
    repeated,
    told_error,
)


def parse_counts(body: bytes) -> dict[str, Counted]:
    """Return the count of each process type in an answer in the plain form.

    Names that no process type can have are skipped.

    Raises:
        CountsMalformed: The body is not a JSON object in UTF-8, or names more
            process types than any app can have.
    """
    return read_plain(load(body))


def read_plain(answer: object) -> dict[str, Counted]:
    """Like `parse_counts`, for an answer already parsed as JSON."""
    if not isinstance(answer, Members):
        raise CountsMalformed(
            "the answer must be a JSON object of process type to count, "
            f"not {kind_of(answer)}"
        )
    check_size(len(answer))
    if error := told_error(answer):
        raise CountsMalformed(f"the answer reports an error: {error}")
    counts: dict[str, Counted] = {}
    for name, value in answer:
        if name in counts:
            counts[name] = repeated()
        elif is_valid_name(name):
            counts[name] = parse_count(value)
    return counts
