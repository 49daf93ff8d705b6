"""Evaluate apps on request, and list the events of past evaluations."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import click

from scalar.cli.output import json_option, note, print_json
from scalar.cli.render_evaluation import evaluation_as_data, print_evaluation
from scalar.cli.render_events import events_as_data, print_events
from scalar.cli.tools import Tools, with_tools
from scalar.core.app import AppKey
from scalar.core.errors import ScalarError
from scalar.service import queries
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.poll_and_scale import evaluate_now

#: Seconds that `poll` waits for a worker's evaluation of the app to end.
PATIENCE = 30.0


@click.command("check-app")
@click.argument("name")
@json_option
@with_tools
def check_app(tools: Tools, name: str, *, as_json: bool) -> None:
    """Evaluate the app NAME now and explain the result; change nothing."""
    done = queries.explanation(tools.parts, name)
    if as_json:
        print_json(evaluation_as_data(name, done))
    else:
        print_evaluation(name, done)
    if done.hold:
        raise click.exceptions.Exit(1)


@click.command("poll")
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="Every registered app.")
@json_option
@with_tools
def poll(tools: Tools, name: str | None, *, every: bool, as_json: bool) -> None:
    """Evaluate the app NAME (or --all) now, and scale it."""
    if every == bool(name):
        raise click.UsageError("Name one app, or use --all")
    keys = queries.app_keys(tools.parts, name)
    with ThreadPoolExecutor(tools.settings.worker_concurrency) as threads:
        results = list(threads.map(lambda key: _evaluate(tools, key), keys))
    if as_json:
        data = zip(keys, results, strict=True)
        print_json([evaluation_as_data(key.name, result) for key, result in data])
    else:
        for key, result in zip(keys, results, strict=True):
            _print_result(key, result)
    if any(not isinstance(r, Evaluation) or r.hold for r in results):
        raise click.exceptions.Exit(1)


@click.command("events")
@click.argument("name", required=False)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Number of events to print, newest first.",
)
@json_option
@with_tools
def events(tools: Tools, name: str | None, limit: int, *, as_json: bool) -> None:
    """Print the events of the app NAME, or of all: changes and lasting holds."""
    found = queries.events(tools.parts, name, limit)
    if not found:
        note("No events yet.")
    if as_json:
        print_json(events_as_data(found))
    elif found:
        print_events(found)


def _evaluate(tools: Tools, key: AppKey) -> Evaluation | str:
    """Return the evaluation, or what prevented it."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            done = evaluate_now(tools.parts, key)
        except ScalarError as exc:
            return str(exc)
        if done is not None:
            return done
        if time.monotonic() > end:
            return f"another evaluation was under way for {PATIENCE:g} s"
        time.sleep(0.2)


def _print_result(key: AppKey, result: Evaluation | str) -> None:
    if isinstance(result, str):
        note(f"{key.name}: {result}")
    else:
        print_evaluation(key.name, result)
