"""`fieldapp db`: the schema and what it must hold from the first start."""

import sys

import click

from fieldapp.cli.context import make_work
from fieldapp.services import installation, upgrading
from fieldapp.settings import Settings


@click.group("db")
def group() -> None:
    """Migrations of the database."""


@group.command("upgrade")
def upgrade() -> None:
    """Bring the schema up to this program's; an empty database gets the branch `main`."""
    settings = Settings.from_environment()
    try:
        click.echo(f"schema {upgrading.upgrade(make_work(settings), timezone=settings.timezone)}")
    except installation.Beyond as error:
        click.echo(f"fieldapp: {error}; nothing was changed, start the newer program", err=True)
        sys.exit(1)


@group.command("check")
def check() -> None:
    """Exit 1 when migrations are pending."""
    report = installation.schema(make_work(Settings.from_environment()))
    click.echo(f"database {report.found}, program {report.head}")
    sys.exit(0 if report.found == report.head else 1)


@group.command("grant")
@click.argument("role")
def grant(role: str) -> None:
    """Let ROLE of PostgreSQL serve: it reads and adds, and changes nothing that is written down for good.

    Give the address of the tables' owner in FIELDAPP_DATABASE_URL for this, and ROLE's to the server.
    """
    made = installation.grant(make_work(Settings.from_environment()), role)
    if made:
        click.echo(f"made the role {role}, which has no password yet (psql: \\password {role})", err=True)
    click.echo(f"{role} may serve")


@group.command("downgrade")
@click.argument("revision")
@click.confirmation_option(prompt="This takes tables and columns of the newer schema away. Go on?")
def downgrade(revision: str) -> None:
    """Take the schema down to REVISION (`base` removes everything)."""
    known = ["base", *installation.revisions()]
    if revision not in known:
        raise click.BadParameter(f"{revision!r} is none of {', '.join(known)}", param_hint="REVISION")
    try:
        installation.downgrade(make_work(Settings.from_environment()), revision)
    except installation.WouldLose as error:
        click.echo(f"fieldapp: {error}", err=True)
        sys.exit(1)
    click.echo(f"schema {revision}")
