"""Derive the parts of a process type's work from what a poll has seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Callable, Optional

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_busy import busy_among
from scalar_agent.celery_found import Job, Key, Look, all_due, read_times
from scalar_agent.celery_routes import Routes


@dataclass
class Seen:
    """Everything that one poll has seen.

    Attributes:
        now: Seconds since 1970.
        due: Due jobs that the broker held, in either look.
        last: The later look.
        unread: Number of messages not inspected, by queue.
        unread_unacked: The same for unacknowledged messages.
        reports_unacked: The broker reports the jobs that workers hold.
        running: Jobs that only the workers know, with their queues.
        answers: The workers' answers; None if they were not asked.
        is_deserted: No worker is alive; None if unknown.
        why_not_known: Why `is_deserted` is unknown.
        keep: Process type -> number of dynos to keep.
        doubts: Why more jobs may be running, and of which process types.
    """

    now: float
    due: dict[Key, Job]
    last: Look
    unread: Mapping[str, int]
    unread_unacked: int
    reports_unacked: bool
    running: dict[str, frozenset[str]] = field(default_factory=dict)
    answers: Optional[Answers] = None
    is_deserted: Optional[bool] = False
    why_not_known: str = ""
    keep: Mapping[str, int] = field(default_factory=dict)
    doubts: list[tuple[str, Collection[str]]] = field(default_factory=list)
    #: The queues of all process types, and whether busy dynos were asked for.
    queues: Mapping[str, Collection[str]] = field(default_factory=dict)
    asks_busy: bool = False
    #: Why workers may hold jobs for later that nobody else knows; empty if not.
    why_no_etas: str = ""

    def has_unacked(self) -> bool:
        """Return whether a worker holds a job that is due."""
        due = all_due(self.last.unacked, self.now)
        return bool(self.last.unread_unacked or due)

    def doubt(self, process: str) -> Optional[str]:
        """Return why more jobs of a process type may run than are seen."""
        reasons = (reason for reason, whose in self.doubts if process in whose)
        return next(reasons, None)


def silence(answers: Answers, timeout: float) -> str:
    """Return a sentence that says how many workers did not answer."""
    return (
        f"{answers.silent} of {answers.heard} workers did not answer "
        f"within {timeout:g} s"
    )


def latency(
    queues: frozenset[str], seen: Seen, unknown: dict[str, str]
) -> Optional[float]:
    """Return how long the oldest due job has waited.

    The jobs of a list are in order: if the first one that is due is stamped, so are
    the others.
    """
    ages = [0.0]
    for queue in sorted(queues):
        lists = [jobs for (name, _), jobs in seen.last.ready.items() if name == queue]
        due = [[job for job in jobs if job.is_due(seen.now)] for jobs in lists]
        if seen.last.unread[queue] and not any(due):
            unknown["latency"] = f"the messages of queue {queue!r} were not inspected"
            return None
        if any(jobs and jobs[0].since is None for jobs in due):
            unknown["latency"] = (
                f"the oldest message of queue {queue!r} carries no time of sending; "
                "its sender must import scalar_agent.celery"
            )
            return None
        times = (job.since for jobs in due for job in jobs)
        ages += [seen.now - since for since in times if since is not None]
    return max(ages)


def next_eta(
    queues: frozenset[str], unread: int, seen: Seen, unknown: dict[str, str]
) -> Optional[float]:
    """Return the seconds until the next job with an ETA in the future is due.

    None without an entry in `unknown` says that there is none.
    """
    if seen.why_no_etas:
        unknown["next_eta"] = seen.why_no_etas
        return None
    if unread:
        unknown["next_eta"] = f"{unread} messages were not inspected"
        return None
    waits = [
        job.eta - seen.now
        for job in seen.last.jobs()
        if job.eta is not None
        and job.eta > seen.now
        and not queues.isdisjoint(job.queues)
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
    due = all_due(seen.last.unacked, seen.now).values()
    mine = sum(not queues.isdisjoint(job.queues) for job in due)
    return mine + seen.last.unread_unacked


def busy_dynos(
    process: str, timeout: float, seen: Seen, unknown: dict[str, str]
) -> Optional[tuple[str, ...]]:
    """Return the busy dynos of a process type, in order of their numbers."""
    answers = seen.answers
    if answers is None:
        return None
    reason = seen.doubt(process)
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


def held_jobs(
    answers: Answers, routes: Routes, read_eta: Callable[[str], float]
) -> list[Job]:
    """Return the jobs that the workers report."""
    jobs = []
    for task in answers.tasks():
        eta: Optional[float] = None
        # A running job has started, whatever its ETA.
        if not task.is_active:
            eta, _ = read_times({"eta": task.eta}, read_eta)
        queues = routes.queues(task.exchange, task.routing_key)
        jobs.append(Job((task.id, task.worker), queues, eta))
    return jobs
