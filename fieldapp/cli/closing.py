"""`fieldapp close`: a month's close, run by two people one after the other. Shows each of them what they close."""

import sys

import click

from fieldapp.cli.context import open_work, read_month
from fieldapp.cli.scoring import find_zone, print_table
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Forbidden
from fieldapp.domain.ids import BranchCode
from fieldapp.services import accounts, closing, scoring
from fieldapp.services.installation import MAIN
from fieldapp.services.work import Work


@click.command("close")
@click.argument("month", metavar="YYYY-MM")
@click.option("--as", "login", required=True, metavar="LOGIN", help="Who closes: of management or quality.")
@click.option("--branch", default=MAIN, show_default=True, metavar="CODE", help="Branch whose month it is.")
def close(month: str, login: str, branch: str) -> None:
    """Close a month for good: the first person proposes (exit 1), the second one confirms the same figures (exit 0)."""
    wanted, work = read_month(month), open_work()
    find_zone(work, branch)
    actor = accounts.acting_as(work, OPERATOR, login)
    try:
        step, _ = closing.step(work, actor, BranchCode(branch), wanted)
    except (Conflict, Forbidden) as error:
        _refuse(work, error, branch, wanted)
    print_table(scoring.month_scores(work, OPERATOR, branch, wanted))
    if step == "closed":
        click.echo(f"{month} is closed")
        return
    if step == "changed":
        click.echo("fieldapp: the figures are no longer those that were proposed; yours are proposed anew", err=True)
    click.echo(
        f"fieldapp: waiting for the second: somebody else of management or quality runs: fieldapp close {month} "
        f"--as LOGIN{'' if branch == MAIN else f' --branch {branch}'}",
        err=True,
    )
    sys.exit(1)


def _refuse(work: Work, error: Conflict | Forbidden, branch: str, month: Month) -> None:
    """Say why not, with one line for each visit that is in the way."""
    from fieldapp.web.errors import sentence

    click.echo(f"fieldapp: {sentence(error)}", err=True)
    if error.code == "month_pending":
        for visit in closing.open_visits(work, OPERATOR, BranchCode(branch), month):
            state = "disputed" if visit.held else "pending"
            click.echo(f"{visit.external_id}: {state}, technician {visit.technician or 'nobody'}", err=True)
    sys.exit(1)
