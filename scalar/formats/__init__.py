"""Read an app's answer, in whichever form it is: bytes in, readings out."""

from __future__ import annotations

from scalar.core.reading import Form, Reading
from scalar.formats.hirefire import read_hirefire
from scalar.formats.plain import read_plain
from scalar.formats.rich import MEDIA_TYPE, read_rich
from scalar.formats.strict_json import Members, load


def parse_answer(
    body: bytes, content_type: str = "", form: Form = Form.AUTO
) -> dict[str, Reading]:
    """Return what an app's answer says of each process type.

    Args:
        body: The answer.
        content_type: Its media type, which tells the richer form.
        form: The form that it has to have; AUTO for any.

    Raises:
        CountsMalformed: It is no answer in that form. What is wrong with one
            process type is `Unknown` for that one alone.
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
