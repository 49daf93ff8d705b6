"""Answer a request for the counts, independently of the web framework."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from scalar_agent import report
from scalar_agent.auth import TOKEN_VARIABLE, Token
from scalar_agent.log import Trouble
from scalar_agent.work import Jobs, QuiescableJobs, Work

#: Where the counts are served; `is_counts_path` also accepts it without last slash.
PATH = "/api/scalar_tasks/"


@dataclass(frozen=True)
class Answer:
    """The HTTP response to send.

    Attributes:
        status: Status code.
        headers: Names and values; each name once.
        body: Empty for HEAD, though `Content-Length` is that of GET.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Endpoint:
    """Answers requests for the counts."""

    def __init__(
        self, jobs: Jobs, *, token: Optional[str] = None, open_to_everyone: bool = False
    ) -> None:
        """Make an endpoint; if the token is missing, only requests fail.

        Args:
            jobs: Measures the work, such as `CeleryJobs` or `RqJobs`.
            token: What a reader must present; None reads the environment variable
                SCALAR_AGENT_TOKEN now. Empty text means no token.
            open_to_everyone: Serve even without a token. If there is one, it is
                still required.
        """
        if token is None:
            token = os.environ.get(TOKEN_VARIABLE, "")
        self._jobs = jobs
        self._token = Token(token)
        self._is_open = open_to_everyone
        self._trouble = Trouble("measure the jobs")

    def answer(
        self,
        method: str,
        authorization: Optional[str],
        accept: Optional[str],
        keep: Optional[str] = None,
    ) -> Answer:
        """Return the answer to a request.

        Measuring takes a while, so call this where blocking is fine.

        Args:
            method: Such as "GET"; all but GET and HEAD get status 405.
            authorization: Value of the header `Authorization`, None if not sent.
            accept: Value of the header `Accept`, None if not sent.
            keep: Value of the header `Scalar-Keep`, None if not sent: the number
                of dynos to keep by process type, such as "worker=3, mailer=0". The
                workers on the others are quiesced before measuring. Ignored if
                there is no token.
        """
        if method not in {"GET", "HEAD"}:
            return _text(405, "Use GET or HEAD.", Allow="GET, HEAD")
        full = self._answer_to_get(authorization, accept, keep)
        return full if method == "GET" else Answer(full.status, full.headers, b"")

    def _answer_to_get(
        self, authorization: Optional[str], accept: Optional[str], keep: Optional[str]
    ) -> Answer:
        if self._token:
            if not self._token.matches(authorization):
                challenge = {
                    "WWW-Authenticate": 'Basic realm="counts", charset="UTF-8"'
                }
                return _text(401, "The token is missing or wrong.", **challenge)
        elif not self._is_open:
            return _text(
                403,
                f"Set the config var {TOKEN_VARIABLE} of this app to a long random "
                "string and register the app with it, or mount the counts with "
                "open_to_everyone=True.",
            )
        kept = read_keep(keep) if self._token else {}
        return self._measured(kept, is_rich=accepts(accept, report.RICH_TYPE))

    def _measured(self, keep: dict[str, int], *, is_rich: bool) -> Answer:
        content_type = report.RICH_TYPE if is_rich else report.PLAIN_TYPE
        try:
            work = self._work(keep)
            warnings = getattr(self._jobs, "warnings", ())
            body = report.rich(work, warnings) if is_rich else report.plain(work)
        except Exception as error:  # noqa: BLE001 - a bug must not read as a count
            # The text of an error may hold a URL with a password.
            self._trouble.note(type(error).__name__, logging.ERROR)
            text = "cannot measure the jobs; see the app's log"
            return _answer(503, report.PLAIN_TYPE, json.dumps({"error": text}).encode())
        self._trouble.over()
        return _answer(200, content_type, body)

    def _work(self, keep: dict[str, int]) -> Mapping[str, Work]:
        if keep and isinstance(self._jobs, QuiescableJobs):
            return self._jobs.measure_before_removal(keep)
        return self._jobs.measure()


def read_keep(text: Optional[str]) -> dict[str, int]:
    """Return how many dynos to keep by process type; ignore malformed parts."""
    pairs = re.findall(r"([A-Za-z][\w-]{0,127})=([0-9]{1,6})(?:,|$)", text or "")
    return {name: int(number) for name, number in pairs}


def is_counts_path(path: str) -> bool:
    """Return whether a path is the counts' path, with or without last slash."""
    return path in {PATH, PATH[:-1]}


def accepts(accept: Optional[str], content_type: str) -> bool:
    """Return whether an `Accept` header names a content type, with q above 0."""
    for item in (accept or "").lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name == content_type and _quality(parameters) > 0:
            return True
    return False


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _text(status: int, text: str, **headers: str) -> Answer:
    return _answer(status, "text/plain; charset=utf-8", f"{text}\n".encode(), **headers)


def _answer(status: int, content_type: str, body: bytes, **headers: str) -> Answer:
    common = {
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }
    return Answer(status, tuple({**common, **headers}.items()), body)
