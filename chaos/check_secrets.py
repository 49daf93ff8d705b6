"""Is there a secret in what the scaler logs, records and prints?"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from chaos.history import History
from chaos.violation import Violation


def spellings(secret: str, user: str = "") -> set[str]:
    """Return the ways in which a secret may be written."""
    found = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    found |= {json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    signed = {secret, f"{user}:{secret}", f":{secret}", f"{secret}:"}
    for text in signed:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(text.encode()).decode().rstrip("="))
    return found


def leaks(where: str, text: str, secrets: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a text that have a secret, without it.

    Args:
        where: What the text is.
        text: The text.
        secrets: The spellings of each secret, by what it is.
    """
    for what, spelt in secrets.items():
        if not any(one in text for one in spelt):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            shown = line
            for one in sorted(spelt, key=len, reverse=True):
                shown = shown.replace(one, f"<{what}>")
            if shown != line:
                yield f"{where}:{number}: {shown[:300]}"


def leaks_of_logs(folder: Path, secrets: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the leaks in the logs of our own processes."""
    return [
        leak
        for log in sorted(folder.rglob("*.log"))
        if log.name != "redis.log"
        for leak in leaks(log.name, log.read_text(errors="replace"), secrets)
    ]


def check_secrets(history: History) -> Iterator[Violation]:
    """Yield where a secret was shown, or sent to another host."""
    for leak in history.leaks:
        yield Violation("no secret is shown", leak)
    for answer in history.answers:
        if answer.leaked:
            yield Violation(
                "a password is sent only to its host",
                f"that of {answer.app} was sent to another host",
            )
