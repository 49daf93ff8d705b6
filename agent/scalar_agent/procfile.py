"""Find the queues that each process type's workers read in a Procfile."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Optional, Union

_LINE = re.compile(r"^([A-Za-z0-9_-]+):[ \t]+(\S.*)$", re.MULTILINE)
_EXPANDED = re.compile(r"[$`()]")
_REDIRECTION = re.compile(r"[0-9]*[<>]")
_END_OF_COMMAND = re.compile(r"[;&|]+")

#: Options without a value; any other takes the next word, unless it has a `=`.
_CELERY_FLAGS = frozenset(
    (
        *("-C", "--no-color", "-q", "--quiet", "--version", "--skip-checks"),
        *("-D", "--detach", "-B", "--beat", "-E", "--task-events", "--events"),
        *("--disable-prefetch", "--purge", "--discard"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    )
)
_RQ_FLAGS = frozenset(
    (
        *("-b", "--burst", "-v", "--verbose", "-q", "--quiet"),
        *("-s", "--with-scheduler", "--disable-job-desc-logging"),
        *("-d", "--disable-default-exception-handler"),
    )
)
_RQ_DEFAULT_QUEUE = "default"
_SUBCOMMANDS = {
    "celery": [["worker"], ["multi"]],
    "rq": [["worker"], ["worker-pool"]],
}
#: What follows `manage.py` in an app with django-rq.
_DJANGO_RQ = frozenset(["rqworker", "rqworker-pool"])
_SHELLS = frozenset(["bash", "sh", "dash"])


class ProcfileError(ValueError):
    """A line of a Procfile does not say which queues or pool its worker uses."""


def queues_from_procfile(
    procfile: Union[str, os.PathLike[str]], default_queue: str = "celery"
) -> dict[str, tuple[str, ...]]:
    """Return process type -> queues, for those that run a Celery or RQ worker.

    Args:
        procfile: A Procfile's path, or its text.
        default_queue: What a Celery worker without `-Q` reads: the app's
            `task_default_queue`. An app with `task_queues` must use -Q.

    Raises:
        ProcfileError: A queue is in an environment variable, or a line cannot
            be parsed.
        OSError: The file cannot be read.
    """
    queues: dict[str, tuple[str, ...]] = {}
    for worker in _workers(procfile):
        found = worker.queues() or (
            (_RQ_DEFAULT_QUEUE,) if worker.is_rq else (default_queue,)
        )
        known = queues.get(worker.process_type, ())
        queues[worker.process_type] = tuple(dict.fromkeys(known + found))
    return queues


def pools_from_procfile(procfile: Union[str, os.PathLike[str]]) -> dict[str, str]:
    """Return process type -> pool, for those that run a Celery worker.

    Such as "solo", whose workers cannot answer while they run a job; "prefork" if
    the line has no `-P`. If one of several workers in a line is solo, all count so.

    Args:
        procfile: A Procfile's path, or its text.

    Raises:
        ProcfileError: As `queues_from_procfile`, for the pool.
        OSError: The file cannot be read.
    """
    pools: dict[str, str] = {}
    for worker in _workers(procfile):
        if not worker.is_rq and pools.get(worker.process_type) != "solo":
            pools[worker.process_type] = worker.pool()
    return pools


@dataclass(frozen=True)
class _Worker:
    """One worker's command line, after its program's name."""

    where: str
    process_type: str
    program: str
    options: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    @property
    def is_rq(self) -> bool:
        return self.program != "celery"

    def queues(self) -> tuple[str, ...]:
        """Return the queues that it names."""
        if self.is_rq:
            names = list(takewhile(_is_argument, self.words))
            if not names and self._option("-c", "--config"):
                self.fail("reads the queues from its settings module (-c)")
        else:
            self._known(*self.words)
            names = (self._option("-Q", "--queues") or "").split(",")
        self._known(*names)
        found = tuple(name.strip() for name in names if name.strip())
        excluded = () if self.is_rq else self._excluded()
        if excluded and not found:
            self.fail("reads all queues of the app's settings but those after -X")
        left = tuple(name for name in found if name not in excluded)
        if found and not left:
            self.fail("leaves out every queue that it names (-X)")
        return left

    def _excluded(self) -> tuple[str, ...]:
        """Return the queues that a Celery worker leaves out."""
        names = (self._option("-X", "--exclude-queues") or "").split(",")
        self._known(*names)
        return tuple(name.strip() for name in names if name.strip())

    def fail(self, what: str) -> None:
        """Refuse the line.

        Raises:
            ProcfileError: Always.
        """
        raise ProcfileError(
            f"{self.where} {what}, so its queues are not known here. Name them in that "
            'line, or pass a dict instead: {"' + self.process_type + '": ["queue"]}'
        )

    def pool(self) -> str:
        """Return the pool that it names, else "prefork"."""
        pool = self._option("-P", "--pool") or "prefork"
        self._known(pool)
        return pool

    def _option(self, *names: str) -> Optional[str]:
        """Return the value of the last of these options, as Celery takes it."""
        values = [value for name, value in self.options if name in names]
        return values[-1] if values else None

    def _known(self, *words: str) -> None:
        for word in words:
            if _EXPANDED.search(word):
                raise ProcfileError(
                    f"{self.where} has {word!r}, which only the dyno's shell can "
                    "expand. Write out the queues and the pool in that line, "
                    'or pass a dict instead: {"' + self.process_type + '": ["queue"]}'
                )


def _workers(procfile: Union[str, os.PathLike[str]]) -> Iterator[_Worker]:
    text = _text(procfile)
    for line in _LINE.finditer(text):
        number = text.count("\n", 0, line.start()) + 1
        process_type, command = line.groups()
        where = f"line {number} of the Procfile ({process_type})"
        try:
            for words in _commands(command):
                worker = _worker(where, process_type, words)
                if worker:
                    yield worker
        except ProcfileError:
            raise
        except ValueError as error:
            if re.search(r"\b(celery|rq|rqworker)\b", command):
                raise ProcfileError(f"{where} cannot be parsed: {error}") from None


def _text(procfile: Union[str, os.PathLike[str]]) -> str:
    if isinstance(procfile, str) and ("\n" in procfile or _LINE.match(procfile)):
        return procfile
    return Path(procfile).read_text(encoding="utf-8")


def _commands(command: str) -> Iterator[list[str]]:
    """Yield the words of each simple command, including those in `sh -c`."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    for word in [*lexer, ";"]:
        if not _END_OF_COMMAND.fullmatch(word):
            words.append(word)
            continue
        if "-c" in words[:-1] and _SHELLS & {_name(one) for one in words}:
            yield from _commands(words[words.index("-c") + 1])
        else:
            yield words
        words = []


def _worker(where: str, process_type: str, words: list[str]) -> Optional[_Worker]:
    """Return the worker that a simple command runs, if any.

    Ignores what comes before the program, such as `exec`, `NAME=value`,
    `poetry run` or `python -m`.
    """
    for index, word in enumerate(words):
        program, rest = _name(word), words[index + 1 :]
        if program in {"celery", "rq", *_DJANGO_RQ}:
            flags = _CELERY_FLAGS if program == "celery" else _RQ_FLAGS
            options, others = _split(rest, flags)
            is_django = program in _DJANGO_RQ
            if not is_django and others[:1] not in _SUBCOMMANDS[program]:
                return None
            arguments = tuple(others if is_django else others[1:])
            worker = _Worker(where, process_type, program, options, arguments)
            if program == "celery" and others[0] == "multi":
                worker.fail("starts its workers with `celery multi`")
            return worker
    return None


def _split(
    words: list[str], flags: frozenset[str]
) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Return the options with their values, and the other words."""
    options: list[tuple[str, str]] = []
    others: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in flags:
            continue
        if word.startswith("--") or word == "-ds":  # an option of RQ with two letters
            name, has_value, value = word.partition("=")
            options.append((name, value if has_value else next(rest, "")))
        elif word.startswith("-") and len(word) > 1:
            name, value = word[:2], word[2:].removeprefix("=")
            options.append((name, value or next(rest, "")))
        else:
            others.append(word)
    return tuple(options), others


def _is_argument(word: str) -> bool:
    return not _REDIRECTION.match(word)


def _name(word: str) -> str:
    return PurePosixPath(word).name
