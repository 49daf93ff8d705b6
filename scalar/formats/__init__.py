"""Parse an app's answer in any of its forms: bytes in, readings out."""

from __future__ import annotations

from scalar.core.reading import Form, Reading
from scalar.formats.hirefire import read_hirefire
from scalar.formats.plain import read_plain
from scalar.formats.rich import MEDIA_TYPE, read_rich
from scalar.formats.strict_json import Members, load


def parse_answer(
    body: bytes, content_type: str = "", form: Form = Form.AUTO
) -> dict[str, Reading]:
    """Return the reading of each process type in an app's answer.

    Args:
        body: The answer's body.
        content_type: Its media type, which identifies the richer form.
        form: The form it must have; AUTO accepts any.

    Raises:
        CountsMalformed: The answer does not have that form. An error in one
            process type makes only that one `Unknown`.
    """
    answer = load(body)
    if form is not Form.HIREFIRE and _media_type(content_type) == MEDIA_TYPE:
        return read_rich(answer)
    if form is Form.HIREFIRE or (form is Form.AUTO and _is_list(answer)):
        return {
            name: Reading(count, is_ambiguous=True)
            for name, count in read_hirefire(answer).items()
        }
    return {name: Reading(count) for name, count in read_plain(answer).items()}


def _is_list(answer: object) -> bool:
    return isinstance(answer, list) and not isinstance(answer, Members)


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
