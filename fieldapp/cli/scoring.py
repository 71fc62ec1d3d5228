"""`fieldapp score`: a month's scores as a table, as JSON (the API's form) or as CSV."""

import csv
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import click

from fieldapp.cli.context import open_work, read_month
from fieldapp.cli.long_work import long_work
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import NotFound
from fieldapp.domain.plausible import is_plausible
from fieldapp.services import branches, recounting, scoring
from fieldapp.services.installation import MAIN
from fieldapp.services.scoring import MonthScores
from fieldapp.services.table_files import cell
from fieldapp.services.work import Work

COLUMNS = ("technician", "name", "status", "judged_visits", "assessed", "earned", "commendations", "score", "veto",
           "award", "currency")  # fmt: skip


@click.command("score")
@click.argument("month", metavar="YYYY-MM")
@click.option("--technician", help="Only this staff code.")
@click.option("--branch", default=MAIN, show_default=True, help="Branch whose month it is.")
@click.option("--now", metavar="ISO", help="The time as of which missed visits count; default: now.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@click.option("--recount", is_flag=True, help="Ignore every stored judgement and count from the event log.")
def score(month: str, technician: str | None, branch: str, now: str | None, form: str, recount: bool) -> None:
    """Conduct scores of a month."""
    wanted = read_month(month)
    work = open_work()
    zone = find_zone(work, branch)
    moment = read_moment(now, zone) if now else None
    ask = partial(scoring.month_scores, work, OPERATOR, branch, wanted, technician=technician, now=moment)
    try:
        if recount:
            with long_work("recounting", recounting.size(work, branch)) as progress:
                scores = ask(recount=True, progress=progress)
            for line in _beside_closed(scores, ask()):
                click.echo(line, err=True)
        else:
            scores = ask()
    except NotFound:
        raise click.BadParameter(
            f"nobody in branch {branch} has the staff code {technician}", param_hint="--technician"
        ) from None
    {"table": print_table, "json": _print_json, "csv": _print_csv}[form](scores)


def find_zone(work: Work, branch: str) -> ZoneInfo:
    """The branch's time zone; ends with exit 2 when there is no such branch."""
    try:
        with work.read() as db:
            return branches.zone_of(db, branch)
    except NotFound:
        raise click.BadParameter(
            f"there is no branch {branch}; see: fieldapp branch list", param_hint="--branch"
        ) from None


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no ISO 8601 time, e.g. 2026-11-20T00:00:00+08:00", param_hint="--now"
        ) from None
    if not is_plausible(moment):
        raise click.BadParameter(f"{text!r} does not lie in this century", param_hint="--now")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _print_json(scores: MonthScores) -> None:
    click.echo(json.dumps(scoring.as_data(scores), ensure_ascii=False, indent=1))


def _rows(scores: MonthScores) -> list[dict[str, str]]:
    return [
        {column: " ".join(one[column]) if column == "veto" else str(one[column]) for column in COLUMNS}
        for one in scoring.as_data(scores)["technicians"]
    ]


def _print_csv(scores: MonthScores) -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({column: cell(value) for column, value in row.items()} for row in _rows(scores))


def print_table(scores: MonthScores) -> None:
    click.echo(f"{scores.month} · {scores.branch} · rulebook {scores.rulebook.name} · as of {_local(scores)}")
    for line in _seal_lines(scores):
        click.echo(line)
    rows = _rows(scores)
    widths = {column: max(len(column), *(len(row[column]) for row in rows), 0) for column in COLUMNS} if rows else {}
    for row in [{column: column for column in COLUMNS}, *rows] if rows else []:
        click.echo("  ".join(row[column].ljust(widths[column]) for column in COLUMNS).rstrip())
    if not rows:
        click.echo("no technician has a judged visit or a finding in this month")
    if scores.unassigned:
        click.echo(f"{len(scores.unassigned)} judged visits are nobody's")


def _seal_lines(scores: MonthScores) -> Iterator[str]:
    """Who closed the month, and what was adjusted since; nothing of an open one."""
    if scores.sealed is None:
        return
    row = scores.sealed.row
    yield f"closed by {row.proposed_by} and {row.confirmed_by}, fingerprint {row.fingerprint}"
    for one in scores.technicians:
        if one.standing and one.standing.adjustments:
            figure = one.standing.figure
            what = f"score {figure.score:.1f}, award {figure.award:.2f} ({one.standing.award:+.2f})"
            yield f"adjusted since: {one.standing.technician} {one.name}: {what}"


def _beside_closed(recount: MonthScores, closed: MonthScores) -> Iterator[str]:
    """What a recount of a closed month must not be taken for: its closed figures, where they are others."""
    if closed.sealed is None:
        return
    yield f"{closed.month} is closed; this is what the facts say today"
    yield from _seal_lines(closed)
    today = {one.sheet.technician: one.sheet for one in recount.technicians}
    for one in closed.technicians:
        then, now = one.sheet, today.get(one.sheet.technician)
        if now is None or (then.status, then.score, then.award) != (now.status, now.score, now.award):
            what = f"{then.status}, score {then.score:.1f}, award {then.award:.2f}"
            yield f"closed with: {then.technician} {one.name}: {what}"
    listed = {one.sheet.technician for one in closed.technicians}
    yield from (f"closed without {technician}" for technician in today if technician not in listed)


def _local(scores: MonthScores) -> str:
    return scores.now.astimezone(ZoneInfo(scores.timezone)).isoformat(" ", "minutes")
