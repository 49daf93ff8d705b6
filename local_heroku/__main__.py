"""The command that runs the local Heroku: `python -m local_heroku`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import click
from aiohttp import web

from local_heroku.app_spec import default_app
from local_heroku.errors import ApiError
from local_heroku.heroku import DEFAULT_TOKEN, Heroku, Settings
from local_heroku.seed import load_seed
from local_heroku.server.application import build

SHUTDOWN_SECONDS = 1.0


@click.command(context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="The address to listen on.")
@click.option("--port", default=5001, help="The port; 0 picks a free one.")
@click.option("--app", "apps", multiple=True, help="An app to start with; repeatable.")
@click.option(
    "--seed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file of accounts and apps to start with.",
)
@click.option(
    "--token", default=DEFAULT_TOKEN, help="The API key of the default account."
)
@click.option(
    "--boot-seconds",
    type=click.FloatRange(min=0),
    default=2,
    help="How long a dyno takes to start.",
)
@click.option(
    "--stop-seconds",
    type=click.FloatRange(min=0),
    default=1,
    help="How long a dyno takes to stop; at most 30 on Heroku.",
)
@click.option(
    "--pool",
    type=click.IntRange(min=1),
    default=4500,
    help="The size of an account's rate limit pool.",
)
@click.option(
    "--refill-per-minute",
    type=click.FloatRange(min=0.01),
    default=75,
    help="The requests a minute that the pool regains.",
)
@click.option(
    "--log",
    "log_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append each request to this file, as a line of JSON.",
)
def main(
    *,
    host: str,
    port: int,
    apps: tuple[str, ...],
    seed: Path | None,
    token: str,
    boot_seconds: float,
    stop_seconds: float,
    pool: int,
    refill_per_minute: float,
    log_path: Path | None,
) -> None:
    """Run a local stand-in for the Heroku Platform API.

    Set HEROKU_API_URL to point a program at it, HEROKU_HOST for the Heroku
    CLI. SIGTERM and Ctrl-C stop it.
    """
    settings = Settings(
        boot=timedelta(seconds=boot_seconds),
        stop=timedelta(seconds=stop_seconds),
        pool=pool,
        refill_per_minute=refill_per_minute,
    )
    now = datetime.now(UTC)
    heroku = Heroku(settings, token, now)
    try:
        if seed is not None:
            load_seed(heroku, json.loads(seed.read_text()), now)
        for name in apps:
            heroku.add_app(default_app(name), now)
    except ApiError as exc:
        raise click.ClickException(str(exc)) from exc
    except (ValueError, KeyError) as exc:
        raise click.ClickException(f"Cannot read {seed}: {exc!r}") from exc
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(log_path.open("a")) if log_path else None
        try:
            asyncio.run(run(heroku, host, port, log))
        except OSError as exc:
            raise click.ClickException(
                f"Cannot listen on {host}:{port}: {exc}"
            ) from exc


async def run(heroku: Heroku, host: str, port: int, log: TextIO | None) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OSError: the address is in use, or not an address of this machine.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    runner = web.AppRunner(
        build(heroku, lambda: datetime.now(UTC), log),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        actual_port = runner.addresses[0][1]
        click.echo(f"local heroku listening on http://{host}:{actual_port}")
        await stopped.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()
