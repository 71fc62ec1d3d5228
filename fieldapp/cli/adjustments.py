"""`fieldapp adjust`: what later facts changed of a closed month, proposed by one person, decided by head office."""

import click

from fieldapp.cli.context import open_work, read_month
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.adjustments import Decision
from fieldapp.domain.closing import Figure
from fieldapp.domain.ids import BranchCode
from fieldapp.services import accounts, adjustment_views, installation
from fieldapp.services import adjustments as service
from fieldapp.services.adjustment_views import View
from fieldapp.services.work import Work

_BRANCH = click.option("--branch", default=installation.MAIN, show_default=True, metavar="CODE")
_REASON = click.option("--reason", required=True, help="Why; the technician reads it.")


@click.group("adjust")
def group() -> None:
    """Closed months and what later facts changed: propose for somebody, decide as head office."""


@group.command("list")
@click.argument("month", metavar="YYYY-MM")
@_BRANCH
def differing(month: str, branch: str) -> None:
    """Whose figures differ or were adjusted: technician; closed, what stands, what facts say (score and award)."""
    view = adjustment_views.of_month(open_work(), OPERATOR, BranchCode(branch), read_month(month))
    for one in view.lines:
        figures = (one.standing.closed, one.standing.figure, one.now)
        click.echo("\t".join((one.standing.technician, *map(_told, figures))))


@group.command("waiting")
def waiting() -> None:
    """What waits for a second person: branch, id, month, technician, before, after, author, reason."""
    for one in adjustment_views.list_waiting(open_work(), OPERATOR):
        asked = one.proposal
        sides = (_told(one.difference.before), _told(one.difference.after))
        click.echo(
            "\t".join(
                (asked.branch, asked.proposal_id, asked.month, asked.technician, *sides, asked.author, asked.reason)
            )
        )


@group.command("show")
@click.argument("month", metavar="YYYY-MM")
@click.argument("technician")
@_BRANCH
def show(month: str, technician: str, branch: str) -> None:
    """What differs, verdict by verdict, and the fingerprint of exactly that."""
    _print(_look(open_work(), branch, month, technician))


@group.command("propose")
@click.argument("month", metavar="YYYY-MM")
@click.argument("technician")
@click.option("--as", "login", required=True, metavar="LOGIN", help="Who proposes: of management or quality.")
@_BRANCH
@_REASON
def propose(month: str, technician: str, login: str, branch: str, reason: str) -> None:
    """Propose what the facts say by now for somebody; prints it, and the id that waits for a second person."""
    work = open_work()
    actor = accounts.acting_as(work, OPERATOR, login)
    view = _look(work, branch, month, technician)
    made = service.propose(work, actor, BranchCode(branch), view.month, technician, view.seen, reason)
    _print(view)
    click.echo(made.proposal_id)


@group.command("confirm")
@click.argument("proposal_id")
@click.argument("fingerprint")
@_BRANCH
@_REASON
def confirm(proposal_id: str, fingerprint: str, branch: str, reason: str) -> None:
    """Adjust the month by exactly what was shown."""
    _decide(proposal_id, branch, "confirmed", fingerprint, reason)


@group.command("refuse")
@click.argument("proposal_id")
@_BRANCH
@_REASON
def refuse(proposal_id: str, branch: str, reason: str) -> None:
    """Leave the figures as they stand."""
    _decide(proposal_id, branch, "refused", "", reason)


def _decide(proposal_id: str, branch: str, outcome: Decision, seen: str, reason: str) -> None:
    service.decide(open_work(), OPERATOR, BranchCode(branch), proposal_id, outcome, seen, reason)
    click.echo(outcome)


def _look(work: Work, branch: str, month: str, technician: str) -> View:
    return adjustment_views.look(work, OPERATOR, BranchCode(branch), read_month(month), technician)


def _print(view: View) -> None:
    found = view.difference
    click.echo(f"{found.month} {found.technician}: {_told(found.before)} -> {_told(found.after)}")
    for visit in found.visits:
        click.echo(f"{visit.external_id}\t{visit.before or '-'} -> {visit.after or '-'}")
        for verdict in visit.verdicts:
            sides = (_verdict(one) for one in (verdict.before, verdict.after))
            click.echo(f"  {verdict.code}\t{' -> '.join(sides)}\t{verdict.source}\t{verdict.why}")
    for finding in found.findings:
        click.echo(f"{finding.finding}\t{finding.code}\t{finding.before or '-'} -> {finding.after or '-'}")
    click.echo(f"fingerprint {view.seen}")


def _told(figure: Figure) -> str:
    return f"{figure.score:.1f} {figure.award:.2f}" if figure.status == "assessed" else f"- {figure.award:.2f}"


def _verdict(met: bool | None) -> str:
    return "-" if met is None else "met" if met else "breached"
