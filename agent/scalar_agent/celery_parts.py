"""Derive the parts of a process type's work from what a poll has seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Callable, Optional

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_busy import busy_among
from scalar_agent.celery_found import Job, Key, Look, Times
from scalar_agent.celery_held import Unacknowledged, earliest
from scalar_agent.celery_routes import Routes


@dataclass
class Seen:
    """Everything that one poll has seen.

    Attributes:
        now: Seconds since 1970.
        due: Due jobs that waited, in either look.
        last: The later look.
        routes: Where messages go.
        held: What the broker says of jobs that workers hold.
        running: The queues of jobs that only the workers know.
        answers: The workers' answers; None if they were not asked.
        unacked_times: The times of the held jobs that belong to some queues and do
            not run, as the broker knows them.
        is_deserted: No worker is alive; None if unknown.
        why_not_known: Why `is_deserted` is unknown.
        keep: Process type -> number of dynos to keep.
        doubts: Why more jobs may need a worker, and of which process types.
        busy_doubts: Why more dynos may be busy, likewise.
        unknown_queues: Which queues nobody knows, likewise.
    """

    now: float
    due: dict[Key, Job]
    last: Look
    routes: Routes
    held: Unacknowledged = field(default_factory=Unacknowledged)
    running: list[frozenset[str]] = field(default_factory=list)
    answers: Optional[Answers] = None
    unacked_times: Callable[[frozenset[str]], Iterator[Times]] = lambda _: iter(())
    is_deserted: Optional[bool] = False
    why_not_known: str = ""
    keep: Mapping[str, int] = field(default_factory=dict)
    doubts: list[tuple[str, Collection[str]]] = field(default_factory=list)
    busy_doubts: list[tuple[str, Collection[str]]] = field(default_factory=list)
    unknown_queues: list[tuple[str, Collection[str]]] = field(default_factory=list)
    #: The queues of all process types, and whether busy dynos were asked for.
    queues: Mapping[str, Collection[str]] = field(default_factory=dict)
    asks_busy: bool = False
    #: Why workers may hold jobs for later that nobody else knows; empty if not.
    why_no_etas: str = ""

    def has_unacked(self) -> bool:
        """Return whether a worker holds a job that is due."""
        return bool(self.last.unread_unacked or any(self.held.due.values()))

    def doubt(self, process: str) -> Optional[str]:
        """Return why more jobs of a process type may need a worker than are seen."""
        return _first(self.doubts, process)

    def unknown_queue(self, process: str) -> Optional[str]:
        """Return which queue of a process type nobody knows."""
        return _first(self.unknown_queues, process)

    def busy_doubt(self, process: str) -> Optional[str]:
        """Return why more dynos of a process type may be busy than are seen."""
        return _first([*self.doubts, *self.busy_doubts], process)


def silence(answers: Answers, timeout: float) -> str:
    """Return a sentence that says how many workers did not answer."""
    if answers.unreadable:
        return (
            f"{answers.unreadable} of {answers.heard} workers answer in "
            f"{answers.form}, which is not read"
        )
    return (
        f"{answers.silent} of {answers.heard} workers did not answer "
        f"within {timeout:g} s"
    )


def latency(
    queues: frozenset[str], seen: Seen, unknown: dict[str, str]
) -> Optional[float]:
    """Return how long the oldest due job has waited, in a queue or with a worker.

    The jobs of a list are in order: if the first one that is due is stamped, so are
    the others.
    """
    ages = [0.0]
    for queue in sorted(queues):
        lists = [jobs for (name, _), jobs in seen.last.ready.items() if name == queue]
        due = [[job for job in jobs if job.is_due(seen.now)] for jobs in lists]
        is_read = not (seen.last.unread[queue] or seen.last.behind[queue])
        if not is_read and not any(due):
            unknown["latency"] = f"the messages of queue {queue!r} were not inspected"
            return None
        if any(jobs and jobs[0].times.since is None for jobs in due):
            unknown["latency"] = (
                f"the oldest message of queue {queue!r} carries no time of sending; "
                "its sender must import scalar_agent.celery"
            )
            return None
        times = (job.times.since for jobs in due for job in jobs)
        ages += [seen.now - since for since in times if since is not None]
    since, reason = _held_since(queues, seen)
    if reason:
        unknown["latency"] = reason
        return None
    if since is not None:
        ages.append(seen.now - since)
    return max(ages)


def _held_since(queues: frozenset[str], seen: Seen) -> tuple[Optional[float], str]:
    """Return since when the oldest job waits that a worker holds and does not run.

    None if there is none, or with a reason. Jobs of dead workers wait for none.
    """
    answers = seen.answers
    if answers is None or not answers.heard:
        return None, answers.failure if answers and seen.held.count(queues) else ""
    if seen.held.count(queues) > answers.silent > 0:
        return None, "a worker that holds jobs did not answer"
    waits = answers.waits()
    if waits is None:
        if not seen.held.count(queues):
            return None, ""
        times = list(seen.unacked_times(queues))
        since = earliest(times)
        is_known = since is not None or not times
    else:
        mine = [
            since
            for exchange, key, since in waits
            if not queues.isdisjoint(seen.routes.queues(exchange, key))
        ]
        since = None if None in mine else min((x for x in mine if x), default=None)
        is_known = since is not None or not mine
    return since, "" if is_known else "a message with a worker has no time of sending"


def next_eta(
    queues: frozenset[str], unread: int, seen: Seen, unknown: dict[str, str]
) -> Optional[float]:
    """Return the seconds until the next job with an ETA in the future is due.

    None without an entry in `unknown` means that no job has one.
    """
    if seen.why_no_etas:
        unknown["next_eta"] = seen.why_no_etas
        return None
    if unread:
        unknown["next_eta"] = f"{unread} messages were not inspected"
        return None
    etas = [
        (job.queues, job.times.eta)
        for job in (*seen.last.waiting(), *seen.last.unacked)
        if job.times.eta is not None
    ]
    etas += [(frozenset([queue]), eta) for queue, eta in seen.last.behind_etas]
    etas += seen.held.etas
    waits = [
        eta - seen.now
        for at, eta in etas
        if eta > seen.now and not queues.isdisjoint(at)
    ]
    return min(waits, default=None)


def stranded(
    queues: frozenset[str], seen: Seen, unknown: dict[str, str]
) -> Optional[int]:
    """Return the number of jobs that dead workers hold."""
    if seen.is_deserted is None:
        unknown["stranded"] = seen.why_not_known
        return None
    if not seen.is_deserted:
        return 0
    if seen.last.unread_unacked:
        unknown["stranded"] = unread(seen)
        return None
    return seen.held.count(queues)


def unread(seen: Seen) -> str:
    """Return a sentence that says how many held messages are still to be read."""
    return f"{seen.last.unread_unacked} unacknowledged messages were not read yet"


def busy_dynos(
    process: str, timeout: float, seen: Seen, unknown: dict[str, str]
) -> Optional[tuple[str, ...]]:
    """Return the busy dynos of a process type, in order of their numbers."""
    answers = seen.answers
    if answers is None:
        return None
    reason = seen.busy_doubt(process) or answers.failure
    if answers.silent and not reason:
        reason = silence(answers, timeout)
    if reason:
        unknown["busy_dynos"] = reason
        return None
    if not answers.heard:
        return ()
    dynos, reason = busy_among(
        process, answers, seen.queues, keep=seen.keep, asked=seen.asks_busy
    )
    if reason:
        unknown["busy_dynos"] = reason
    return dynos


def _first(
    doubts: Collection[tuple[str, Collection[str]]], process: str
) -> Optional[str]:
    reasons = (reason for reason, whose in doubts if process in whose)
    return next(reasons, None)
