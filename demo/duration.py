"""How long the demo lasts: the variable DEMO_SECONDS.

The time runs from when every part is at work, a few seconds after the start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from demo.load import WAVE_SECONDS

#: One wave of load, and a little time to see that nothing runs after it.
SHORTEST = WAVE_SECONDS + 2
LONGEST = 86_400


class BadDuration(ValueError):
    """DEMO_SECONDS breaks its rule; the text says which."""


def read_duration(environ: Mapping[str, str]) -> int | None:
    """Return the seconds that the demo lasts; None to run until Ctrl-C.

    An empty variable counts as unset, as in the settings.

    Raises:
        BadDuration: It is no integer, or too small or too large.
    """
    text = environ.get("DEMO_SECONDS", "").strip()
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,9}", text) and SHORTEST <= int(text) <= LONGEST:
        return int(text)
    raise BadDuration(
        f"DEMO_SECONDS = {text!r}, must be an integer from {SHORTEST} to {LONGEST}, "
        "or unset to run until Ctrl-C"
    )
