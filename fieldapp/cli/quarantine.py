"""`fieldapp quarantine`: erase what is in quarantine about a visit. Reading it is quality's, in the pages."""

import click

from fieldapp.cli.context import open_work
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import BranchCode, visit_id
from fieldapp.services import installation
from fieldapp.services import quarantine as service


@click.group("quarantine")
def group() -> None:
    """What phones and imports sent and nobody could read."""


@group.command("erase")
@click.argument("external_id")
@click.option("--branch", default=installation.MAIN, show_default=True, metavar="CODE")
def erase(external_id: str, branch: str) -> None:
    """Make everything in quarantine that names this visit unreadable for ever."""
    code = BranchCode(branch)
    count = service.erase(open_work(), OPERATOR, code, [visit_id(code, external_id)])
    click.echo(f"erased: {count}")
