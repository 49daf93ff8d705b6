"""Combine what the broker and the workers report about an app's jobs."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Optional

from celery import Celery
from celery.utils.time import maybe_iso8601, maybe_make_aware

from scalar_agent.celery_answers import Answers, Held
from scalar_agent.celery_doubts import Doubts
from scalar_agent.celery_found import Job, Look, Times, all_due
from scalar_agent.celery_held import running, unacknowledged
from scalar_agent.celery_message import read_times
from scalar_agent.celery_names import QueueNames
from scalar_agent.celery_notes import Notes
from scalar_agent.celery_parts import (
    Seen,
    busy_dynos,
    latency,
    next_eta,
    stranded,
    unread,
)
from scalar_agent.celery_routes import Routes
from scalar_agent.celery_watch import Watch
from scalar_agent.work import Work

#: Seconds between the two looks: longer than a worker takes to pick up a job.
PAUSE = 0.05
#: Seconds for which a job may run that a broker has forgotten in a restart.
LONG = 3_600.0

NOTHING_REMOVED: Mapping[str, int] = {}


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
        self.names = QueueNames(
            app, (name for names in queues.values() for name in names)
        )

    def note_reconnected(self) -> None:
        """Note that the connection to the broker broke."""
        self._watch.silence.note_reconnected(time.time())

    def measure(
        self, broker: Any, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> dict[str, Work]:
        """Return the work of each process type.

        If dynos are to be removed, the workers on them are quiesced first; one
        that still consumes counts as busy.

        The broker is read before the workers are asked: a job that starts in
        between is seen twice and recognized by its tag, not missed.

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
            last = broker.look(known, routes, self._read_eta, first)
        now = last.at
        due = {**all_due(first.waiting(), now), **all_due(last.waiting(), now)}
        seen = Seen(now, due, last, routes, keep=keep)
        notes = Notes(last.notes, now)
        self._watch.silence.note_server(broker.server, now)
        if broker.reports_unacked:
            seen.held = unacknowledged(broker.unacked, first, last, routes, now)
            held = seen.held.tags
            seen.due = {
                key: job for key, job in due.items() if key[1].encode() not in held
            }
            self._ask(broker, notes, due, seen)
            self._check_names(broker, notes, seen)
            notes.drop_old()
            broker.write(notes)
        else:
            self._ask_for_all(broker, notes, seen)
        seen.queues, seen.asks_busy = self._queues, self._busy_dynos
        if not broker.reports_unacked and seen.doubts:
            # RabbitMQ does not tell what workers hold, and some did not say.
            seen.why_no_etas = seen.doubts[0][0]
        return {
            process: self._work(process, frozenset(queues), seen)
            for process, queues in self._queues.items()
        }

    def resume(self, broker: Any, processes: Collection[str]) -> None:
        """Let the workers of these process types go on, if all of them stay."""
        self._watch.resume(broker, processes)

    def _ask(
        self, broker: Any, notes: Notes, waiting: dict[Any, Job], seen: Seen
    ) -> None:
        """Ask the workers for what the broker does not know.

        Even if all tasks are acknowledged late: the workers may have others than
        this process, and a broker that was restarted has forgotten all of them.
        """
        doubts = self._doubts(broker, seen)
        if not self._app.conf.worker_enable_remote_control:
            doubts.add_without_remote_control(LONG)
            return
        age = broker.server.age
        is_young = age is not None and age < LONG
        answers = self._watch.ask(
            broker, notes, seen.now, all_tasks=bool(seen.keep) or is_young
        )
        seen.answers = answers
        seen.is_deserted = not answers.heard
        places = {(task.exchange, task.routing_key) for task in answers.tasks()}
        broker.learn(seen.routes, places)
        seen.running = running(
            answers.tasks(),
            waiting,
            seen.held,
            seen.routes,
            is_due=lambda task: self._needs_worker(task, seen.now),
            ids=lambda: {id_ for *_, id_ in broker.unacked.messages(seen.last.tags)},
        )
        seen.unacked_times = lambda queues: _not_running(broker, queues, seen)
        doubts.add_unattributed(answers)
        doubts.add_all(answers, self._watch.solo(answers, notes))

    def _check_names(self, broker: Any, notes: Notes, seen: Seen) -> None:
        """Doubt the counts of queues that nobody knows."""
        in_use = {queue for queue, _ in seen.last.ready if seen.last.lengths[queue]}
        in_use |= {queue for queues in seen.held.due for queue in queues}
        read = seen.answers.queues() if seen.answers else set()
        for name, reason in self.names.check(broker, notes, in_use, read).items():
            whose = [process for process, own in self._queues.items() if name in own]
            seen.unknown_queues.append((reason, whose))

    def _ask_for_all(self, broker: Any, notes: Notes, seen: Seen) -> None:
        """Ask the workers for all jobs that they hold.

        A job that was ready and has been delivered since is recognized by its id.
        None can be stranded: RabbitMQ requeues the jobs of a dead worker.
        """
        doubts = self._doubts(broker, seen)
        if not self._app.conf.worker_enable_remote_control:
            doubts.add_without_remote_control(LONG)
            return
        seen.answers = answers = self._watch.ask(broker, notes, seen.now)
        ids = {id_ for id_, _ in seen.due}
        for task in {(x.worker, x.tag, x.id): x for x in answers.tasks()}.values():
            queues = seen.routes.queues(task.exchange, task.routing_key)
            # A running job has started, whatever its ETA.
            times = Times() if task.is_active else self._times(task)
            seen.last.unacked.append(Job((task.id, task.worker), queues, times))
            if times.is_due(seen.now) and task.id not in ids:
                seen.running.append(queues)
        doubts.add_without_agent(answers)
        doubts.add_all(answers, 0)

    def _doubts(self, broker: Any, seen: Seen) -> Doubts:
        return Doubts(
            seen,
            self._watch,
            broker.server,
            self._queues,
            self._sharing,
            # RabbitMQ does not tell which jobs are held, so the workers must.
            acks_early=not broker.reports_unacked or acks_early(self._app),
        )

    def _work(self, process: str, queues: frozenset[str], seen: Seen) -> Work:
        unknown: dict[str, str] = {}
        last = seen.last
        jobs = [job for job in seen.due.values() if not queues.isdisjoint(job.queues)]
        running = [at for at in seen.running if not queues.isdisjoint(at)]
        count = len(jobs) + len(running) + sum(last.behind[queue] for queue in queues)
        count += seen.held.count(queues)
        unread_ready = sum(last.unread[queue] for queue in queues)
        reason = seen.doubt(process)
        if reason and self._is_solo(process) and seen.answers:
            # A worker of this pool acknowledges a job only after it has run it.
            reason = None if seen.answers.silent else reason
        if unread_ready:
            reason = f"{unread_ready} messages were not read yet"
        if last.unread_unacked:
            reason = unread(seen)
        reason = seen.unknown_queue(process) or reason
        missing = sorted(queues & seen.routes.missing)
        if missing:
            reason = f"the app has no queue {missing[0]!r} (see task_queues)"
        if reason:
            unknown["count"] = reason
        dynos = None
        if self._busy_dynos or acks_early(self._app):
            dynos = busy_dynos(process, self._watch.timeout, seen, unknown)
        return Work(
            None if reason else count,
            at_least=count if reason else 0,
            latency=latency(queues, seen, unknown),
            busy_dynos=dynos,
            next_eta=next_eta(
                queues, unread_ready + last.unread_unacked, seen, unknown
            ),
            stranded=stranded(queues, seen, unknown),
            unknown=unknown,
        )

    def _is_solo(self, process: str) -> bool:
        """Return whether all workers that read its queues use the pool "solo"."""
        default = self._app.conf.worker_pool
        pools = (self._pools.get(other, default) for other in self._sharing[process])
        return all(pool == "solo" for pool in pools)

    def _needs_worker(self, task: Held, now: float) -> bool:
        times = self._times(task)
        return times.is_due(now) and not times.has_expired(now)

    def _times(self, task: Held) -> Times:
        return read_times({"eta": task.eta, "expires": task.expires}, self._read_eta)

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


def _not_running(broker: Any, queues: frozenset[str], seen: Seen) -> Iterator[Times]:
    """Yield the times of due jobs that workers hold and do not run."""
    answers: Optional[Answers] = seen.answers
    active = {task.id for task in answers.tasks() if task.is_active} if answers else ()
    for _, place, times, id_ in broker.unacked.messages(seen.last.tags):
        waits = id_ not in active and times.is_due(seen.now)
        if waits and not queues.isdisjoint(seen.routes.queues(*place)):
            yield times
