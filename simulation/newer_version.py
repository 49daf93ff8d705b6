"""Memories as the next version of the program may write them."""

from __future__ import annotations

import json

from scalar.adapters.redis import memory_json
from scalar.core.app_state import Memory


def dump_of_the_next_version(memory: Memory, server: str) -> str:
    """Return a text whose shape this program does not know."""
    data = json.loads(memory_json.dump(memory, server))
    return json.dumps({**data, "v": memory_json.VERSION + 1})
