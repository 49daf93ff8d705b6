"""Combine what the broker and the workers report about an app's jobs."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from celery import Celery
from celery.utils.time import maybe_iso8601, maybe_make_aware

from scalar_agent.celery_answers import Answers, Held
from scalar_agent.celery_found import Look, all_due
from scalar_agent.celery_parts import (
    Seen,
    busy_dynos,
    held_jobs,
    latency,
    next_eta,
    silence,
    stranded,
)
from scalar_agent.celery_routes import Routes
from scalar_agent.celery_watch import Watch
from scalar_agent.dynos import dyno_of, process_type_of
from scalar_agent.work import Work

#: Seconds between the two looks: longer than a worker takes to pick up a job.
PAUSE = 0.05

NOTHING_REMOVED: Mapping[str, int] = {}

NO_REMOTE_CONTROL = "worker_enable_remote_control is off, so workers cannot be asked"
SHUTTING_DOWN = "a worker that was not seen may be shutting down"


class Measurer:
    """Measures an app, and remembers its workers between polls."""

    def __init__(
        self,
        app: Celery,
        queues: Mapping[str, tuple[str, ...]],
        *,
        busy_dynos: bool,
        pools: Mapping[str, str],
        inspect_timeout: float,
        time_to_end: float,
    ) -> None:
        self._app = app
        self._queues = queues
        self._busy_dynos = busy_dynos
        self._pools = pools
        #: Process type -> those that read one of its queues, itself included.
        self._sharing = {
            process: [
                other
                for other, names in queues.items()
                if not set(names).isdisjoint(queues[process])
            ]
            for process in queues
        }
        self._watch = Watch(inspect_timeout, time_to_end)

    def measure(
        self, broker: Any, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> dict[str, Work]:
        """Return the work of each process type.

        If dynos are to be removed, the workers on them are quiesced first; one
        that still consumes counts as busy.

        The broker is read before the workers are asked: a job that starts in
        between is seen twice and recognized by its id, not missed.

        A job that a worker has just popped from its list is nowhere in Redis
        until the worker has recorded it as unacknowledged. So Redis is read
        twice, and a job seen either time counts.
        """
        if keep:
            self._watch.quiesce(broker, keep)
        names = {queue for queues in self._queues.values() for queue in queues}
        routes = Routes(self._app, names)
        known = sorted(names - routes.missing)
        first: Look = broker.look(known, routes, self._read_eta)
        last = first
        if broker.reports_unacked:
            time.sleep(PAUSE)
            last = broker.look(known, routes, self._read_eta)
        now = time.time()
        seen = Seen(
            now,
            {**all_due(first.jobs(), now), **all_due(last.jobs(), now)},
            last,
            {queue: max(first.unread[queue], last.unread[queue]) for queue in known},
            max(first.unread_unacked, last.unread_unacked),
            broker.reports_unacked,
            keep=keep,
        )
        if broker.reports_unacked:
            self._ask(broker, routes, seen)
        else:
            self._ask_for_all(broker, routes, seen)
        seen.queues, seen.asks_busy = self._queues, self._busy_dynos
        if not broker.reports_unacked and seen.doubts:
            # RabbitMQ does not tell what workers hold, and some did not say.
            seen.why_no_etas = seen.doubts[0][0]
        return {
            process: self._work(process, frozenset(queues), routes, seen)
            for process, queues in self._queues.items()
        }

    def resume(self, broker: Any, processes: Collection[str]) -> None:
        """Let the workers of these process types go on, if all of them stay."""
        self._watch.resume(broker, processes)

    def _ask(self, broker: Any, routes: Routes, seen: Seen) -> None:
        """Ask the workers for what the broker does not know, if anything."""
        early = acks_early(self._app)
        if not self._app.conf.worker_enable_remote_control:
            if seen.has_unacked():
                seen.is_deserted, seen.why_not_known = None, NO_REMOTE_CONTROL
            if early:
                seen.doubts.append((NO_REMOTE_CONTROL, self._queues))
            return
        if early or self._busy_dynos:
            answers = self._watch.ask(broker, all_tasks=bool(seen.keep))
            seen.answers = answers
            seen.is_deserted = not answers.heard
            if early:
                self._add_running(answers, routes, seen)
        elif seen.has_unacked():
            seen.is_deserted = not broker.workers()
        self._doubt_desertion(broker, early, seen)

    def _ask_for_all(self, broker: Any, routes: Routes, seen: Seen) -> None:
        """Ask the workers for all jobs that they hold.

        A job that was ready and has been delivered since is recognized by its id.
        None can be stranded: RabbitMQ requeues the jobs of a dead worker.
        """
        if not self._app.conf.worker_enable_remote_control:
            seen.doubts.append((NO_REMOTE_CONTROL, self._queues))
            return
        seen.answers = answers = self._watch.ask(broker)
        ids = {id_ for id_, _ in seen.due}
        seen.last.unacked = held_jobs(answers, routes, self._read_eta)
        for job in seen.last.unacked:
            if job.is_due(seen.now) and job.key[0] not in ids:
                seen.running[job.key[0]] = job.queues
        silent = self._watch.without_agent
        if silent:
            text = (
                f"{len(silent)} of {answers.heard} workers do not report their "
                "jobs; their app must import scalar_agent.celery"
            )
            seen.doubts.append((text, self._queues))
        self._doubt_absent(answers, seen)

    def _add_running(self, answers: Answers, routes: Routes, seen: Seen) -> None:
        ids = {id_ for id_, _ in seen.due}
        for task in answers.tasks():
            if task.is_active and task.id not in ids and _is_new(task, seen):
                seen.running[task.id] = routes.queues(task.exchange, task.routing_key)
        self._doubt_absent(answers, seen)

    def _doubt_absent(self, answers: Answers, seen: Seen) -> None:
        """Add doubts about workers that did not answer and may run something."""
        if answers.silent:
            seen.doubts.append((silence(answers, self._watch.timeout), self._queues))
        for worker in sorted(self._watch.missed()):
            dyno = dyno_of(worker)
            process = process_type_of(dyno) if dyno else ""
            text = f"{worker} is gone but may still be running jobs"
            seen.doubts.append((text, self._sharing.get(process, self._queues)))

    def _doubt_desertion(self, broker: Any, early: bool, seen: Seen) -> None:  # noqa: FBT001
        """Add doubts about workers that shut down and no longer listen.

        One that runs only acknowledged jobs leaves no trace but its connection.
        """
        looks_so = bool(
            seen.is_deserted
            and not seen.last.listed
            and (seen.has_unacked() or (early and broker.has_consumer()))
        )
        is_closing = self._watch.may_be_closing(looks_so=looks_so)
        if is_closing and early:
            seen.doubts.append((SHUTTING_DOWN, self._queues))
        if seen.is_deserted and (is_closing or self._watch.missed()):
            seen.is_deserted, seen.why_not_known = None, SHUTTING_DOWN

    def _work(
        self, process: str, queues: frozenset[str], routes: Routes, seen: Seen
    ) -> Work:
        unknown: dict[str, str] = {}
        jobs = [job for job in seen.due.values() if not queues.isdisjoint(job.queues)]
        running = [at for at in seen.running.values() if not queues.isdisjoint(at)]
        unread = sum(seen.unread.get(queue, 0) for queue in queues)
        count = len(jobs) + len(running) + unread + seen.unread_unacked
        missing = sorted(queues & routes.missing)
        reason = seen.doubt(process)
        if seen.reports_unacked and reason and self._is_solo(process):
            # A worker of this pool acknowledges a job only after it has run it.
            reason = None
        if missing:
            reason = f"the app has no queue {missing[0]!r} (see task_queues)"
        if reason:
            unknown["count"] = reason
        return Work(
            None if reason else count,
            at_least=count if reason else 0,
            latency=latency(queues, seen, unknown),
            busy_dynos=busy_dynos(process, self._watch.timeout, seen, unknown),
            next_eta=next_eta(queues, unread + seen.unread_unacked, seen, unknown),
            stranded=stranded(queues, seen, unknown),
            unknown=unknown,
        )

    def _is_solo(self, process: str) -> bool:
        """Return whether all workers that read its queues use the pool "solo"."""
        default = self._app.conf.worker_pool
        pools = (self._pools.get(other, default) for other in self._sharing[process])
        return all(pool == "solo" for pool in pools)

    def _read_eta(self, text: str) -> float:
        when: Any = maybe_iso8601(text)
        if not isinstance(when, datetime):
            raise TypeError("an ETA must be a date and time")
        aware: datetime = maybe_make_aware(when, self._app.timezone)
        return aware.timestamp()


def acks_early(app: Celery) -> bool:
    """Return whether the app acknowledges some task before running it."""
    return not app.conf.task_acks_late or any(
        not task.acks_late for task in app.tasks.values()
    )


def _is_new(task: Held, seen: Seen) -> bool:
    """Return whether a running task may not have been counted yet.

    An unacknowledged one is in the broker: either inspected, and so known by its
    id, or among the others, which all count as due.
    """
    return task.is_acknowledged or not seen.unread_unacked
