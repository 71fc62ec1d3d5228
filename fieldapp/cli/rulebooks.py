"""`fieldapp rulebooks`: head office's hand where a company has too few people to confirm a version of the norm."""

import click

from fieldapp.cli.context import open_work
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import BranchCode
from fieldapp.services import installation, simulations
from fieldapp.services import rulebook_drafts as service


@click.group("rulebooks")
def group() -> None:
    """Proposed versions of the norm sheet: look and decide as head office."""


@group.command("list")
def waiting() -> None:
    """What waits: id, version, first month, author."""
    for view in service.list_drafts(open_work(), OPERATOR):
        if view.draft.state == "proposed":
            click.echo(
                "\t".join((view.draft.draft_id, view.book.name, str(view.book.in_force_from), view.draft.author))
            )


@group.command("show")
@click.argument("draft_id")
def show(draft_id: str) -> None:
    """What a proposal changes, why, and the fingerprint that `publish` wants."""
    view = service.detail(open_work(), OPERATOR, draft_id)
    click.echo(f"{view.book.name} from {view.book.in_force_from}, by {view.draft.author}: {view.draft.why}")
    for change in view.changes:
        click.echo(f"{change.where}\t{change.before or '-'}\t{change.after or '-'}")
    click.echo(f"fingerprint {view.draft.fingerprint or '- (not proposed)'}")


@group.command("simulate")
@click.argument("draft_id")
@click.option("--branch", default=installation.MAIN, show_default=True, metavar="CODE")
def simulate(draft_id: str, branch: str) -> None:
    """What a draft would have meant for a branch's last six whole months and this one so far, and for whom.

    Awards are what is known today; beside a closed month stands what it was closed with, which stays."""
    work = open_work()
    for result, award in simulations.each_month(work, OPERATOR, BranchCode(branch), draft_id):
        closed = [] if award is None else [f"closed with {award}"]
        click.echo("\t".join(map(str, (
            result.month, result.technicians, result.award_before, result.award_after, *closed,
        ))))  # fmt: skip
        for one in result.changed:
            before, after = (f"{side.score} {side.award}" if side else "- -" for side in (one.before, one.after))
            items = [*(f"-{code}" for code in one.lost), *(f"+{code}" for code in one.won)]
            click.echo("\t".join((f"  {one.technician}", before, after, one.crosses or "-", " ".join(items) or "-")))


@group.command("publish")
@click.argument("draft_id")
@click.argument("fingerprint")
def publish(draft_id: str, fingerprint: str) -> None:
    """Make exactly what was shown the next version."""
    book = service.publish(open_work(), OPERATOR, draft_id, fingerprint)
    click.echo(f"{book.name} is in force from {book.in_force_from}")


@group.command("send-back")
@click.argument("draft_id")
@click.argument("fingerprint")
@click.option("--reason", required=True, help="Why it is sent back; its author reads it.")
def send_back(draft_id: str, fingerprint: str, reason: str) -> None:
    """Let its author go on drafting."""
    service.send_back(open_work(), OPERATOR, draft_id, fingerprint, reason)
    click.echo("sent back")
