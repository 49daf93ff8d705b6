"""`status`: is the fleet being scaled now? For monitors, and for people."""

from __future__ import annotations

import click

from scalar.cli.output import json_option, print_json
from scalar.cli.tools import Tools, with_tools
from scalar.service.health import check_health


@click.command("status")
@json_option
@with_tools
def status(tools: Tools, *, as_json: bool) -> None:
    """Check that ticks, evaluations and changes happen.

    Exits with 0 if all is well, otherwise with 1. Asks Redis and the database, not
    Heroku; `doctor` finds out what is wrong.
    """
    checks = check_health(tools.parts)
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
