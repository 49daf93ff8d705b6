"""The richer form, which this project's own agent serves.

Its description is `counts-v1.schema.json` in the agent's package. A part that
breaks it is unknown; members that it does not know are left alone, so that an
agent may be newer than this program.
"""

from __future__ import annotations

import re

from scalar.core.errors import CountsMalformed
from scalar.core.reading import Count, Counted, Reading, Unknown
from scalar.core.reason import Reason
from scalar.formats.strict_json import (
    LONGEST_NUMBER,
    Members,
    check_size,
    counted,
    kind_of,
    may_be_a_process_type,
    named_twice,
    number_of,
)

#: The form's name in `Accept` and in `Content-Type`.
MEDIA_TYPE = "application/vnd.scalar+json"
VERSION = 1
#: Characters of the agent's own words that are kept.
LONGEST_WORDS = 200
#: Longer than anything waits; no float holds what an answer may say.
MOST_SECONDS = 10**12


def read_rich(answer: object) -> dict[str, Reading]:
    """Return what an answer in the richer form says of each process type.

    Raises:
        CountsMalformed: It is no such answer, or of another version.
    """
    if not isinstance(answer, Members):
        raise CountsMalformed(f"the answer must be an object, not {kind_of(answer)}")
    version = answer.get("version")
    if version != VERSION or isinstance(version, bool):
        is_number = isinstance(version, int)
        shown = str(version)[:LONGEST_NUMBER] if is_number else kind_of(version)
        raise CountsMalformed(
            f"the answer's version is {shown}, must be {VERSION}; "
            "install the agent that belongs to this heroku-proc-scalar"
        )
    process_types = answer.get("process_types")
    if not isinstance(process_types, Members):
        raise CountsMalformed(
            f"process_types must be an object, not {kind_of(process_types)}"
        )
    check_size(len(process_types))
    readings: dict[str, Reading] = {}
    for name, said in process_types:
        if name in readings:
            readings[name] = Reading(named_twice())
        elif may_be_a_process_type(name):
            readings[name] = _reading(name, said)
    return readings


def _reading(name: str, said: object) -> Reading:
    if not isinstance(said, Members):
        return Reading(
            Unknown(Reason.COUNT_INVALID, f"{kind_of(said)} in place of an object")
        )
    if len({key for key, _ in said}) < len(said):
        return Reading(Unknown(Reason.COUNT_INVALID, "a part of it stands twice"))
    why = said.get("unknown")
    reasons = why if isinstance(why, Members) else Members()
    count = _count(said, reasons)
    return Reading(
        count,
        latency=_latency(said, reasons),
        busy=_busy(name, said, reasons),
        next_eta=_seconds(said.get("next_eta")),
        stranded=_stranded(said, count),
    )


def _count(said: Members, reasons: Members) -> Counted:
    if not said.has("count"):
        return Unknown(Reason.COUNT_INVALID, "it has no count")
    value = said.get("count")
    if value is not None:
        return counted(value)
    words = _words(reasons, "count") or "the app says that it does not know"
    return Unknown(Reason.COUNT_NULL, words, _number(said.get("at_least")) or 0)


def _latency(said: Members, reasons: Members) -> float | Unknown | None:
    if not said.has("latency"):
        return None
    seconds = said.get("latency")
    if seconds is None:
        words = _words(reasons, "latency") or "the app does not know it"
        return Unknown(Reason.LATENCY_UNKNOWN, words)
    number = number_of(seconds)
    if isinstance(number, str):
        return Unknown(Reason.LATENCY_UNKNOWN, number.replace("count", "latency"))
    return float(min(number, MOST_SECONDS))


def _busy(
    name: str, said: Members, reasons: Members
) -> frozenset[int] | Unknown | None:
    """Return the numbers of the dynos that are busy.

    A name that cannot be understood may be the one of a busy dyno, so nothing
    is known then.
    """
    if not said.has("busy_dynos"):
        return None
    dynos = said.get("busy_dynos")
    if not isinstance(dynos, list) or isinstance(dynos, Members):
        words = _words(reasons, "busy_dynos") or "the app does not know them"
        return Unknown(Reason.BUSY_UNKNOWN, words)
    numbers = [_dyno_number(name, dyno) for dyno in dynos]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return Unknown(Reason.BUSY_UNKNOWN, f"the app names a dyno that is no {name}.N")
    return frozenset(known)


def _dyno_number(name: str, dyno: object) -> int | None:
    found = isinstance(dyno, str) and re.fullmatch(
        rf"{re.escape(name)}\.([0-9]{{1,6}})", dyno
    )
    return int(found[1]) if found else None


def _stranded(said: Members, count: Counted) -> int:
    stranded = _number(said.get("stranded")) or 0
    return 0 if isinstance(count, Unknown) else int(min(stranded, count))


def _seconds(value: object) -> float | None:
    number = _number(value)
    return None if number is None else float(min(number, MOST_SECONDS))


def _number(value: object) -> Count | None:
    number = number_of(value)
    return None if isinstance(number, str) else number


def _words(reasons: Members, part: str) -> str:
    """Return the agent's reason, fit for one line of a log."""
    words = reasons.get(part)
    if not isinstance(words, str):
        return ""
    kept = "".join(char if char.isprintable() else " " for char in words)
    return " ".join(kept.split())[:LONGEST_WORDS]
