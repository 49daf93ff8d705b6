"""Everything that a run needs: Redis, the local Heroku, the app, the scaler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import requests
from celery import Celery

from benchmarks.killed_jobs.app import BUSY, LATE, QUEUE, TASK
from benchmarks.killed_jobs.facts import FactFile
from benchmarks.killed_jobs.load import Job
from benchmarks.killed_jobs.platform import Platform
from demo import shop
from devtools.dynos import GRACE
from devtools.ending import Ending
from devtools.logs import Logs
from devtools.parts import run_to_end, wait_for
from devtools.ports import free_port
from devtools.procfile import start_process
from devtools.redis_server import redis_server
from local_heroku.control import LocalHeroku
from local_heroku.process import start as start_heroku

APP = shop.NAME
WORKER = "worker"
TOKEN = "made-up"
_WORKER = (
    "celery -A benchmarks.killed_jobs.app worker --queues {queue} "
    "--hostname $DYNO@%h --pool {pool} --concurrency 1 --loglevel INFO "
    "--without-gossip --without-mingle --without-heartbeat"
)


@dataclass(frozen=True, slots=True)
class Setup:
    """The options of a run.

    Attributes:
        busy: Whether the app reports which dynos are busy.
        late: Whether jobs are acknowledged late, and a stopping dyno gives them some
            time and then requeues them (else Celery's defaults).
        pool: The Celery workers' pool; each runs one job at a time.
        dynos: Worker dynos at the start.
        boundary: Jobs per dyno.
        most: Most dynos.
        grace: Seconds from SIGTERM to SIGKILL.
        delay: Seconds that the platform takes from a change to SIGTERM.
        generation: Of Heroku, cedar or fir.
        settings: Further settings of the scaler.
    """

    busy: bool
    late: bool = False
    pool: str = "prefork"
    dynos: int = 0
    boundary: int = 2
    most: int = 12
    grace: float = GRACE
    delay: float = 0.0
    generation: str = "cedar"
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts, all running except the scaler.

    Attributes:
        customers: A Celery app that sends jobs and queries the workers.
    """

    heroku: LocalHeroku
    platform: Platform
    facts: FactFile
    customers: Any
    logs: Logs
    _stack: ExitStack
    _scaler_env: Mapping[str, str]

    def follow(self) -> None:
        """Make the platform match Heroku's dynos."""
        self.platform.follow(tuple(self.heroku.dynos(APP)), monotonic())

    def send(self, job: Job) -> None:
        """Send a job to the queue."""
        self.facts.note("sent", job=job.number)
        self.customers.send_task(TASK, (job.number, job.seconds), queue=QUEUE)

    def start_scaler(self) -> None:
        """Start beat and worker of the Procfile."""
        for name in ("beat", "worker"):
            log = self.logs.scaler(name)
            self._stack.enter_context(start_process(name, self._scaler_env, log))


@contextmanager
def set_up(folder: Path, setup: Setup) -> Iterator[Stage]:
    """Start everything but the scaler; stop it all with the `with` block.

    Args:
        folder: Where everything logs.
        setup: The options of the run.

    Raises:
        PartFailed: A part did not start.
    """
    logs, ending = Logs(folder), Ending()
    facts = FactFile(folder / "facts.jsonl")
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(folder))
        heroku = stack.enter_context(
            start_heroku(boot_seconds=0, stop_seconds=0, log=logs.heroku)
        )
        port = free_port()
        # A separate database keeps the app's queues apart from the scaler's.
        broker = f"redis://127.0.0.1:{redis.port}/1"
        heroku.create_app(
            APP,
            {"web": 1, WORKER: setup.dynos},
            commands=_lines(setup),
            generation=setup.generation,
        )
        platform = Platform(
            _app_env(setup, broker, port),
            logs,
            facts,
            grace=setup.grace,
            delay=setup.delay,
        )
        stack.callback(platform.kill)
        customers: Any = Celery("customers", broker=broker, set_as_current=False)
        stack.callback(customers.close)
        env = {
            **shop.scaler_environment(heroku, redis.url, folder),
            "COUNT_BOUNDARY": str(setup.boundary),
            "MAX_DYNOS": str(setup.most),
            "LOG_LEVEL": "DEBUG",
            **setup.settings,
        }
        stage = Stage(heroku, platform, facts, customers, logs, stack, env)
        _await_app(stage, port, ending)
        for number, command in enumerate(_commands(port)):
            log = logs.command(f"command-{number}")
            run_to_end(command, command, env, log, ending)
        yield stage


def _lines(setup: Setup) -> dict[str, str]:
    """Return the app's Procfile."""
    worker = _WORKER.format(queue=QUEUE, pool=setup.pool)
    return {"web": "python -m benchmarks.killed_jobs.web", WORKER: worker}


def _app_env(setup: Setup, broker: str, port: int) -> dict[str, str]:
    env = {
        **shop.app_environment(broker, port),
        "SCALAR_AGENT_TOKEN": TOKEN,
        BUSY: "yes" if setup.busy else "no",
        LATE: "yes" if setup.late else "no",
    }
    return {**env, "REMAP_SIGTERM": "SIGQUIT"} if setup.late else env


def _url(port: int, credentials: str = "") -> str:
    return f"http://{credentials}127.0.0.1:{port}/api/scalar_tasks/"


def _commands(port: int) -> tuple[str, ...]:
    """Return the commands that run once before the scaler."""
    url = _url(port, f"any:{TOKEN}@")
    return "python cli.py initialise-project", f"python cli.py add-app {APP} {url}"


def _await_app(stage: Stage, port: int, ending: Ending) -> None:
    """Wait until the web dyno serves counts."""

    def serves() -> bool:
        stage.follow()
        try:
            answer = requests.get(_url(port), auth=("any", TOKEN), timeout=3)
        except requests.RequestException:
            return False
        return answer.ok

    wait_for("dyno web.1", serves, stage.logs.dyno("web.1"), ending)
