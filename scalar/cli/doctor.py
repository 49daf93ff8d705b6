"""`doctor`: does scaling have everything it needs?"""

from __future__ import annotations

import click

from scalar.bootstrap import Toolbox
from scalar.cli.output import json_option, print_json
from scalar.cli.tools import with_tools
from scalar.doctor import FAIL, examine


@click.command("doctor")
@json_option
@with_tools
def doctor(tools: Toolbox, *, as_json: bool) -> None:
    """Check the database, Redis, Heroku, the last tick and the workers.

    Each line is ok, or says what to do. Exits with 1 if something is broken.
    """
    findings = examine(tools)
    if as_json:
        print_json(
            [{"what": f.what, "state": f.state, "text": f.text} for f in findings]
        )
    else:
        for finding in findings:
            click.echo(f"{finding.state:<5} {finding.what:<15} {finding.text}")
    if any(finding.state == FAIL for finding in findings):
        raise click.exceptions.Exit(1)
