"""The richer form, served by this project's own agent.

`counts-v1.schema.json` in the agent's package describes it. A part that breaks the
schema is unknown; unknown members are ignored, so that an agent may be newer than
this program.
"""

from __future__ import annotations

import re

from scalar.core.errors import CountsMalformed
from scalar.core.reading import Count, Counted, DynoId, Reading, Unknown
from scalar.core.reason import Reason
from scalar.formats.strict_json import (
    MAX_DIGITS,
    NOT_KNOWN,
    Members,
    check_size,
    is_valid_name,
    kind_of,
    parse_count,
    parse_number,
    repeated,
    told_error,
)

#: The form's media type, in `Accept` and `Content-Type`.
MEDIA_TYPE = "application/vnd.scalar+json"
VERSION = 1
#: Characters kept of a reason that the agent gives.
MAX_REASON = 200
#: Longer than any job waits. An answer may have an integer that no float can hold.
MAX_SECONDS = 10**12


def read_rich(answer: object) -> dict[str, Reading]:
    """Return the reading of each process type in an answer in the richer form.

    Raises:
        CountsMalformed: It has another form or another version.
    """
    if not isinstance(answer, Members):
        raise CountsMalformed(f"the answer must be an object, not {kind_of(answer)}")
    version = answer.get("version")
    if version != VERSION or isinstance(version, bool):
        is_number = isinstance(version, int)
        shown = str(version)[:MAX_DIGITS] if is_number else kind_of(version)
        raise CountsMalformed(
            f"the answer's version is {shown}, must be {VERSION}; "
            "install the agent version that matches this heroku-proc-scalar"
        )
    process_types = answer.get("process_types")
    if not isinstance(process_types, Members):
        raise CountsMalformed(
            f"process_types must be an object, not {kind_of(process_types)}"
        )
    check_size(len(process_types))
    if error := told_error(answer):
        raise CountsMalformed(f"the answer reports an error: {error}")
    readings: dict[str, Reading] = {}
    for name, data in process_types:
        if name in readings:
            readings[name] = Reading(repeated())
        elif is_valid_name(name):
            readings[name] = _reading(name, data)
    return readings


def _reading(name: str, data: object) -> Reading:
    if not isinstance(data, Members):
        return Reading(
            Unknown(Reason.COUNT_INVALID, f"must be an object, not {kind_of(data)}")
        )
    if len({key for key, _ in data}) < len(data):
        return Reading(Unknown(Reason.COUNT_INVALID, "a member is repeated"))
    unknown = data.get("unknown")
    reasons = unknown if isinstance(unknown, Members) else Members()
    count = _count(data, reasons)
    if contradiction := _contradiction(data, count):
        count = Unknown(
            Reason.COUNT_INVALID, contradiction, _number(data.get("at_least")) or 0
        )
    return Reading(
        count,
        latency=_latency(data, reasons),
        busy=_busy(name, data, reasons),
        next_eta=_seconds(data.get("next_eta")),
        stranded=_stranded(data, count),
    )


def _count(data: Members, reasons: Members) -> Counted:
    if not data.has("count"):
        return Unknown(Reason.COUNT_INVALID, "the count is missing")
    value, reason = data.get("count"), _reason(reasons, "count")
    if value is not None and not reason:
        return parse_count(value)
    reason = reason or NOT_KNOWN
    return Unknown(Reason.COUNT_NULL, reason, _number(data.get("at_least")) or 0)


def _contradiction(data: Members, count: Counted) -> str:
    """Return what the other members say against a count; empty if nothing."""
    if isinstance(count, Unknown):
        return told_error(data)
    for member, least in (("at_least", count), ("stranded", count), ("latency", 0)):
        number = _number(data.get(member)) or 0
        if number > least and (member != "latency" or count == 0):
            return f"{member} contradicts the count: it says that there are more jobs"
    return told_error(data)


def _latency(data: Members, reasons: Members) -> float | Unknown | None:
    if not data.has("latency"):
        return None
    seconds, reason = data.get("latency"), _reason(reasons, "latency")
    if seconds is None or reason:
        reason = reason or NOT_KNOWN
        return Unknown(Reason.LATENCY_UNKNOWN, reason)
    number = parse_number(seconds)
    if isinstance(number, str):
        return Unknown(Reason.LATENCY_UNKNOWN, number)
    return float(min(number, MAX_SECONDS))


def _busy(
    name: str, data: Members, reasons: Members
) -> frozenset[DynoId] | Unknown | None:
    """Return the busy dynos.

    One name that cannot be parsed makes all of it unknown: it may name a busy dyno.
    """
    if not data.has("busy_dynos"):
        return None
    dynos, reason = data.get("busy_dynos"), _reason(reasons, "busy_dynos")
    if reason or not isinstance(dynos, list) or isinstance(dynos, Members):
        reason = reason or NOT_KNOWN
        return Unknown(Reason.BUSY_UNKNOWN, reason)
    ids = [_dyno_id(name, dyno) for dyno in dynos]
    known = [dyno for dyno in ids if dyno is not None]
    if len(known) < len(ids):
        return Unknown(
            Reason.BUSY_UNKNOWN,
            f"the name of a busy dyno is neither {name}.N nor {name}-x-y",
        )
    return frozenset(known)


def _dyno_id(name: str, dyno: object) -> DynoId | None:
    """Return a dyno's number, or its name if it has the form of Heroku's Fir."""
    found = isinstance(dyno, str) and re.fullmatch(
        rf"{re.escape(name)}(?:\.([0-9]{{1,6}})|-[0-9a-z]{{1,20}}-[0-9a-z]{{5}})", dyno
    )
    if not found:
        return None
    return int(found[1]) if found[1] else found[0]


def _stranded(data: Members, count: Counted) -> int:
    stranded = _number(data.get("stranded")) or 0
    return 0 if isinstance(count, Unknown) else int(min(stranded, count))


def _seconds(value: object) -> float | None:
    number = _number(value)
    return None if number is None else float(min(number, MAX_SECONDS))


def _number(value: object) -> Count | None:
    number = parse_number(value)
    return None if isinstance(number, str) else number


def _reason(reasons: Members, part: str) -> str:
    """Return the agent's reason on one printable line; empty if it gives none."""
    text = reasons.get(part)
    if not isinstance(text, str):
        return ""
    kept = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(kept.split())[:MAX_REASON]
