"""Read what RQ keeps in Redis about its queues, jobs and workers.

Where a job is, in RQ 2 and 3:

    queue          waits; `enqueued_at` in the job's hash says since when
    intermediate   a worker of a single queue has dequeued it, just now or before
                   it was killed
    started        a worker runs it; RQ believes so until the time in the score
    scheduled      not yet due, or due and not yet moved to its queue: the score is
                   the due time, and only a worker with a scheduler moves it
    ready          its dependencies are met; RQ puts it into its queue at once, or
                   at the next maintenance

A worker of several queues dequeues a job some milliseconds before it records it as
started. In between the job is in no key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from redis import BlockingConnectionPool, ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry
from rq import Queue, Worker, registry
from rq.command import PUBSUB_CHANNEL_TEMPLATE
from rq.connections import parse_connection
from rq.job import Job, parse_job_id
from rq.utils import as_text, utcparse
from rq.worker_registration import REDIS_WORKER_KEYS, WORKERS_BY_QUEUE_KEY

#: Ids to read from each list or registry; jobs beyond that are only counted.
MOST_IDS = 1000
#: Jobs at the front of each queue among which to find the oldest.
MOST_AGES = 100
#: Seconds for each command; short, because a reader is waiting for the counts.
TIMEOUT = 2.0

#: What is read of a job's hash.
JOB_FIELDS = ("created_at", "status", "enqueued_at", "worker_name")

#: States of a job that is not with a worker, though a stale entry may say so.
_ELSEWHERE = frozenset(
    (
        *("created", "finished", "failed", "stopped", "canceled"),
        *("scheduled", "deferred", "rate_limited", "ready_to_enqueue"),
    )
)


@dataclass(frozen=True)
class QueueLook:
    """One look at one queue; times are UNIX seconds.

    Attributes:
        name: The queue.
        waiting: Ids of the jobs in the queue, the next first.
        ready: Ids of jobs that are ready to be enqueued -> since when.
        due: Ids of scheduled jobs that are due -> since when.
        taken: Ids of jobs in the intermediate queue.
        started: Ids of started jobs -> until when RQ believes that they run.
        unlisted: Number of jobs whose ids were not read, wherever they are.
        unlisted_taken: How many of them are with a worker.
        next_due: When the next scheduled job is due.
        workers: Keys of the workers that have registered for it.
    """

    name: str
    waiting: list[str]
    ready: dict[str, float]
    due: dict[str, float]
    taken: list[str]
    started: dict[str, float]
    unlisted: int
    unlisted_taken: int
    next_due: Optional[float]
    workers: frozenset[str]

    @property
    def ids(self) -> set[str]:
        """All ids that were read."""
        return {*self.waiting, *self.ready, *self.due, *self.taken, *self.started}


@dataclass(frozen=True)
class JobState:
    """What a job's hash says.

    Attributes:
        exists: Whether the hash is there; a job may be deleted or have expired.
        is_elsewhere: Whether it is neither in a queue nor with a worker.
        enqueued_at: UNIX seconds.
        worker: Name of the worker that started it; empty if none did.
    """

    exists: bool
    is_elsewhere: bool
    enqueued_at: Optional[float]
    worker: str = ""


@dataclass(frozen=True)
class WorkerState:
    """What a worker's hash says. One that was killed stays for up to 8 minutes."""

    name: str
    is_alive: bool
    is_busy: bool
    queues: frozenset[str] = frozenset()


def own_client(connection: Redis) -> Redis:
    """Return a client like this one, with one connection and short timeouts.

    It gives up on a hanging Redis after `TIMEOUT`, and reconnects once. A pool of a
    special kind (such as Sentinel's) is used as it is.
    """
    if type(connection.connection_pool) not in {ConnectionPool, BlockingConnectionPool}:
        return connection
    client, connection_class, options = parse_connection(connection)
    for name in ("socket_timeout", "socket_connect_timeout"):
        options[name] = min(options.get(name) or TIMEOUT, TIMEOUT)
    options["retry"] = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
    options.pop("retry_on_timeout", None)
    options.pop("retry_on_error", None)
    pool = ConnectionPool(connection_class=connection_class, **options)
    return client(connection_pool=pool)


class RqRedis:
    """Reads RQ's keys with a Redis client."""

    def __init__(self, client: Redis, queue_names: Iterable[str]) -> None:
        self._client = client
        self._queues = [Queue(name, connection=client) for name in queue_names]

    def look(self, now: float) -> dict[str, QueueLook]:
        """Return what is in each queue at one moment; one round trip."""
        with self._client.pipeline(transaction=True) as pipe:
            for queue in self._queues:
                self._ask(pipe, queue, now)
            answers = iter(pipe.execute())
        return {queue.name: _queue_look(queue.name, answers) for queue in self._queues}

    def jobs_and_workers(
        self,
        ids: Iterable[str],
        workers: Iterable[str],
        groups: Mapping[str, Collection[str]],
    ) -> tuple[dict[str, JobState], dict[str, WorkerState], dict[str, int]]:
        """Return the states of these jobs and workers; one round trip.

        Args:
            ids: Ids of jobs.
            workers: Keys of workers.
            groups: Ids of more jobs, of which is told how many exist no longer.
        """
        ids, workers = list(ids), list(workers)
        some = {name: group for name, group in groups.items() if group}
        if not ids and not workers and not some:
            return {}, {}, {}
        with self._client.pipeline(transaction=False) as pipe:
            for id_ in ids:
                pipe.hmget(Job.key_for(id_), *JOB_FIELDS)
            for key in workers:
                pipe.hmget(key, "birth", "death", "state", "queues")
            for group in some.values():
                pipe.exists(*map(Job.key_for, group))
            answers = iter(pipe.execute())
        jobs = {id_: _job_state(*next(answers)) for id_ in ids}
        states = {key: _worker_state(key, *next(answers)) for key in workers}
        gone = {name: len(group) - next(answers) for name, group in some.items()}
        return jobs, states, gone

    def all_workers(self) -> tuple[frozenset[str], list[Any]]:
        """Return the keys of all workers that have registered, and who is connected.

        The latter is what INFO, CLIENT LIST and PUBSUB CHANNELS answer, or the
        errors that they do. One round trip.
        """
        pipe: Any
        with self._client.pipeline(transaction=False) as pipe:
            # Redis' own text, whatever the client would make of it.
            pipe.response_callbacks = pipe.response_callbacks.copy()
            for name in ("INFO", "CLIENT LIST"):
                pipe.response_callbacks.pop(name, None)
            pipe.smembers(REDIS_WORKER_KEYS)
            pipe.execute_command("INFO", "server")
            pipe.execute_command("CLIENT LIST")
            pipe.execute_command("PUBSUB CHANNELS", PUBSUB_CHANNEL_TEMPLATE % "*")
            keys, *others = pipe.execute(raise_on_error=False)
        if isinstance(keys, Exception):
            raise keys
        return _texts(keys), others

    @property
    def db(self) -> int:
        """The number of the database."""
        pool = self._client.connection_pool
        return int(getattr(pool, "connection_kwargs", {}).get("db") or 0)

    @staticmethod
    def _ask(pipe: Any, queue: Queue, now: float) -> None:
        started = queue.started_job_registry.key
        scheduled = queue.scheduled_job_registry.key
        last = MOST_IDS - 1
        pipe.llen(queue.key).lrange(queue.key, 0, last)
        pipe.llen(queue.intermediate_queue_key)
        pipe.lrange(queue.intermediate_queue_key, 0, last)
        pipe.zcard(started).zrange(started, 0, last, withscores=True)
        pipe.zcount(scheduled, "-inf", now)
        pipe.zrangebyscore(scheduled, "-inf", now, 0, MOST_IDS, withscores=True)
        pipe.zrangebyscore(scheduled, f"({now}", "+inf", 0, 1, withscores=True)
        ready = _ready_key(queue)
        pipe.zcard(ready).zrange(ready, 0, last, withscores=True)
        pipe.smembers(WORKERS_BY_QUEUE_KEY % queue.name)


def _ready_key(queue: Queue) -> str:
    """Return the key of the ready jobs; before RQ 3, one that does not exist."""
    kind = getattr(registry, "ReadyJobRegistry", None)
    return str(kind(queue=queue).key) if kind else f"{queue.key}:no-ready-jobs"


def _queue_look(name: str, answers: Iterator[Any]) -> QueueLook:
    waiting, more_waiting = _listed(answers)
    taken, more_taken = _listed(answers)
    started, more_started = _scored(answers)
    due, more_due = _scored(answers)
    next_due = [score for _, score in next(answers)]
    ready, more_ready = _scored(answers)
    return QueueLook(
        name=name,
        waiting=waiting,
        ready=ready,
        due=due,
        taken=taken,
        started=started,
        unlisted=more_waiting + more_taken + more_started + more_due + more_ready,
        unlisted_taken=more_taken + more_started,
        next_due=next_due[0] if next_due else None,
        workers=_texts(next(answers)),
    )


def _listed(answers: Iterator[Any]) -> tuple[list[str], int]:
    """Return the ids of a list, and how many more it has."""
    total, ids = next(answers), next(answers)
    return [as_text(id_) for id_ in ids], total - len(ids)


def _scored(answers: Iterator[Any]) -> tuple[dict[str, float], int]:
    """Return the ids of a registry with their scores, and how many more it has.

    A started job has an entry for each execution; the last score is the highest.
    """
    total, entries = next(answers), next(answers)
    scores = {parse_job_id(as_text(entry)): float(score) for entry, score in entries}
    return scores, total - len(entries)


def _texts(values: Iterable[Any]) -> frozenset[str]:
    return frozenset(as_text(value) for value in values)


def _job_state(created_at: Any, status: Any, enqueued_at: Any, worker: Any) -> JobState:
    return JobState(
        exists=created_at is not None,
        is_elsewhere=status is not None and as_text(status) in _ELSEWHERE,
        enqueued_at=_seconds(enqueued_at),
        worker=as_text(worker) if worker else "",
    )


def _seconds(value: Any) -> Optional[float]:
    try:
        return utcparse(as_text(value)).timestamp() if value else None
    except ValueError:
        return None


def worker_key(name: str) -> str:
    """Return the key of a worker's hash."""
    return f"{Worker.redis_worker_namespace_prefix}{name}"


def _worker_state(
    key: str, birth: Any, death: Any, state: Any, queues: Any
) -> WorkerState:
    return WorkerState(
        name=key[len(Worker.redis_worker_namespace_prefix) :],
        is_alive=birth is not None and death is None,
        is_busy=state is not None and as_text(state) == "busy",
        queues=frozenset(as_text(queues).split(",") if queues else ()),
    )
