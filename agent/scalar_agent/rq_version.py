"""Which versions of RQ are supported; imported before anything else of RQ."""

from __future__ import annotations

from rq.version import VERSION

#: The oldest and the newest major version whose keys in Redis are known here.
OLDEST, NEWEST = 2, 3


def unsupported(version: str) -> str:
    """Return why a version is not supported; empty if it is."""
    major = version.partition(".")[0]
    if major.isdigit() and OLDEST <= int(major) <= NEWEST:
        return ""
    way_out = (
        "upgrade the agent" if major.isdigit() and int(major) > NEWEST else "upgrade RQ"
    )
    return f"RQ {version} is not supported, only {OLDEST}.0 to {NEWEST}.x; {way_out}"


#: Why the installed RQ is not supported; empty if it is.
UNSUPPORTED = unsupported(VERSION)

if UNSUPPORTED and "upgrade RQ" in UNSUPPORTED:
    # It lacks what the other modules import.
    raise ImportError(UNSUPPORTED)
