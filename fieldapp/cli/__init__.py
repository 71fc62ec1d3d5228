"""The `fieldapp` command: one module per group of commands. Owns exit codes and how refusals are told.

0 done, 1 a check failed, 2 bad input or usage. Errors go to stderr: one line that says what to do.
"""

import sys
from importlib import import_module
from typing import Any

import click

from fieldapp import __version__
from fieldapp.domain.errors import DomainError
from fieldapp.services.work import Busy, Refused, UnknownKey, Unreadable
from fieldapp.settings import SettingsError

#: Command -> where it lives in this package. Loaded when called: a score waits for no web framework.
COMMANDS = {
    "serve": "serve:serve",
    "demo": "demo:demo",
    "db": "db:group",
    "user": "accounts:user",
    "branch": "accounts:branch",
    "import": "imports:group",
    "score": "scoring:score",
    "close": "closing:close",
    "adjust": "adjustments:group",
    "export": "exports:export",
    "link": "link:link",
    "token": "tokens:group",
    "approvals": "approvals:group",
    "appeals": "appeals:group",
    "findings": "findings:group",
    "rulebooks": "rulebooks:group",
    "quarantine": "quarantine:group",
    "person": "persons:group",
    "keys": "keys:group",
    "retention": "retention:retention",
    "backup": "backups:backup",
    "restore": "backups:restore",
    "doctor": "doctor:doctor",
    "routes": "routes:routes",
}


class Commands(click.Group):
    """A group whose refusals are sentences and exit codes, never tracebacks."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"fieldapp.cli.{module}"), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            asked = error.ctx.command_path if error.ctx else "fieldapp"
            click.echo(f"fieldapp: {error.format_message().rstrip('.')}; usage: {asked} --help", err=True)
            sys.exit(2)
        except DomainError as error:
            from fieldapp.web.errors import sentence

            click.echo(f"fieldapp: {sentence(error)}", err=True)
            sys.exit(2)
        except (SettingsError, Refused) as error:
            click.echo(f"fieldapp: {error}", err=True)
            sys.exit(2)
        except UnknownKey as error:
            click.echo(f"fieldapp: {error}", err=True)
            sys.exit(1)
        except Unreadable as error:
            click.echo(f"fieldapp: what is sealed cannot be opened ({error}); see: fieldapp doctor", err=True)
            sys.exit(1)
        except Busy as error:
            click.echo(f"fieldapp: {error}; try again in a moment", err=True)
            sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(version)s")
def main() -> None:
    """Home visits of telecom technicians: scheduled, worked offline, signed by the customer, scored."""
