"""Start all parts of the demo, and stop them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import click
import requests
from celery import Celery

from demo import shop
from demo.history import Look
from devtools.dynos import DynoRunner, Process
from devtools.ending import Ending
from devtools.logs import Logs
from devtools.parts import PartFailed, launch, run_to_end, wait_for
from devtools.ports import free_port
from devtools.procfile import ProcfileProcess, line, start_process
from devtools.redis_server import redis_server
from local_heroku.control import DynoView, LocalHeroku
from local_heroku.process import start as start_heroku

#: Process of our Procfile -> what it logs once it is ready.
READY = {"beat": "beat.starts", "worker": "ready."}


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts, all running. `celery` sends jobs to the app's queues."""

    logs: Logs
    heroku: LocalHeroku
    counts_url: str
    celery: Any
    dynos: DynoRunner
    scaler: dict[str, ProcfileProcess]

    def look(self, at: float) -> Look:
        """Make the app's processes match its dynos, and sample the app.

        The counts come last: the count behind the quantity is then between those
        of the previous look and of this one.

        Raises:
            PartFailed: A dyno or a process of the scaler has exited.
        """
        for name, process in self.scaler.items():
            if not process.running:
                raise PartFailed(
                    f"the scaler's {name}", "exited", self.logs.scaler(name)
                )
        dynos = self.heroku.dynos(shop.NAME)
        self.dynos.follow(dynos, monotonic())
        states = {
            name: Counter(dyno.state for dyno in dynos if dyno.type == name)
            for name in shop.FORMATION
        }
        return Look(at, states, self.heroku.formation(shop.NAME), self._counts())

    def _counts(self) -> dict[str, float | None]:
        try:
            answer = requests.get(self.counts_url, timeout=2)
            counts = answer.json() if answer.ok else {}
        except requests.RequestException:
            counts = {}
        return {name: counts.get(name) for name in shop.SCALED}


@contextmanager
def set_up(logs: Logs, ending: Ending) -> Iterator[Stage]:
    """Start everything, and stop it with the `with` block.

    Raises:
        Interrupted: A signal arrived first.
        PartFailed: A part did not start.
    """
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(logs.folder))
        click.echo(f"Redis          {redis.url}")
        heroku = stack.enter_context(
            start_heroku(boot_seconds=1, stop_seconds=1, log=logs.heroku)
        )
        heroku.create_app(shop.NAME, shop.FORMATION, commands=shop.COMMANDS)
        click.echo(f"Local Heroku   {heroku.url}")

        port = free_port()
        # Database 1, because the scaler's own queues are in database 0.
        broker = f"redis://127.0.0.1:{redis.port}/1"
        celery: Any = Celery("customers", broker=broker, set_as_current=False)
        stack.callback(celery.close)
        app_env = shop.app_environment(broker, port)

        def start(dyno: DynoView) -> Process:
            env = {**app_env, "DYNO": dyno.name}
            return launch(dyno.command, env, logs.dyno(dyno.name), shop.EXAMPLES)

        dynos = DynoRunner(start, logs)
        stack.callback(dynos.kill)
        url = f"http://demo:{shop.PASSWORD}@127.0.0.1:{port}/api/scalar_tasks/"
        stage = Stage(logs, heroku, url, celery, dynos, {})

        def serves() -> bool:
            return None not in stage.look(0).counts.values()

        wait_for("dyno web.1", serves, logs.dyno("web.1"), ending)
        click.echo(
            f"The app        http://127.0.0.1:{port}, as dyno web.1 of {shop.NAME}\n"
        )

        env = shop.scaler_environment(heroku, redis.url, logs.folder)
        for name, command in {
            "release": line("release"),
            "add-app": f"python cli.py add-app {shop.NAME} {url}",
            "list-apps": "python cli.py list-apps",
        }.items():
            click.echo(f"$ {command}")
            click.echo(run_to_end(name, command, env, logs.command(name), ending))

        heroku.clear_requests()  # leaves only the scaler's calls to be counted
        for name in READY:
            process = start_process(name, env, logs.scaler(name))
            stage.scaler[name] = stack.enter_context(process)

        def works() -> bool:
            stage.look(0)  # raises PartFailed if one has exited
            return all(READY[x] in stage.scaler[x].log_text() for x in READY)

        wait_for("the scaler", works, logs.scaler("worker"), ending)
        click.echo("\nBeat, worker   as in the Procfile; now the load comes and goes")
        yield stage
