"""Measure the jobs of RQ: `RqJobs(connection, {"worker": ["default"]})`.

For RQ 2 and 3. A job is counted once, wherever it is: in its queue, with a worker
or left behind by one, or scheduled and due. `rq_redis` explains where RQ keeps them.

Deferred jobs wait for other jobs and rate limited ones for a slot, not for a
worker, so they do not count. Nor do jobs of the package rq-scheduler before it
enqueues them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Optional

from redis import Redis
from redis.exceptions import RedisError

from scalar_agent import rq_version
from scalar_agent.arguments import check_flag, check_queues, check_redis
from scalar_agent.broker_errors import words_for
from scalar_agent.dynos import dyno_among, in_order, process_type_of
from scalar_agent.log import Trouble
from scalar_agent.rq_redis import (
    MOST_AGES,
    JobState,
    QueueLook,
    RqRedis,
    WorkerState,
    own_client,
    worker_key,
)
from scalar_agent.rq_silence import Clients, RqSilence
from scalar_agent.work import QueuesByProcess, Work

#: Seconds between the two looks: longer than a worker takes to record a job that it
#: has dequeued as started.
PAUSE = 0.05


class RqJobs:
    """Measures RQ's jobs in Redis; implements `Jobs`.

    Redis is read twice, and a job seen either time counts, unless its state says
    that it has ended. So none is missed while a worker takes it. This takes four
    round trips, whatever the number of jobs.
    """

    def __init__(
        self,
        connection: Redis,
        queues_by_process: QueuesByProcess,
        *,
        busy_dynos: bool = False,
    ) -> None:
        """Prepare to measure; nothing is sent yet.

        Args:
            connection: The Redis that the app's queues use. We open a connection
                of our own with its settings and short timeouts.
            queues_by_process: Process type -> names of its workers' queues.
            busy_dynos: Report the busy dynos as unknown, rather than not at all, if
                no worker is named after its dyno.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An argument is empty.
        """
        check_redis(connection)
        self._queues = check_queues(queues_by_process)
        self._asks_busy = check_flag("busy_dynos", busy_dynos)
        self._trouble = Trouble("measure RQ's jobs")
        self._place = _place(connection)
        every = dict.fromkeys(queue for one in self._queues.values() for queue in one)
        self._redis = RqRedis(own_client(connection), every)
        self._silence = RqSilence()
        self._lock = threading.Lock()

    def measure(self) -> Mapping[str, Work]:
        """Return the work of each process type; unknown if Redis does not answer."""
        reason = rq_version.UNSUPPORTED
        if not reason:
            try:
                with self._lock:
                    seen = self._see()
            except (RedisError, OSError) as error:
                reason = f"cannot read Redis{self._place}: {words_for(error)}"
        if reason:
            self._trouble.note(reason)
            return {process: _unknown(reason) for process in self._queues}
        self._trouble.over()
        return {
            process: seen.work(process, own) for process, own in self._queues.items()
        }

    def _see(self) -> _Seen:
        first = self._redis.look(time.time())
        time.sleep(PAUSE)
        now = time.time()
        then = self._redis.look(now)
        queues = {name: _Queue(first[name], then[name], now) for name in then}
        registered, connected = self._redis.all_workers()
        clients = Clients.of(*connected, db=self._redis.db)
        jobs, workers, gone = self._redis.jobs_and_workers(
            {id_ for queue in queues.values() for id_ in queue.ids_to_look_up()},
            registered.union(
                map(worker_key, clients.listening),
                *(look.workers for look in then.values()),
            ),
            {name: look.waiting[MOST_AGES:] for name, look in then.items()},
        )
        unheard = self._silence.unheard(clients, workers.values(), now)
        doubts = self._doubts(unheard)
        processes = [*self._queues]
        return _Seen(
            *(now, queues, jobs, workers, gone, doubts), processes, self._asks_busy
        )

    def _doubts(self, unheard: Mapping[str, str]) -> dict[str, str]:
        """Return process type -> why more of its jobs may run than are seen."""
        doubts: dict[str, str] = {}
        for name, reason in unheard.items():
            dyno = dyno_among(name, self._queues)
            own = self._queues.get(process_type_of(dyno) if dyno else "")
            for process, queues in self._queues.items():
                if own is None or not set(own).isdisjoint(queues):
                    doubts.setdefault(process, reason)
        return doubts


def _place(connection: Redis) -> str:
    """Return " at host:port" of a Redis, without user and password."""
    pool = getattr(connection, "connection_pool", None)
    options = getattr(pool, "connection_kwargs", {})
    if options.get("path"):
        return f" at {options['path']}"
    if not options.get("host"):
        return ""
    return f" at {options['host']}:{options.get('port', 6379)}"


def _unknown(reason: str) -> Work:
    parts = ("count", "latency", "busy_dynos", "next_eta", "stranded")
    return Work(count=None, stranded=None, unknown=dict.fromkeys(parts, reason))


@dataclass(frozen=True)
class _Queue:
    """Two looks at one queue, the second one `now`."""

    first: QueueLook
    then: QueueLook
    now: float

    def unsure(self) -> set[str]:
        """Return the jobs that may have ended; only their state shows it.

        They have disappeared, or are where a worker that dies leaves them.
        """
        expired = {id_ for id_, end in self.then.started.items() if end <= self.now}
        return (self.first.ids - self.then.ids) | {*self.then.taken} | expired

    def ids_to_look_up(self) -> set[str]:
        """Return the jobs whose state matters."""
        return self.unsure() | {*self.then.waiting[:MOST_AGES], *self.then.started}

    def needed(self, jobs: Mapping[str, JobState]) -> set[str]:
        """Return the jobs that need a worker."""
        sure = (self.then.ids - self.unsure()) - self._gone(jobs)
        waiting = {*self.then.waiting, *self.then.due, *self.then.ready}
        return sure | (waiting - self._gone(jobs)) | self._at_work(self.unsure(), jobs)

    def with_worker(self, jobs: Mapping[str, JobState]) -> set[str]:
        """Return the jobs that a worker has, or had when it died."""
        known = {*self.then.taken, *self.then.started}
        return (known - self.unsure()) | self._at_work(known & self.unsure(), jobs)

    def unlisted(self) -> int:
        """Return the jobs beyond those whose ids were read."""
        return max(self.first.unlisted, self.then.unlisted)

    def oldest(self, jobs: Mapping[str, JobState]) -> tuple[Optional[float], str]:
        """Return since when the oldest job waits, or None and the reason."""
        since = [*self.then.due.values(), *self.then.ready.values()]
        front = [jobs[id_] for id_ in self.then.waiting[:MOST_AGES]]
        for job in front:
            if job.exists and job.enqueued_at is None:
                return None, "a waiting job carries no time of enqueueing"
            if job.enqueued_at is not None:
                since.append(job.enqueued_at)
        if not since and len(self.then.waiting) > len(front):
            return None, f"the first {MOST_AGES} jobs of a queue no longer exist"
        return min(since, default=self.now), ""

    def _gone(self, jobs: Mapping[str, JobState]) -> set[str]:
        """Return waiting jobs that have expired or been deleted: none will run."""
        front = self.then.waiting[:MOST_AGES]
        return {id_ for id_ in front if not jobs[id_].exists}

    @staticmethod
    def _at_work(ids: Iterable[str], jobs: Mapping[str, JobState]) -> set[str]:
        return {i for i in ids if jobs[i].exists and not jobs[i].is_elsewhere}


@dataclass(frozen=True)
class _Seen:
    """Everything that was seen, at one time (UNIX seconds)."""

    now: float
    queues: Mapping[str, _Queue]
    jobs: Mapping[str, JobState]
    workers: Mapping[str, WorkerState]
    gone: Mapping[str, int]
    doubts: Mapping[str, str]
    processes: Collection[str]
    asks_busy: bool

    def work(self, process: str, names: Iterable[str]) -> Work:
        """Return the work of a process type that reads these queues."""
        queues = [self.queues[name] for name in dict.fromkeys(names)]
        needed: set[str] = set().union(*(queue.needed(self.jobs) for queue in queues))
        dues = [q.then.next_due for q in queues if q.then.next_due is not None]
        latency, no_latency = self._latency(queues)
        dynos, no_dynos = self._busy_dynos(process, queues)
        unknown = {"latency": no_latency, "busy_dynos": no_dynos}
        count = len(needed) + sum(queue.unlisted() for queue in queues)
        # Behind those at the front; which they are is not known.
        count -= sum(self.gone.get(queue.then.name, 0) for queue in queues)
        doubt = self.doubts.get(process, "")
        if doubt:
            unknown.update(dict.fromkeys(("count", "busy_dynos", "stranded"), doubt))
        return Work(
            count=None if doubt else count,
            at_least=count if doubt else 0,
            latency=latency,
            busy_dynos=None if doubt else dynos,
            next_eta=max(0.0, min(dues) - self.now) if dues else None,
            stranded=(
                None if doubt else sum(self._stranded(queue) for queue in queues)
            ),
            unknown={part: reason for part, reason in unknown.items() if reason},
        )

    def _latency(self, queues: list[_Queue]) -> tuple[Optional[float], str]:
        latency = 0.0
        for queue in queues:
            since, reason = queue.oldest(self.jobs)
            if since is None:
                return None, reason
            latency = max(latency, self.now - since)
        return latency, ""

    def _stranded(self, queue: _Queue) -> int:
        """Return the number of jobs of dead workers; a live one would requeue them."""
        readers = (x for x in self.workers.values() if queue.then.name in x.queues)
        if self._alive(queue.then.workers) or any(x.is_alive for x in readers):
            return 0
        return len(queue.with_worker(self.jobs)) + queue.then.unlisted_taken

    def _busy_dynos(
        self, process: str, queues: list[_Queue]
    ) -> tuple[Optional[tuple[str, ...]], str]:
        """Return the busy dynos, or None and the reason if they should be known."""
        named: dict[str, bool] = {}
        for worker in self._alive(self.workers):
            dyno = dyno_among(worker.name, self.processes)
            if dyno and process_type_of(dyno) == process:
                named[dyno] = named.get(dyno, False) or worker.is_busy
        readers = self._alive({key for queue in queues for key in queue.then.workers})
        unnamed = [x for x in readers if not dyno_among(x.name, self.processes)]
        if unnamed and not named and not self.asks_busy:
            return None, ""
        for worker in unnamed:
            if worker.is_busy:
                return None, (
                    f"the name of worker {worker.name!r} does not contain its dyno; "
                    'start it with --name "$DYNO@$(hostname)"'
                )
        for name in self._starters(queues):
            dyno = dyno_among(name, self.processes)
            if dyno and process_type_of(dyno) == process:
                named[dyno] = True
        busy = [dyno for dyno, is_busy in named.items() if is_busy]
        return tuple(sorted(busy, key=in_order)), ""

    def _starters(self, queues: list[_Queue]) -> set[str]:
        """Return workers of started jobs that no registry knows any more."""
        known = {worker.name for worker in self.workers.values()}
        started = {
            id_
            for queue in queues
            for id_, end in queue.then.started.items()
            if end > self.now and not self.jobs[id_].is_elsewhere
        }
        return {self.jobs[id_].worker for id_ in started} - known

    def _alive(self, keys: Iterable[str]) -> list[WorkerState]:
        return [self.workers[key] for key in keys if self.workers[key].is_alive]
