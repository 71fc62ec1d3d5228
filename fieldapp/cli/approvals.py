"""`fieldapp approvals`: head office's hand where a branch has too few people for a second pair of eyes."""

import click

from fieldapp.cli.context import open_work
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import BranchCode
from fieldapp.services import approvals as service
from fieldapp.services import installation

_BRANCH = click.option("--branch", default=installation.MAIN, show_default=True, metavar="CODE")
_REASON = click.option("--reason", required=True, help="How it is known that the customer asked for it; kept.")


@click.group("approvals")
def group() -> None:
    """Late changes that customers asked for: decide as head office."""


@group.command("list")
def waiting() -> None:
    """What waits: branch, id, order, promised from, asked for from, entered by."""
    for view in service.list_waiting(open_work(), OPERATOR):
        asked = view.asked
        start, wanted = (
            moment.isoformat(timespec="minutes") for moment in (asked.window.start, asked.change.promise.start)
        )
        click.echo("\t".join((asked.branch, asked.approval_id, view.visit.external_id, start, wanted, asked.author)))


@group.command("approve")
@click.argument("approval_id")
@_BRANCH
@_REASON
def approve(approval_id: str, branch: str, reason: str) -> None:
    """Let the change take effect."""
    service.decide(open_work(), OPERATOR, BranchCode(branch), approval_id, "approved", reason)
    click.echo("approved")


@group.command("decline")
@click.argument("approval_id")
@_BRANCH
@_REASON
def decline(approval_id: str, branch: str, reason: str) -> None:
    """Leave the promise as it is."""
    service.decide(open_work(), OPERATOR, BranchCode(branch), approval_id, "declined", reason)
    click.echo("declined")
