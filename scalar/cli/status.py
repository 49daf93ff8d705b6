"""`status`: is the fleet being scaled now? For monitors, and for people."""

from __future__ import annotations

import click

from scalar.cli.output import json_option, print_json
from scalar.cli.tools import Tools, with_tools
from scalar.core.errors import RegistryError
from scalar.core.health import HealthCheck
from scalar.service.health import check_health
from scalar.service.policies import standing_pause


def _pause(tools: Tools) -> list[HealthCheck]:
    """Return the pause of all apps, if there is one: it explains all the rest."""
    try:
        pause = standing_pause(tools.parts)
    except RegistryError:  # the checks say so
        return []
    if pause is None:
        return []
    text = f"{pause}. End it with: python cli.py resume-app --all"
    return [HealthCheck("paused", is_well=True, text=text)]


@click.command("status")
@json_option
@with_tools
def status(tools: Tools, *, as_json: bool) -> None:
    """Check that ticks, evaluations and changes happen.

    Exits with 0 if all is well, otherwise with 1. Asks Redis and the database, not
    Heroku; `doctor` finds out what is wrong.
    """
    checks = [*_pause(tools), *check_health(tools.parts)]
    if as_json:
        print_json(
            [{"what": s.what, "is_well": s.is_well, "text": s.text} for s in checks]
        )
    else:
        for check in checks:
            click.echo(
                f"{'ok' if check.is_well else 'FAIL':<5} {check.what:<12} {check.text}"
            )
    if not all(check.is_well for check in checks):
        raise click.exceptions.Exit(1)
