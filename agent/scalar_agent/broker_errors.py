"""Say why a broker cannot be read, in its own words and without its URL.

The text of an error may hold a password, so it is only searched, never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: What a server says, in any case -> the reason.
_ANSWERS = {
    re.compile(pattern, re.IGNORECASE): words
    for pattern, words in (
        ("max(imum)? number of clients", "no connections left"),
        ("connection limit|too many connections", "no connections left"),
        ("can't run this command", "may not run a command of the script"),
        ("no permissions? to access", "may not read a key of the app"),
        ("can't access at least one", "may not read a key of the app"),
        ("wrongpass|invalid (user|pass)", "user or password refused"),
        ("noauth|authentication required", "a password is required"),
        ("without any password configured", "no password is expected"),
        (r"\boom\b|used memory > 'maxmemory'", "out of memory"),
        (r"\bmisconf\b", "cannot write to its disk"),
        (r"\breadonly\b|read only replica", "a replica that takes no writes"),
        ("loading the dataset", "is loading its data"),
        ("connection (closed|reset)|broken pipe", "connection closed"),
    )
}
_COMMAND = "'([a-z|_.-]{1,40})' command"
_MAY_NOT = re.compile(f"no permissions? to run the {_COMMAND}", re.IGNORECASE)
_NO_COMMAND = re.compile(r"unknown command [`']?([a-z]{1,20})\b", re.IGNORECASE)

#: The name of an error's class -> the reason.
_CLASSES = {
    "ConnectionRefusedError": "connection refused",
    "gaierror": "the host name cannot be resolved",
    "SSLCertVerificationError": "the certificate is not trusted",
    "SSLError": "TLS failed",
    "AuthenticationError": "user or password refused",
    "AuthenticationWrongNumberOfArgsError": "a user and a password are required",
    "AccessRefused": "user or password refused",
    "MaxConnectionsError": "no connections left",
    "BusyLoadingError": "is loading its data",
    "OutOfMemoryError": "out of memory",
    "ReadOnlyError": "a replica that takes no writes",
    "NoPermissionError": "the user lacks a permission",
    "NotAllowed": "the virtual host is refused",
    "TimeoutError": "no answer in time",
    "timeout": "no answer in time",
    "ConnectionResetError": "connection closed",
    "BrokenPipeError": "connection closed",
    "UnexpectedFrame": "connection closed",
}


def words_for(error: BaseException) -> str:
    """Return why a broker cannot be read, in a few words."""
    chain = list(_chain(error))
    for one in chain:
        text = str(one)
        if found := _MAY_NOT.search(text):
            return f"may not run {found[1].replace('|', ' ').upper()}"
        if found := _NO_COMMAND.search(text):
            return f"does not know the command {found[1].upper()}"
        for pattern, words in _ANSWERS.items():
            if pattern.search(text):
                return words
    for one in chain:
        for kind in type(one).__mro__:
            if words := _CLASSES.get(kind.__name__, ""):
                return words
    return type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that led to it."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
