"""Read what workers answer, in the form in which their app writes its tasks.

JSON, YAML and MessagePack are read. Pickle is not: reading it may run any code. But
the agent's command answers with JSON inside, which is found without unpickling.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Optional

from kombu import serialization
from kombu.exceptions import KombuError
from kombu.serialization import loads

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_command import AS_TEXT

JSON = "application/json"
#: Forms that are read, and cannot do more than hold data.
SAFE = frozenset((JSON, "application/x-yaml", "application/x-msgpack"))


class Forms:
    """In which form an app's workers are to be asked.

    They can read the form of the messages that are sent to them.
    """

    def __init__(self, serializer: str) -> None:
        self._of_app = serializer
        self._seen: Counter[str] = Counter()
        #: A worker answered in a form that is not read.
        self.is_unreadable = False

    def note(self, content_type: Any) -> None:
        """Note the form of a message to the workers."""
        if isinstance(content_type, str):
            self._seen[content_type] += 1

    @property
    def serializer(self) -> str:
        """The name of the serializer for a question."""
        if self._seen and JSON not in self._seen:
            (content_type, _), *_ = self._seen.most_common(1)
            names: Any = vars(serialization)["registry"].type_to_name
            return str(names.get(content_type, self._of_app))
        return self._of_app

    @property
    def as_text(self) -> bool:
        """Whether the answers should hold JSON."""
        return self.is_unreadable or self.serializer != "json"


def note_answer(message: Any, answers: Answers) -> None:
    """Add what a message says to the answers."""
    body, content_type = message.body, message.content_type
    found: Optional[dict[str, Any]] = None
    if content_type in SAFE:
        try:
            found = loads(
                body, content_type, message.content_encoding, accept={content_type}
            )
        except (KombuError, ValueError, TypeError):
            found = None
    if found is None:
        found = _json_inside(body)
    if isinstance(found, dict):
        answers.answers += [(name, _plain(answer)) for name, answer in found.items()]
    else:
        answers.unreadable += 1
        answers.form = str(content_type)


def _plain(answer: Any) -> Any:
    if isinstance(answer, dict) and AS_TEXT in answer:
        return json.loads(answer[AS_TEXT])
    return answer


def _json_inside(body: Any) -> Optional[dict[str, Any]]:
    """Return the answer whose JSON is in a pickle; None if there is none."""
    data = body.encode("latin-1", "replace") if isinstance(body, str) else bytes(body)
    place = data.find(AS_TEXT.encode())
    start = data.find(b'{"name": ', place)
    if place < 0 or start < 0:
        return None
    try:
        answer, _ = json.JSONDecoder().raw_decode(data[start:].decode("latin-1"))
        return {answer["name"]: answer}
    except (ValueError, KeyError, TypeError):
        return None
