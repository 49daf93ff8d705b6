"""Log lines in logfmt, one per event: `scale.done app=shop current=1 desired=10`."""

from __future__ import annotations

import json
import re
from enum import Enum

_BARE = re.compile(r"[^\s\"=\x00-\x1f\x7f]+")


def line(event: str, **facts: object) -> str:
    """Return the line of an event, without the facts that are None."""
    shown = (
        f"{name}={_text(fact)}" for name, fact in facts.items() if fact is not None
    )
    return " ".join((event, *shown))


def _text(fact: object) -> str:
    text = str(fact.value) if isinstance(fact, Enum) else str(fact)
    if _BARE.fullmatch(text) and text.isprintable():
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())
