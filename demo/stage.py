"""Start the parts of the demo, in order, and end them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from time import monotonic

import requests

from demo import shop
from demo.calls import count_calls
from demo.dynos import DynoRunner, run_dynos
from demo.ending import Ending
from demo.load import Customers
from demo.logs import Logs
from demo.parts import PartFailed, run_to_end, wait_for
from demo.watch import Watcher
from devtools.ports import free_port
from devtools.procfile import ProcfileProcess, line, start_process
from devtools.redis_server import NoRedisError, RedisServer, redis_server
from local_heroku.control import LocalHeroku
from local_heroku.process import start as start_heroku

#: Seconds that the local Heroku's dynos take; real ones take longer.
BOOT_SECONDS = 1.0
STOP_SECONDS = 1.0
#: Line of the Procfile -> what it logs when it is at work.
LINES = {"beat": "beat.starts", "worker": "ready."}

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts, all at work.

    Attributes:
        watcher: Looks at the app.
        dynos: Runs the app's dynos.
        customers: Put jobs on the app's queues.
        scaler: The scaler's processes by their line of the Procfile.
        logs: Where they log.
        calls_before: Heroku API calls made before the scaler began.
    """

    watcher: Watcher
    dynos: DynoRunner
    customers: Customers
    scaler: Mapping[str, ProcfileProcess]
    logs: Logs
    calls_before: int

    def check(self) -> None:
        """Do nothing, as long as the scaler is at work.

        Raises:
            PartFailed: One of its processes has ended.
        """
        for name, process in self.scaler.items():
            if not process.running:
                raise _ended(name, self.logs)


@contextmanager
def set_up(logs: Logs, ending: Ending, tell: Tell) -> Iterator[Stage]:
    """Start everything, and end it with the `with` block.

    Args:
        logs: Where they log, and where the database is.
        ending: Whether a signal came.
        tell: Prints a line for the person who watches.

    Raises:
        Interrupted: A signal asked for the end.
        PartFailed: A part did not start.
    """
    with ExitStack() as stack:
        redis = _start_redis(stack, logs)
        tell(f"Redis          {redis.url}")
        heroku = _start_heroku(stack, logs)
        tell(f"Local Heroku   {heroku.url}")
        port = free_port()
        url = shop.counts_url(port)
        watcher = stack.enter_context(closing(Watcher(heroku, url)))
        # A database of its own keeps the app's queues apart from the scaler's.
        broker_url = f"redis://127.0.0.1:{redis.port}/1"
        app_env = shop.app_environment(broker_url, port)
        dynos = _start_app(stack, watcher, app_env, logs, ending)
        tell(f"The app        http://127.0.0.1:{port}, as dyno web.1 of {shop.NAME}")
        env = shop.scaler_environment(heroku, redis.url, logs.folder)
        _release(env, logs, ending, tell)
        _register(url, env, logs, ending, tell)
        calls_before = count_calls(logs.heroku).all
        scaler = _start_scaler(stack, env, logs, ending)
        tell("Beat, worker   as the Procfile has them; now load comes and goes")
        customers = stack.enter_context(closing(Customers(broker_url)))
        yield Stage(watcher, dynos, customers, scaler, logs, calls_before)


def _start_redis(stack: ExitStack, logs: Logs) -> RedisServer:
    try:
        return stack.enter_context(redis_server(logs.folder))
    except NoRedisError as exc:
        raise PartFailed("Redis", f"did not start: {exc}") from exc


def _start_heroku(stack: ExitStack, logs: Logs) -> LocalHeroku:
    starting = start_heroku(
        boot_seconds=BOOT_SECONDS, stop_seconds=STOP_SECONDS, log=logs.heroku
    )
    try:
        heroku = stack.enter_context(starting)
        heroku.create_app(shop.NAME, shop.FORMATION, commands=shop.COMMANDS)
    except (RuntimeError, requests.RequestException) as exc:
        raise PartFailed("the local Heroku", f"did not start: {exc}") from exc
    return heroku


def _start_app(
    stack: ExitStack,
    watcher: Watcher,
    env: Mapping[str, str],
    logs: Logs,
    ending: Ending,
) -> DynoRunner:
    """Run the dyno `web`, which is up at Heroku, until it serves the counts."""
    dynos = run_dynos(env, logs)
    stack.callback(dynos.kill)

    def serves() -> bool:
        dynos.follow(watcher.dynos(), monotonic())
        counts = watcher.counts()
        return all(counts.get(name) is not None for name in shop.SCALED)

    wait_for("dyno web.1", serves, logs.dyno("web.1"), ending)
    return dynos


def _release(env: Mapping[str, str], logs: Logs, ending: Ending, tell: Tell) -> None:
    command = line("release")
    tell(f"\n$ {command}")
    tell(run_to_end("the release", command, env, logs.command("release"), ending))


def _register(
    url: str, env: Mapping[str, str], logs: Logs, ending: Ending, tell: Tell
) -> None:
    for name, arguments in (("add-app", f"{shop.NAME} {url}"), ("list-apps", "")):
        command = f"python cli.py {name} {arguments}".rstrip()
        tell(f"$ {command}")
        tell(run_to_end(name, command, env, logs.command(name), ending))
    tell("")


def _start_scaler(
    stack: ExitStack, env: Mapping[str, str], logs: Logs, ending: Ending
) -> dict[str, ProcfileProcess]:
    """Start beat and worker; return when they are at work."""
    scaler = {
        name: stack.enter_context(start_process(name, env, logs.scaler(name)))
        for name in LINES
    }
    for name, process in scaler.items():
        _await_scaler(name, process, logs, ending)
    return scaler


def _await_scaler(
    name: str, process: ProcfileProcess, logs: Logs, ending: Ending
) -> None:
    def is_ready() -> bool:
        if LINES[name] in process.log_text():
            return True
        if not process.running:
            raise _ended(name, logs)
        return False

    wait_for(f"the scaler's {name}", is_ready, logs.scaler(name), ending)


def _ended(name: str, logs: Logs) -> PartFailed:
    """Return the error for a process of the scaler that is no more."""
    return PartFailed(f"the scaler's {name}", "ended by itself", logs.scaler(name))
