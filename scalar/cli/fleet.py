"""Export the fleet to a YAML file and apply it, for a team that keeps it in git."""

from __future__ import annotations

from pathlib import Path

import click

from scalar.cli.output import counted, note
from scalar.cli.policies import force_option
from scalar.cli.tools import Tools, with_tools
from scalar.core.errors import InvalidInput
from scalar.formats.fleet_yaml import read_fleet, write_fleet
from scalar.service.fleet import carry_out, describe, plan


@click.command("export")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@with_tools
def export(tools: Tools, file: Path | None) -> None:
    """Write all apps and their policies as YAML, to FILE or standard output.

    Passwords, tokens and Heroku keys are written as ***, which `apply` reads as
    the stored one.
    """
    text = write_fleet(describe(tools.parts))
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text)
    except OSError as exc:
        raise InvalidInput(f"{file} cannot be written: {exc.strerror}") from exc
    click.echo(f"Wrote {file}")


@click.command("apply")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@click.option("--prune", is_flag=True, help="Remove the apps that are not in FILE.")
@force_option
@with_tools
def apply(tools: Tools, file: Path, *, dry_run: bool, prune: bool, force: bool) -> None:
    """Change apps and policies to match FILE (`-`: standard input).

    The policies of each app in FILE are replaced as a whole; pauses stay. Nothing
    is changed unless all of FILE is valid.
    """
    try:
        with click.open_file(str(file), encoding="utf-8") as stream:
            text = stream.read()
    except OSError as exc:
        raise InvalidInput(f"{file} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"{_source(file)} cannot be read: it is not UTF-8") from exc
    try:
        wanted = plan(tools.parts, read_fleet(text), prune=prune, force=force)
    except InvalidInput as exc:
        raise InvalidInput(f"{_source(file)}: {exc}") from exc
    for line in wanted.lines:
        click.echo(line)
    for text in wanted.renamed:
        note(f"Note: {text} now. Change the file.")
    for text in wanted.unknown:
        note(f"Note: {text}: its policy holds nothing.")
    if wanted.left_alone:
        note(f"Note: not in the file, left alone: {', '.join(wanted.left_alone)}.")
    if not wanted.lines:
        click.echo("Nothing to change")
    elif dry_run:
        note("Nothing was changed: this was a dry run.")
    else:
        carry_out(tools.parts, wanted)
        click.echo(f"Applied {counted(len(wanted.lines), 'change')}")


def _source(file: Path) -> str:
    return "standard input" if str(file) == "-" else str(file)
