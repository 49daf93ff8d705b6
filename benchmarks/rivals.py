"""Our agent and its competitors, each in a process of its own.

`started` runs one of them as its documentation recommends, with the app of a
situation. That process runs this module, too.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Any

import psutil
from celery import Celery

from agent.tests.situations.counted_app import app as app_of_environment
from agent.tests.situations.facts import Scene
from devtools.procfile import ROOT
from devtools.tether import start_tethered

REQUIREMENTS = ROOT / "benchmarks" / "requirements-rivals.txt"
FOLDER = ROOT / ".cache" / "rivals"
#: Seconds that an agent has for one answer.
PATIENCE = 20.0

OURS = "scalar-agent"
HIREFIRE = "hirefire-resource"
JUDOSCALE = "judoscale"
#: The same with its default settings: it does not track busy jobs.
JUDOSCALE_NOT_BUSY = "judoscale, not busy"


class NoAnswer(Exception):
    """The agent did not answer in time."""


@dataclass(frozen=True)
class Answer:
    """One measurement by an agent.

    Attributes:
        value: What it would report; None if it failed.
        error: Type of the exception that it raised; "" if none.
        wall: Seconds until it answered.
        cpu: CPU seconds of its process.
    """

    value: Any
    error: str
    wall: float
    cpu: float


class Agent:
    """An agent in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._buffer = b""

    def ask(self) -> Answer:
        """Let it measure once.

        Raises:
            NoAnswer: It took longer than `PATIENCE`.
        """
        assert self._process.stdin
        self._process.stdin.write(b"ask\n")
        self._process.stdin.flush()
        return self.read()

    def addresses(self) -> set[str]:
        """Return the addresses of its connections, as servers see them."""
        connections = psutil.Process(self._process.pid).net_connections("tcp")
        return {f"{it.laddr.ip}:{it.laddr.port}" for it in connections if it.laddr}

    def read(self) -> Answer:
        """Return its next answer, as `ask` does."""
        assert self._process.stdout
        end = time.monotonic() + PATIENCE
        while b"\n" not in self._buffer:
            left = max(0.0, end - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                raise NoAnswer(f"not within {PATIENCE:g} s")
            block = os.read(self._process.stdout.fileno(), 65536)
            if not block:
                raise NoAnswer("its process has ended")
            self._buffer += block
        line, _, self._buffer = self._buffer.partition(b"\n")
        return Answer(**json.loads(line))


def install() -> None:
    """Install the competitors beside `.venv`, and say so."""
    wanted = REQUIREMENTS.read_text()
    stamp = FOLDER / "requirements.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing {REQUIREMENTS.name} into .cache/rivals", file=sys.stderr)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--upgrade", "--target", str(FOLDER)]
    subprocess.run([*command, "-r", str(REQUIREMENTS)], check=True)
    stamp.write_text(wanted)


def label(agent: str) -> str:
    """Return an agent's name with its pinned version."""
    name, comma, rest = agent.partition(",")
    if name == OURS:
        return f"{name} {version('heroku-proc-scalar-agent')}"
    lines = REQUIREMENTS.read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    return f"{name} {pins[name]}{comma}{rest}"


@contextmanager
def started(name: str, scene: Scene) -> Iterator[tuple[Agent, Answer]]:
    """Start an agent for a scene's app; yield it and the outcome of creating it."""
    env = {**os.environ, **scene.app.settings.environment, "PYTHONPATH": str(FOLDER)}
    env[IS_NEW] = "yes" if scene.is_new else ""
    job = {"queues": scene.queues, "options": scene.options}
    process = start_tethered(
        [sys.executable, "-m", "benchmarks.rivals", name, json.dumps(job)],
        cwd=ROOT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        agent = Agent(process)
        yield agent, agent.read()
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


#: The variable that says whether it matters that the broker has just been started.
IS_NEW = "SITUATION_IS_NEW"

Queues = Mapping[str, list[str]]
Ask = Callable[[], Any]


def make_ours(app: Celery, queues: Queues, options: Mapping[str, Any]) -> Ask:
    """`CeleryJobs(app, queues)`."""
    from scalar_agent import celery_silence  # noqa: PLC0415 - one agent a process
    from scalar_agent.celery import CeleryJobs  # noqa: PLC0415

    if not os.environ.get(IS_NEW):
        # Else it would wait for workers that may have lost a Redis just started.
        celery_silence.RETURN = 0.0
    jobs = CeleryJobs(app, queues, **options)
    return lambda: {process: asdict(work) for process, work in jobs.measure().items()}


def make_hirefire(app: Celery, queues: Queues, _: Mapping[str, Any]) -> Ask:
    """`job_queue_size(..., celery_app=app)` for each process type.

    In production it is polled once a minute and caches the workers' answers for 5 s,
    so a cache serves only the process types of one poll.
    """
    macro: Any = import_module("hirefire_resource.macro.celery")

    def ask() -> dict[str, int]:
        macro._worker_data_cache_time = 0.0  # noqa: SLF001
        return {
            process: macro.job_queue_size(*names, celery_app=app)
            for process, names in queues.items()
        }

    return ask


def make_judoscale(app: Celery, queues: Queues, options: Mapping[str, Any]) -> Ask:
    """`judoscale_celery(app, ...)` with the queues, tracking busy jobs."""
    # The reporter starts only with an address; this one leads nowhere.
    os.environ["JUDOSCALE_URL"] = "http://127.0.0.1:9"
    os.environ["DYNO"] = "web.1"
    judoscale: Any = import_module("judoscale.celery")
    names = sorted({name for group in queues.values() for name in group})
    busy = options.get("track_busy_jobs", True)
    judoscale.judoscale_celery(
        app,
        extra_config={
            "REPORT_INTERVAL_SECONDS": 86_400,
            "CELERY": {"QUEUES": names, "TRACK_BUSY_JOBS": busy},
        },
    )
    (collector,) = judoscale.reporter.collectors

    def ask() -> dict[str, dict[str, int]]:
        answer: dict[str, dict[str, int]] = {process: {} for process in queues}
        for metric in collector.collect():
            for process, group in queues.items():
                if metric.queue_name in group:
                    before = answer[process].get(metric.measurement, 0)
                    is_time = metric.measurement == "qt"
                    both = before, metric.value
                    answer[process][metric.measurement] = (max if is_time else sum)(
                        both
                    )
        return answer

    return ask


MAKERS: Mapping[str, Callable[[Celery, Queues, Mapping[str, Any]], Ask]] = {
    OURS: make_ours,
    HIREFIRE: make_hirefire,
    JUDOSCALE: make_judoscale,
    JUDOSCALE_NOT_BUSY: lambda app, queues, options: make_judoscale(
        app, queues, {**options, "track_busy_jobs": False}
    ),
}


def _measured(work: Ask) -> Answer:
    wall, cpu = time.perf_counter(), time.process_time()
    value, error = None, ""
    try:
        value = work()
    except Exception as failed:  # noqa: BLE001 - its type is recorded
        error = type(failed).__name__
    return Answer(value, error, time.perf_counter() - wall, time.process_time() - cpu)


def _serve(name: str, job: Mapping[str, Any]) -> None:
    """Create an agent, and let it measure once for each line of input."""
    made: list[Ask] = []

    def make() -> None:
        made.append(MAKERS[name](app_of_environment, job["queues"], job["options"]))

    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # keep what an agent prints out of its answers
    answer = _measured(make)
    print(json.dumps(asdict(answer)), file=output, flush=True)
    while made and sys.stdin.readline():
        print(json.dumps(asdict(_measured(made[0]))), file=output, flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1], json.loads(sys.argv[2]))
