"""Render the work in one of two forms, plain or rich.

`counts-v1.schema.json` describes the rich form.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Optional

from scalar_agent.work import Work

#: Content type of the plain form.
PLAIN_TYPE = "application/json"
#: Content type of the rich form, which is sent on request only.
RICH_TYPE = "application/vnd.scalar+json"

VERSION = 1


def plain(work: Mapping[str, Work]) -> bytes:
    """Return only the counts: `{"worker": 12, "mailer": null}`."""
    return _json({process: part.count for process, part in work.items()})


def rich(work: Mapping[str, Work], warnings: Collection[str] = ()) -> bytes:
    """Return everything that is known, as `counts-v1.schema.json` describes it.

    Args:
        work: The work of each process type.
        warnings: What is wrong, and makes nothing unknown.

    Raises:
        ValueError: A time is not a finite number.
    """
    parts = {process: _parts(one) for process, one in work.items()}
    told = {"warnings": list(warnings)} if warnings else {}
    return _json({"version": VERSION, "process_types": parts, **told})


def _parts(work: Work) -> dict[str, Any]:
    """Return the parts to report; null means unknown.

    Except for `next_eta`, which is null also if no job is due in the future.
    """
    unknown = dict(work.unknown)
    parts: dict[str, Any] = {"count": work.count}
    if work.count is None:
        unknown.setdefault("count", "not known")
        parts["at_least"] = work.at_least
    if work.latency is not None or "latency" in unknown:
        parts["latency"] = _seconds(work.latency)
    if work.busy_dynos is not None or "busy_dynos" in unknown:
        parts["busy_dynos"] = work.busy_dynos
    parts["next_eta"] = _seconds(work.next_eta)
    if work.stranded is not None or "stranded" in unknown:
        parts["stranded"] = work.stranded
    if unknown:
        parts["unknown"] = unknown
    return parts


def _seconds(value: Optional[float]) -> Optional[float]:
    """Round to milliseconds; return 0 for a negative time (clocks may differ)."""
    if value is None or value < 0:
        return None if value is None else 0.0
    return round(value, 3)


def _json(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False).encode()
