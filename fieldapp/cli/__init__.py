"""The `fieldapp` command: one module per group of commands. Owns exit codes and how refusals are told.

0 done, 1 a check failed, 2 bad input or usage. Errors go to stderr: one line that says what to do.
"""

import sys
from typing import Any

import click

from fieldapp import __version__
from fieldapp.cli import accounts, db, demo, doctor, imports, link, scoring, serve
from fieldapp.domain.errors import DomainError
from fieldapp.services.work import Busy
from fieldapp.settings import SettingsError
from fieldapp.web.errors import MESSAGES


class Commands(click.Group):
    """A group whose refusals are sentences and exit codes, never tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DomainError as error:
            text = str(MESSAGES.get(error.code, error.code))
            click.echo(f"fieldapp: {text % error.facts if error.facts else text}", err=True)
            sys.exit(2)
        except SettingsError as error:
            click.echo(f"fieldapp: {error}", err=True)
            sys.exit(2)
        except Busy as error:
            click.echo(f"fieldapp: {error}; try again in a moment", err=True)
            sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(version)s")
def main() -> None:
    """Home visits of telecom technicians: scheduled, worked offline, signed by the customer, scored."""


for command in (
    link.link,
    serve.serve,
    demo.demo,
    db.group,
    accounts.user,
    accounts.branch,
    imports.group,
    scoring.score,
    doctor.doctor,
):
    main.add_command(command)
