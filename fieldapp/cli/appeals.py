"""`fieldapp appeals`: head office's hand where too few people had no hand in what is appealed."""

from zoneinfo import ZoneInfo

import click

from fieldapp.cli.context import open_work
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.appeals import Outcome
from fieldapp.domain.ids import BranchCode
from fieldapp.services import appeal_views, installation
from fieldapp.services import appeals as service

_BRANCH = click.option("--branch", default=installation.MAIN, show_default=True, metavar="CODE")
_REASON = click.option("--reason", required=True, help="Why; the technician reads it.")


@click.group("appeals")
def group() -> None:
    """What technicians appeal: decide as head office."""


@group.command("list")
def waiting() -> None:
    """What waits, the most urgent first: branch, id, technician, order, item, filed, to be answered before."""
    for view in appeal_views.list_waiting(open_work(), OPERATOR):
        zone = ZoneInfo(view.branch.timezone)
        filed, due = (
            moment.astimezone(zone).isoformat(timespec="minutes") for moment in (view.appeal.filed_at, view.due)
        )
        cells = (view.branch.code, view.appeal.id, view.technician or "-", view.number or "-", view.code, filed, due)
        click.echo("\t".join(cells))


@group.command("show")
@click.argument("appeal_id")
@_BRANCH
def show(appeal_id: str, branch: str) -> None:
    """What the technician wrote."""
    click.echo(appeal_views.detail(open_work(), OPERATOR, BranchCode(branch), appeal_id).said.text)


@group.command("overturn")
@click.argument("appeal_id")
@_BRANCH
@_REASON
def overturn(appeal_id: str, branch: str, reason: str) -> None:
    """Let it count in the technician's favour."""
    _decide(appeal_id, branch, "overturned", reason)


@group.command("confirm")
@click.argument("appeal_id")
@_BRANCH
@_REASON
def confirm(appeal_id: str, branch: str, reason: str) -> None:
    """Leave it as it is."""
    _decide(appeal_id, branch, "confirmed", reason)


def _decide(appeal_id: str, branch: str, outcome: Outcome, reason: str) -> None:
    service.decide(open_work(), OPERATOR, BranchCode(branch), appeal_id, outcome, reason)
    click.echo(outcome)
