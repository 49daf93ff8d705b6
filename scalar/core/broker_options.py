"""The options in the query of a broker's URL.

They are settings of the app's Celery, most of them transport options, that change
where its messages are in Redis and where its workers are asked. So they are needed to
count its jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from scalar.core.errors import InvalidInput


def _text(value: str) -> str:
    return value


def _steps(value: str) -> list[int]:
    return [int(part) for part in value.split(",")]


def _is_checked(value: str) -> bool:
    words = {"none": False, "optional": False, "required": True}
    return words[value.lower().removeprefix("cert_")]


def _prefix(value: str) -> bool | str:
    """Return a prefix, or whether Kombu's own is used."""
    return {"true": True, "false": False}.get(value.lower(), value)


#: How each option is parsed.
OPTIONS: dict[str, Callable[[str], Any]] = {
    "global_keyprefix": _text,
    "priority_steps": _steps,
    "sep": _text,
    "visibility_timeout": int,
    #: Where the app's workers are asked, if its setting of that name differs.
    "control_exchange": _text,
    "unacked_key": _text,
    "unacked_index_key": _text,
    "fanout_prefix": _prefix,
    #: Whether the certificate of a `rediss://` server is checked.
    "ssl_cert_reqs": _is_checked,
}


def read_options(query: str) -> dict[str, Any]:
    """Parse the query of a broker's URL.

    Raises:
        InvalidInput: An option is unknown or has an invalid value.
    """
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in OPTIONS:
            raise InvalidInput(
                f"Option {name!r} of the broker's URL must be {', '.join(OPTIONS)}"
            )
        try:
            options[name] = OPTIONS[name](value)
        except (ValueError, KeyError) as exc:
            raise InvalidInput(
                f"Option {name} of the broker's URL cannot be read; such as "
                "?global_keyprefix=shop:&priority_steps=0,3,6,9&visibility_timeout=3600"
            ) from exc
    return options
