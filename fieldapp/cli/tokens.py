"""`fieldapp token`: let another program in, see which are in, put one out."""

from datetime import UTC, datetime

import click

from fieldapp.cli.context import open_work
from fieldapp.domain.access import OPERATOR, SCOPES
from fieldapp.services import installation
from fieldapp.services import tokens as service

_BRANCH = click.option("--branch", default=installation.MAIN, show_default=True, metavar="CODE")


@click.group("token")
def group() -> None:
    """Tokens of other programs, for the API (docs/api.md)."""


@group.command("add")
@click.argument("name")
@click.option("--scope", required=True, metavar="SCOPE,...", help=f"What it may do: {', '.join(SCOPES)}.")
@_BRANCH
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The first day (UTC) on which it opens nothing.")
@click.option("--rate", default=service.USUAL_RATE, show_default=True, type=int, help="Requests a minute.")
def add(name: str, scope: str, branch: str, expires: datetime | None, rate: int) -> None:
    """Make a token for the program NAME and print it. It is shown this once: only its hash is kept."""
    scopes = [one.strip() for one in scope.split(",") if one.strip()]
    expires_at = expires.replace(tzinfo=UTC) if expires else None
    token = service.add_token(
        open_work(), OPERATOR, branch=branch, name=name, scopes=scopes, rate=rate, expires_at=expires_at
    )
    click.echo("keep it where the program reads its secrets; it is not shown again:", err=True)
    click.echo(token)


@group.command("list")
def list_all() -> None:
    """All tokens: branch, name, state, scopes, requests a minute, made, last used, expiry."""
    work = open_work()
    now = work.now()
    for one in service.list_tokens(work, OPERATOR):
        state = "active" if one.is_good(now) else "revoked" if one.revoked_at else "expired"
        times = (_minute(moment) for moment in (one.created_at, one.used_at, one.expires_at))
        click.echo("\t".join((one.branch, one.name, state, ",".join(sorted(one.scopes)), str(one.rate), *times)))


@group.command("revoke")
@click.argument("name")
@_BRANCH
def revoke(name: str, branch: str) -> None:
    """Let the program NAME in no more, from its very next request."""
    service.revoke_named(open_work(), OPERATOR, branch, name)
    click.echo(f"revoked {name}")


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%MZ") if moment else "-"
