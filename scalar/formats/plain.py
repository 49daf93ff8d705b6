"""The plain form: one JSON object of process type to count.

What is not a finite number of at least 0 becomes `Unknown`, for that process
type alone; an answer that is no such object is refused as a whole.
"""

from __future__ import annotations

from scalar.core.errors import CountsMalformed
from scalar.core.reading import Counted
from scalar.formats.strict_json import (
    Members,
    check_size,
    counted,
    kind_of,
    load,
    may_be_a_process_type,
    named_twice,
)


def parse_counts(body: bytes) -> dict[str, Counted]:
    """Return what an answer in the plain form says of each process type.

    Names that no process type can have are left out.

    Raises:
        CountsMalformed: The body is no JSON object in UTF-8, or names more
            process types than any app can have.
    """
    return read_plain(load(body))


def read_plain(answer: object) -> dict[str, Counted]:
    """Return the same of an answer that is read as JSON already."""
    if not isinstance(answer, Members):
        raise CountsMalformed(
            "the answer must be a JSON object of process type to count, "
            f"not {kind_of(answer)}"
        )
    check_size(len(answer))
    counts: dict[str, Counted] = {}
    for name, value in answer:
        if name in counts:
            counts[name] = named_twice()
        elif may_be_a_process_type(name):
            counts[name] = counted(value)
    return counts
