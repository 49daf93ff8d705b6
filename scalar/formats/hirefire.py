"""HireFire's form: a list of names and numbers.

Newer agents write `value`, older ones `quantity`. The number is a count or, in
seconds, a latency; the form does not say which (`Reading.is_ambiguous`).
"""

from __future__ import annotations

from scalar.core.errors import CountsMalformed
from scalar.core.reading import Counted, Unknown
from scalar.formats.strict_json import (
    Members,
    check_size,
    counted,
    kind_of,
    may_be_a_process_type,
    named_twice,
)

NUMBERS = ("value", "quantity")


def read_hirefire(answer: object) -> dict[str, Counted]:
    """Return what an answer in HireFire's form says of each process type.

    Raises:
        CountsMalformed: It is no list of objects with a name and a number, or
            names more process types than any app can have.
    """
    if isinstance(answer, Members) or not isinstance(answer, list):
        raise CountsMalformed(
            f"the answer must be HireFire's list of names and values, "
            f"not {kind_of(answer)}"
        )
    check_size(len(answer))
    counts: dict[str, Counted] = {}
    for place, entry in enumerate(answer, 1):
        name, value = _entry(entry, place)
        if name in counts:
            counts[name] = named_twice()
        elif may_be_a_process_type(name):
            counts[name] = value
    return counts


def _entry(entry: object, place: int) -> tuple[str, Counted]:
    if not isinstance(entry, Members):
        raise CountsMalformed(
            f"entry {place} of the answer must be an object with a name and a value, "
            f"not {kind_of(entry)}"
        )
    name = entry.get("name")
    if not isinstance(name, str):
        raise CountsMalformed(f"entry {place} of the answer has no name")
    given = [key for key in NUMBERS if entry.has(key)]
    if not given:
        raise CountsMalformed(f"entry {place} of the answer has no value")
    return name, _number(entry, given[0])


def _number(entry: Members, key: str) -> Counted:
    """Return the number of an entry; unknown if the entry has it twice."""
    twice = [name for name, _ in entry].count(key) > 1
    number = counted(entry.get(key))
    return named_twice() if twice and isinstance(number, Unknown) else number
