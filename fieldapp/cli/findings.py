"""`fieldapp findings`: head office's hand where a branch has too few people for a second pair of eyes."""

import click

from fieldapp.cli.context import open_work
from fieldapp.domain import call_backs
from fieldapp.domain import spot_checks as rules
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import parse_month
from fieldapp.domain.findings import Outcome
from fieldapp.domain.ids import BranchCode
from fieldapp.services import finding_views, installation, spot_checks
from fieldapp.services import findings as service

_BRANCH = click.option("--branch", default=installation.MAIN, show_default=True, metavar="CODE")
_REASON = click.option("--reason", required=True, help="Why; the technician reads it.")


@click.group("findings")
def group() -> None:
    """Findings that wait for a second person: decide as head office. And the draw of spot checks and
    call-backs."""


@group.command("list")
def waiting() -> None:
    """What waits: branch, id, technician, about, source, recorded by, last day to answer."""
    for view in finding_views.list_waiting(open_work(), OPERATOR):
        found, last = view.finding, view.standing.last_day.isoformat()
        fields = (view.branch, found.id, found.technician, view.about, found.source, view.recorded_by, last)
        click.echo("\t".join(fields))


@group.command("uphold")
@click.argument("finding_id")
@_BRANCH
@_REASON
def uphold(finding_id: str, branch: str, reason: str) -> None:
    """Let it count."""
    _decide(finding_id, branch, "upheld", reason)


@group.command("dismiss")
@click.argument("finding_id")
@_BRANCH
@_REASON
def dismiss(finding_id: str, branch: str, reason: str) -> None:
    """Let it count nothing."""
    _decide(finding_id, branch, "dismissed", reason)


@group.command("draw")
@click.argument("month")
@_BRANCH
@click.option("--quota", default=rules.QUOTA, show_default=True, type=click.IntRange(1, rules.MOST))
@click.option(
    "--share",
    default=call_backs.SHARE,
    show_default=True,
    type=click.IntRange(1, call_backs.MOST_SHARE),
    help="Of a hundred signed visits so many are called back.",
)
def draw(month: str, branch: str, quota: int, share: int) -> None:
    """Commit to the seed of spot checks and call-backs of this month or the next one; for a timer, before it begins."""
    made = spot_checks.commit(open_work(), OPERATOR, BranchCode(branch), parse_month(month), quota, share)
    click.echo(made.commitment)


def _decide(finding_id: str, branch: str, outcome: Outcome, reason: str) -> None:
    work = open_work()
    seen = finding_views.detail(work, OPERATOR, branch, finding_id).standing.decisions
    service.decide(work, OPERATOR, BranchCode(branch), finding_id, outcome, reason, seen=seen)
    click.echo(outcome)
