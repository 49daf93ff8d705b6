"""HireFire's form: a list of names and values.

Newer agents write `value`, older ones `quantity`. It is either a count or a latency
in seconds; the form does not say which (`Reading.is_ambiguous`).
"""

from __future__ import annotations

from scalar.core.errors import CountsMalformed
from scalar.core.reading import Counted, Unknown
from scalar.core.reason import Reason
from scalar.formats.strict_json import (
    Members,
    check_size,
    is_valid_name,
    kind_of,
    parse_count,
    repeated,
    told_error,
)

NUMBERS = ("value", "quantity")


def read_hirefire(answer: object) -> dict[str, Counted]:
    """Return the count of each process type in an answer in HireFire's form.

    Raises:
        CountsMalformed: It is not a list of objects with a name and a value, or
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
            counts[name] = repeated()
        elif is_valid_name(name):
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
    given = [member for member in NUMBERS if entry.has(member)]
    if not given:
        raise CountsMalformed(f"entry {place} of the answer has no value")
    return name, _number(entry, given[0])


def _number(entry: Members, member: str) -> Counted:
    """Return an entry's number; unknown if the entry repeats it."""
    is_repeated = [name for name, _ in entry].count(member) > 1
    number = parse_count(entry.get(member))
    if is_repeated and isinstance(number, Unknown):
        return repeated()
    if error := told_error(entry):
        return Unknown(Reason.COUNT_INVALID, f"the entry reports an error: {error}")
    others = [entry.get(name) for name in NUMBERS if entry.has(name)]
    if any(other != entry.get(member) for other in others):
        return Unknown(Reason.COUNT_INVALID, "value and quantity differ")
    return number
