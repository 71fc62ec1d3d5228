"""`fieldapp retention`: let go what has been kept long enough, or look how much that would be."""

import click

from fieldapp.cli.context import open_work
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.retention import KINDS
from fieldapp.services import retention as service
from fieldapp.settings import Settings


@click.command("retention")
@click.option("--dry-run", is_flag=True, help="Only say how much is due.")
@click.option("--branch", metavar="CODE", help="Only of this branch; without it: of every one.")
@click.option("--clock-is-right", is_flag=True, help="The machine's clock was looked at: go on by it.")
def retention(dry_run: bool, branch: str | None, clock_is_right: bool) -> None:
    """Let go what has been kept for as long as FIELDAPP_KEEP says. A running server does so every day by itself, unless
    its clock jumped ahead by more than a week."""
    settings = Settings.from_environment()
    work = open_work(settings)
    if clock_is_right and not dry_run:
        service.confirm_clock(work)
    elif not dry_run:
        if why := service.doubt(work):
            raise click.ClickException(why)
        service.believe_clock(work)
    for kind in KINDS:
        days = settings.keeping.days[kind]
        click.echo(f"{kind}\tkept {f'{days} days' if days else 'for ever'}")
    for code in [branch] if branch else service.codes(work):
        found = (
            service.due(work, BranchCode(code), settings.keeping)
            if dry_run
            else service.carry_out(work, BranchCode(code), settings.keeping)[0]
        )
        for kind in service.BY_ITSELF:
            click.echo(f"{code}\t{kind}\t{found.get(kind, 0)}\t{'due' if dry_run else 'gone'}")
