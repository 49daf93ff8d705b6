"""Evaluations by hand, and the journal of those that were made."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click

from scalar.bootstrap import Toolbox
from scalar.cli.explaining import as_data, print_evaluation
from scalar.cli.shared import (
    json_option,
    note,
    print_json,
    print_table,
    shown_time,
    with_tools,
)
from scalar.core.app import AppKey
from scalar.core.errors import ScalarError
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.poll_and_scale import evaluate_now, explain

#: Seconds that `poll` waits for an evaluation by the workers to end.
PATIENCE = 30.0
PAGE = 1_000


@click.command("check-app")
@click.argument("name")
@json_option
@with_tools
def check_app(tools: Toolbox, name: str, *, as_json: bool) -> None:
    """Evaluate the app NAME now and explain it; change nothing."""
    app = tools.registry.get(name)
    done = explain(tools.parts, app)
    if as_json:
        print_json(as_data(name, done))
    else:
        print_evaluation(name, done)
    if done.hold:
        raise click.exceptions.Exit(1)


@click.command("poll")
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="Every registered app.")
@json_option
@with_tools
def poll(tools: Toolbox, name: str | None, *, every: bool, as_json: bool) -> None:
    """Evaluate the app NAME (or --all) now, for real."""
    if every == bool(name):
        raise click.UsageError("Name one app, or say --all")
    keys = _keys(tools) if every else [tools.registry.app_key(str(name))]
    with ThreadPoolExecutor(tools.settings.worker_concurrency) as threads:
        results = list(threads.map(lambda key: _poll(tools, key), keys))
    if as_json:
        print_json([as_data(key.name, r) for key, r in zip(keys, results, strict=True)])
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
    help="Newest events to print.",
)
@json_option
@with_tools
def events(tools: Toolbox, name: str | None, limit: int, *, as_json: bool) -> None:
    """Print the journal of the app NAME, or of all: changes and lasting holds."""
    found = tools.journal.recent(name, limit)
    if not found:
        if name is not None:
            tools.registry.app_key(name)
        note("No events yet.")
    if as_json:
        print_json(
            [
                {field: getattr(event, field) for field in event.__slots__}
                for event in found
            ]
        )
        return
    rows = [
        [
            shown_time(event.at),
            event.app,
            event.process_type or "(app)",
            event.kind,
            ""
            if event.to_quantity is None
            else f"{event.from_quantity} -> {event.to_quantity}",
            event.count,
            event.reason,
            event.detail,
        ]
        for event in found
    ]
    if rows:
        head = "TIME (UTC),APP,PROCESS TYPE,EVENT,DYNOS,COUNT,REASON,DETAIL"
        print_table(head.split(","), rows)


def _keys(tools: Toolbox) -> list[AppKey]:
    keys: list[AppKey] = []
    while page := tools.registry.page(keys[-1].id if keys else 0, PAGE):
        keys.extend(page)
    return keys


def _poll(tools: Toolbox, key: AppKey) -> Evaluation | str:
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


__all__: list[Any] = ["check_app", "events", "poll"]
