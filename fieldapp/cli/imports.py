"""`fieldapp import`: files into the store. Owns how what was imported, and every bad line, is told."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from fieldapp.cli.context import open_work
from fieldapp.cli.long_work import long_work
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import BranchCode
from fieldapp.services import appointments_import as appointments
from fieldapp.services import calendars_import, histories, rescue
from fieldapp.services.appointments_import import Remark
from fieldapp.services.histories import Fault, HistoryReport
from fieldapp.services.installation import MAIN
from fieldapp.services.rescue_files import RescueKey
from fieldapp.settings import Settings
from fieldapp.web import planning_words
from fieldapp.web.rescue_key import FILE as KEY_FILE

#: Why a line of a history cannot be; what is expected instead.
HISTORY_REASONS = {
    "not_json": "is not JSON",
    "not_an_object": "is not a JSON object; one event a line",
    "missing": "is missing",
    "field_unknown": "is no field of an event; those are id, type, visit, at, actor, data",
    "type_unknown": "is no type of event",
    "not_a_uuid": "is no UUID in lower case with hyphens",
    "not_a_staff_code": "is no staff code, `customer` or `office`",
    "no_time_with_offset": "is no ISO 8601 time with an offset, e.g. 2026-10-03T09:02:11+08:00",
    "not_in_this_century": "does not lie in this century",
    "not_an_order_number": "is no order number (1 to 64 printable characters)",
    "not_the_visit": "differs from the line's visit",
    "schema_invalid": "does not fit",
    "decided_here": "was recorded or appealed in this system, and is decided in it: nothing that is imported can",
    "appealed_here": "was appealed or answered in this system: no appeal that is imported can take that one's place",
    "heard_here": "came with an earlier import and was answered or decided in this system since; nothing that is "
    "imported can decide it",
    "at_future": "is still to come; an event has happened (a clock may be 5 minutes ahead)",
    "finding_future": "is still to come; a finding is about what has happened",
    "never_technician": "is no technician here and never was; a finding is about a technician's work",
    "technician_elsewhere": "is not of this branch, and was never the technician of the finding's visit; "
    "import it with that visit, or with --branch into their own",
    "staff_unknown": "is nobody's staff code; add --create-staff to make them technicians",
}


@click.group("import")
def group() -> None:
    """Work orders and event histories from files."""


@group.command("appointments")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--branch", default=MAIN, show_default=True, help="Branch whose visits these are.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
def import_appointments(file: Path, branch: str, dry_run: bool) -> None:
    """Work orders from a CSV file: all rows when all are good, else none."""
    raw, work = file.read_bytes(), open_work()
    act = appointments.preview_appointments if dry_run else appointments.import_appointments
    found = act(work, OPERATOR, BranchCode(branch), raw)
    if found.faults:
        _refuse_rows(file, found.faults)
    for warning in found.warnings:
        click.echo(f"warning: {appointment_remark(warning)}", err=True)
    counted = ", ".join(f"{found.count(verdict)} {verdict}" for verdict in ("new", "changed", "same"))
    click.echo(f"{len(found.lines)} rows: {counted}{'; dry run, nothing was changed' if dry_run else ''}")


def _refuse_rows(file: Path, faults: Sequence[Remark]) -> None:
    lines = len({fault.line for fault in faults})
    click.echo(f"fieldapp: nothing was imported; mend {lines} lines of {file.name} and import it again", err=True)
    for fault in faults:
        click.echo(appointment_remark(fault), err=True)
    sys.exit(2)


def appointment_remark(remark: Remark) -> str:
    """A fault or warning as people read it: `line N, column: value: reason`."""
    return f"line {remark.line}, {remark.column}: {remark.value}: {planning_words.reason(remark.code, remark.facts)}"


@group.command("calendars")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--branch", default=MAIN, show_default=True, help="Branch whose technicians these are.")
def import_calendars(file: Path, branch: str) -> None:
    """Technicians' shifts, skills, districts and bases, or their absences, from a CSV file: all good rows or none."""
    report = calendars_import.import_file(open_work(), OPERATOR, BranchCode(branch), file.read_bytes())
    if report.faults:
        _refuse_rows(file, report.faults)
    for warning in report.warnings:
        click.echo(f"warning: {appointment_remark(warning)}", err=True)
    click.echo(f"{report.stored} stored, {report.same} as before")


@group.command("events")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--branch", default=MAIN, show_default=True, help="Branch whose visits these are.")
@click.option("--create-staff", is_flag=True, help="Make technicians of staff codes that nobody has.")
def import_events(file: Path, branch: str, create_staff: bool) -> None:
    """An event history, one JSON event a line, in any order. Twice changes nothing.

    Meanwhile the lines lie in files without a name below TMPDIR: three times the size of the file is room enough.
    """
    work = open_work()
    # Everything is gone through twice: read, then stored.
    with file.open("rb") as lines, long_work("importing", 2 * file.stat().st_size) as progress:
        report = histories.import_events(
            work, OPERATOR, branch, lines, source=file.name, create_staff=create_staff, progress=progress
        )
    if report.faults:
        _refuse_history(file, report)
    _tell_history(report)


@group.command("rescue")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_rescue(file: Path) -> None:
    """What a phone could not send itself: a file fieldapp-rescue-….json that was saved on it. Twice changes nothing."""
    settings = Settings.from_environment()
    key = RescueKey.open_or_make(settings.instance / KEY_FILE)
    report = rescue.import_file(open_work(settings), OPERATOR, key, file.read_bytes())
    for fact in report.facts:
        code = f" ({fact.result.code})" if fact.result.code else ""
        click.echo(f"{fact.seq or '-'}\t{fact.type or '-'}\t{fact.result.status}{code}")
    for photo in report.photos:
        click.echo(f"photo\t{photo.sha256[:12]}\t{photo.status}")
    click.echo(f"{len(report.facts)} entries and {len(report.photos)} photos of {report.owner}")


def _refuse_history(file: Path, report: HistoryReport) -> None:
    bad = len({fault.line for fault in report.faults})
    click.echo(
        f"fieldapp: nothing was imported; mend {bad} of {report.lines} lines in {file.name} and import it again",
        err=True,
    )
    for fault in report.faults:
        click.echo(history_fault(fault), err=True)
    sys.exit(2)


def history_fault(fault: Fault) -> str:
    """One bad line as people read it: `line N, column: value: reason`."""
    reason = HISTORY_REASONS[fault.reason] + (f" ({fault.detail})" if fault.detail else "")
    return f"line {fault.line}, {fault.column}: {fault.value}: {reason}"


def _tell_history(report: HistoryReport) -> None:
    click.echo(f"{report.new} new events of {report.lines} lines; {report.known} known already")
    if report.created:
        click.echo(f"technicians created: {', '.join(report.created)}")
    if report.waiting:
        click.echo(f"{report.waiting} lines wait for a visit or a finding that is not there yet")
    for conflict in report.conflicts:
        click.echo(
            f"line {conflict.line}, id: {conflict.event_id}: taken by an event with other content; quarantined",
            err=True,
        )
