"""Find out why more jobs may need a worker than are seen, and more dynos be busy."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_parts import Seen, silence
from scalar_agent.celery_server import Server
from scalar_agent.celery_silence import UNHEARD
from scalar_agent.celery_watch import Watch
from scalar_agent.dynos import dyno_of, process_type_of

NO_REMOTE_CONTROL = "worker_enable_remote_control is off, so workers cannot be asked"
SHUTTING_DOWN = "a worker that was not seen may be shutting down"
MAY_HIDE = "a worker that cannot answer may have got a job that nobody has noted"
FORGOTTEN = "a worker that does not answer may run jobs that the broker has forgotten"


class Doubts:
    """Adds the doubts of one poll to what it has seen.

    If no task is acknowledged early, the broker knows each job that a worker has,
    heard or not, with two exceptions: those from before its restart, and one that
    a worker has got and not noted yet.
    """

    def __init__(
        self,
        seen: Seen,
        watch: Watch,
        server: Server,
        processes: Collection[str],
        sharing: Mapping[str, Collection[str]],
        *,
        acks_early: bool,
    ) -> None:
        self._seen = seen
        self._watch = watch
        self._server = server
        self._processes = processes
        self._sharing = sharing
        self._early = acks_early

    def add_without_remote_control(self, longest: float) -> None:
        """Add those of an app whose workers cannot be asked.

        Args:
            longest: Seconds that a job may have run on after a restart.
        """
        seen, server = self._seen, self._server
        if seen.has_unacked():
            seen.is_deserted, seen.why_not_known = None, NO_REMOTE_CONTROL
        is_young = server.age is not None and server.age < longest
        if self._early or (is_young and server.readers):
            seen.doubts.append((NO_REMOTE_CONTROL, self._processes))

    def add_without_agent(self, answers: Answers) -> None:
        """Add that of workers that do not report all their jobs."""
        silent = self._watch.without_agent
        if silent:
            text = (
                f"{len(silent)} of {answers.heard} workers do not report their "
                "jobs; their app must import scalar_agent.celery"
            )
            self._seen.doubts.append((text, self._processes))

    def add_unattributed(self, answers: Answers) -> None:
        """Add that of workers which run jobs of queues that are not known."""
        for task in answers.tasks():
            at = self._seen.routes.queues(task.exchange, task.routing_key)
            if task.is_active and not at:
                text = f"{task.worker} runs a job of exchange {task.exchange!r}, "
                text += "whose queue is not known"
                self._seen.doubts.append((text, self._whose(task.worker)))

    def _whose(self, worker: str) -> Collection[str]:
        """Return the process types that a worker's jobs may belong to."""
        dyno = dyno_of(worker)
        process = process_type_of(dyno) if dyno else ""
        return self._sharing.get(process, self._processes)

    def add_all(self, answers: Answers, solo: int) -> None:
        """Add those that follow from who has answered.

        Args:
            answers: The workers' answers.
            solo: How many silent workers cannot answer because they run a job,
                which the broker knows.
        """
        self._add_returning(answers)
        self._add_silent(answers, answers.silent - solo)
        self._add_missed()
        self._add_unheard(answers)
        self._add_deserted()

    def _add(self, reason: str, *, is_sure: bool = False) -> None:
        """Doubt the busy dynos; the counts, too, if acks are early or it is sure."""
        doubts = self._seen.busy_doubts
        if self._early or is_sure:
            doubts = self._seen.doubts
        doubts.append((reason, self._processes))

    def _add_returning(self, answers: Answers) -> None:
        silent, server = self._watch.silence, self._server
        reason = silent.returning(answers, server, self._seen.now)
        if reason:
            # Else it still knows each job that is to be acknowledged late.
            self._add(reason, is_sure=silent.is_new(server, self._seen.now))
            self._seen.is_deserted, self._seen.why_not_known = None, reason
        elif silent.has_restarted(answers.names, server):
            self._add(FORGOTTEN, is_sure=True)

    def _add_silent(self, answers: Answers, silent: int) -> None:
        server = self._server
        if answers.failure:
            self._add(answers.failure)
            if self._seen.has_unacked():
                self._seen.is_deserted = None
                self._seen.why_not_known = answers.failure
        if silent > 0:
            self._add(silence(answers, self._watch.timeout))
            if server.readers is None or server.readers > server.waiting:
                self._add(MAY_HIDE, is_sure=True)
        if answers.may_hide:
            self._add(MAY_HIDE, is_sure=True)

    def _add_missed(self) -> None:
        if not self._early:
            return
        for worker in sorted(self._watch.missed()):
            text = f"{worker} is gone but may still be running jobs"
            self._seen.doubts.append((text, self._whose(worker)))

    def _add_unheard(self, answers: Answers) -> None:
        heard = len(answers.names) + answers.silent
        if self._early and self._watch.silence.unexplained(
            heard, self._server, holds_jobs=self._seen.has_unacked()
        ):
            self._add(UNHEARD)
            if self._seen.is_deserted:
                self._seen.is_deserted, self._seen.why_not_known = None, UNHEARD

    def _add_deserted(self) -> None:
        """Add doubts about workers that shut down and no longer listen.

        One that runs only acknowledged jobs leaves no trace but its connection.
        """
        seen, server = self._seen, self._server
        has_left = self._early and (server.readers or 0) > server.waiting
        looks_so = bool(
            seen.is_deserted
            and not seen.last.listed
            and (seen.has_unacked() or has_left)
        )
        is_closing = self._watch.may_be_closing(looks_so=looks_so)
        if is_closing and self._early:
            seen.doubts.append((SHUTTING_DOWN, self._processes))
        if seen.is_deserted and (is_closing or self._watch.missed()):
            seen.is_deserted, seen.why_not_known = None, SHUTTING_DOWN
