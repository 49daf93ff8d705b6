"""The group of all commands, and how their errors are printed."""

from __future__ import annotations

import sys

import click

from scalar import __version__
from scalar.cli import (
    apps,
    evaluations,
    fleet,
    heroku_keys,
    policies,
    project,
    status,
)
from scalar.cli import doctor as diagnosis
from scalar.core.errors import ScalarError
from scalar.logs import set_up_logging, shown


class Commands(click.Group):
    """Accepts `add_app` for `add-app`, and prints errors on one line."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command by its name, in either spelling."""
        return super().get_command(ctx, name.replace("_", "-"))

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; one of our own errors ends it with status 1.

        Messages may repeat what was typed, such as a URL in the wrong place, so
        passwords are removed from them.
        """
        try:
            return super().invoke(ctx)
        except ScalarError as exc:
            raise click.ClickException(_in_one_line(str(exc))) from exc
        except click.UsageError as exc:
            text = _in_one_line(exc.format_message())
            raise click.UsageError(text, exc.ctx) from exc


def _in_one_line(text: str) -> str:
    """Return a message without passwords, with unprintable characters escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown(text))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version=__version__, prog_name="heroku-proc-scalar")
def main() -> None:
    """Scale the dynos of many Heroku apps by the counts that they report.

    Settings are read from the environment; the README lists them.
    """
    set_up_logging("WARNING", sys.stderr)


COMMANDS = (
    project.initialise_project,
    apps.add_app,
    apps.move_app,
    apps.rename_app,
    apps.del_app,
    apps.list_apps,
    apps.show_app,
    heroku_keys.set_heroku_key,
    heroku_keys.unset_heroku_key,
    policies.set_policy,
    policies.unset_policy,
    policies.pause_app,
    policies.resume_app,
    fleet.apply,
    fleet.export,
    evaluations.check_app,
    evaluations.poll,
    evaluations.events,
    evaluations.show_event,
    status.status,
    diagnosis.doctor,
    project.make_secret_key,
    project.encrypt_urls,
)
for command in COMMANDS:
    main.add_command(command)
