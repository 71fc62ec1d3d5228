"""Appointment files: what is read, what is refused and how it is named, what the same order again changes."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Conflict, Forbidden, NotFound
from fieldapp.domain.visits import events as ev
from fieldapp.services import planning, scheduling
from fieldapp.services.appointments_csv import COLUMNS, Sheet, parse_appointments
from fieldapp.services.appointments_import import Preview, import_appointments, preview_appointments
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Work
from fieldapp.storage import visits
from tests.cast import D001, MAIN, NORTH, NOW, T001
from tests.services.test_approvals import become

DATA = Path(__file__).parents[1] / "data"
ME = D001.actor
STAFF = {f"T{number:03}": True for number in range(1, 13)} | {"T099": False}
GOOD = {
    "external_id": "WO-1", "job_type": "install", "customer_name": "何美玲", "phone": "19553035110",
    "address": "健康東路115號", "lat": "33.2", "lon": "118.8", "language": "zh-Hant",
    "window_start": "2026-12-02T08:30", "window_end": "2026-12-02T09:30", "agreed": "yes",
    "told_at": "2026-10-14T09:00", "channel": "app", "technician": "T001", "charges": "移機費 108.00; Cable 5",
    "note": "",
}  # fmt: skip


def row(**cells: str) -> dict[str, str]:
    return {**GOOD, **cells}


def file(*rows: dict[str, str], columns: Any = None, bom: bool = False) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns or list({name: None for one in rows for name in one}))
    writer.writeheader()
    writer.writerows(rows)
    return ("\ufeff" if bom else "").encode() + text.getvalue().encode()


def parse(raw: bytes) -> Sheet:
    return parse_appointments(raw, ZoneInfo("Asia/Shanghai"), STAFF, NOW)


def faults(raw: bytes) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.code) for one in parse(raw).faults]


def load(work: Work, *rows: dict[str, str], **options: Any) -> Preview:
    return import_appointments(work, ME, MAIN, file(*rows), **options)


def stored(work: Work, number: str = "WO-1") -> planning.Details:
    with work.read() as db:
        visit = visits.find_by_external_id(db, MAIN, number)
    assert visit is not None
    return planning.get_visit(work, ME, MAIN, visit.visit_id)


def kinds(work: Work, number: str = "WO-1") -> list[str]:
    return [one.event.type for one in stored(work, number).timeline]


def test_the_bad_sample_has_nine_faults_and_all_are_named_at_once() -> None:
    assert faults((DATA / "appointments-bad.csv").read_bytes()) == [
        (3, "window_end", "window_reversed"),
        (4, "phone", "phone_malformed"),
        (5, "job_type", "job_type_unknown"),
        (6, "window_start", "time_malformed"),
        (7, "technician", "technician_unknown"),
        (8, "lat", "out_of_range"),
        (9, "customer_name", "missing"),
        (10, "external_id", "duplicate_other"),
        (12, "language", "language_unknown"),
    ]


def test_the_sample_month_is_read_whole() -> None:
    sheet = parse((DATA / "appointments-2026-12.csv").read_bytes())
    assert (len(sheet.rows), sheet.faults) == (240, ())


@pytest.mark.parametrize("bom", [True, False])
def test_columns_come_in_any_order_with_or_without_a_byte_order_mark(bom: bool) -> None:
    [read] = parse(file(row(), columns=list(reversed(COLUMNS)), bom=bom)).rows
    assert read.order.external_id == "WO-1"
    assert read.order.promise.start.isoformat() == "2026-12-02T00:30:00+00:00"
    assert read.order.charges == [ev.Charge(label="移機費", amount="108.00"), ev.Charge(label="Cable", amount="5.00")]
    assert (read.asked_by, read.apology, read.cause) == ("company", False, "plan")


def test_an_offset_wins_over_the_branchs_zone() -> None:
    [read] = parse(file(row(window_start="2026-12-02T00:30:00Z", window_end="2026-12-02T10:30+09:00"))).rows
    assert read.order.promise.start.isoformat() == "2026-12-02T00:30:00+00:00"
    assert read.order.promise.end.isoformat() == "2026-12-02T01:30:00+00:00"


def test_an_unknown_column_is_reported_and_not_read() -> None:
    sheet = parse(file(row(colour="blue")))
    assert [(one.column, one.code) for one in sheet.warnings] == [("colour", "column_unknown")]
    assert len(sheet.rows) == 1


def test_a_missing_or_double_column_is_a_fault_of_the_header() -> None:
    without = {name: cell for name, cell in GOOD.items() if name not in {"phone", "lat"}}
    assert faults(file(without)) == [(1, "phone", "column_missing"), (1, "lat", "column_missing")]
    raw = file(GOOD).replace(b"external_id,", b"external_id,note,", 1)
    assert (1, "note", "column_twice") in faults(raw)
    assert faults(b"") == [(1, "-", "empty_file")]


def test_lines_are_those_of_the_file_where_notes_have_several() -> None:
    raw = file(row(note="one\ntwo\nthree"), row(external_id="WO-2", phone="?"))
    assert faults(raw) == [(5, "phone", "phone_malformed")]
    assert parse(raw.replace(b"?", b"19553035110")).rows[0].order.note == "one\ntwo\nthree"


def test_blank_lines_are_passed_over() -> None:
    raw = file(row()).replace(b"\r\n", b"\r\n\r\n\r\n", 1)
    assert [one.line for one in parse(raw).rows] == [4]


def test_a_broken_encoding_is_named_by_line_and_column_and_the_rest_is_still_checked() -> None:
    raw = file(row(note="caf@"), row(external_id="WO-2", job_type="paint")).replace(b"@", b"\xe9")
    assert faults(raw) == [(2, "note", "not_utf8"), (3, "job_type", "job_type_unknown")]
    assert parse(raw).faults[0].value == "caf�"
    assert faults("external_id\r\n".encode("utf-16")) == [(1, "-", "utf16")]
    assert {code for _, _, code in faults(file(row()).decode().encode("gbk", errors="ignore"))} == {"not_utf8"}


@pytest.mark.parametrize("encoding", ["gbk", "gb18030"])
def test_a_file_of_another_encoding_is_named_once(encoding: str) -> None:
    raw = file(*(row(external_id=f"WO-{number}", note="王芳") for number in range(20))).decode()
    assert faults(raw.encode(encoding)) == [(1, "-", "other_encoding")]


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"external_id": ""}, "external_id", "missing"),
        ({"external_id": "x" * 65}, "external_id", "external_id_malformed"),
        ({"job_type": ""}, "job_type", "missing"),
        ({"phone": "12"}, "phone", "phone_malformed"),
        ({"address": " "}, "address", "missing"),
        ({"address": "x" * 201}, "address", "too_long"),
        ({"lat": "north"}, "lat", "number_malformed"),
        ({"lat": "nan"}, "lat", "number_malformed"),
        ({"lon": "-180.1"}, "lon", "out_of_range"),
        ({"window_start": "2026-12-02"}, "window_start", "time_malformed"),
        ({"window_start": "2026-02-30T09:00"}, "window_start", "time_malformed"),
        ({"window_end": "0001-01-01T00:00"}, "window_end", "time_malformed"),
        ({"window_end": "2026-12-01T09:30"}, "window_end", "window_reversed"),
        ({"told_at": ""}, "told_at", "time_malformed"),
        ({"agreed": "ja"}, "agreed", "not_yes_no"),
        ({"channel": ""}, "channel", "missing"),
        ({"technician": "T900"}, "technician", "technician_unknown"),
        ({"technician": "T099"}, "technician", "technician_left"),
        ({"charges": "free"}, "charges", "charge_malformed"),
        ({"charges": "Cable 1.234"}, "charges", "charge_malformed"),
        ({"note": "bell\x07"}, "note", "control_character"),
        ({"note": "nul\x00"}, "note", "control_character"),
        ({"asked_by": "boss"}, "asked_by", "asked_by_unknown"),
        ({"apology": "perhaps"}, "apology", "not_yes_no"),
        ({"cause": "weather"}, "cause", "cause_unknown"),
    ],
)  # fmt: skip
def test_each_wrong_cell_is_one_fault_of_its_column(cells: dict[str, str], column: str, code: str) -> None:
    if code == "time_malformed" and not cells.get(column):
        code = "missing"
    assert faults(file(row(**cells))) == [(2, column, code)]


def test_a_time_that_the_clocks_leave_out_is_a_fault() -> None:
    raw = file(row(window_start="2026-03-29T02:30", window_end="2026-03-29T04:00"))
    found = parse_appointments(raw, ZoneInfo("Europe/Berlin"), STAFF, NOW).faults
    assert [(one.column, one.code) for one in found] == [("window_start", "time_skipped")]


def test_a_row_too_short_and_quotes_that_do_not_match_are_faults_of_their_line() -> None:
    raw = file(row()) + b'WO-2,install\r\nWO-3,"in"stall\r\n'
    assert faults(raw) == [(3, "-", "cells"), (4, "-", "quotes")]


@pytest.mark.parametrize("column", ["window_start", "window_end", "told_at"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "1999-12-31T12:00", "2000-01-01T00:00", "9999-12-31T23:59"])
def test_a_time_of_another_century_is_a_fault_of_its_own_column(column: str, moment: str) -> None:
    assert faults(file(row(**{column: moment}))) == [(2, column, "time_malformed")]


def test_a_cell_without_end_is_too_long() -> None:
    assert faults(file(row(note="x" * 200_000))) == [(2, "-", "too_long")]


def test_the_same_order_twice_is_a_fault_only_with_other_content() -> None:
    assert faults(file(row(), row(note="other"))) == [(3, "external_id", "duplicate_other")]
    twice = parse(file(row(), row(window_start="2026-12-02T08:30+08:00")))
    assert (len(twice.rows), [one.code for one in twice.warnings]) == (1, ["duplicate_same"])


def test_the_sample_month_is_imported_whole_and_a_second_time_changes_nothing(work: Work) -> None:
    raw = (DATA / "appointments-2026-12.csv").read_bytes()
    for number in range(4, 13):  # the cast has three of the twelve
        raw = raw.replace(f",T{number:03},".encode(), f",T{number % 3 + 1:03},".encode())
    first = import_appointments(work, ME, MAIN, raw)
    assert (first.faults, first.count("new")) == ((), 240)
    assert planning.list_visits(work, ME, MAIN).total == 240
    again = import_appointments(work, ME, MAIN, raw)
    assert (again.count("same"), again.count("new"), again.warnings) == (240, 0, ())
    assert kinds(work, "GD2026120000") == ["visit.scheduled"]


def test_one_bad_row_and_nothing_is_imported(work: Work) -> None:
    assert load(work, row(), row(external_id="WO-2", lat="133.2")).faults
    assert planning.list_visits(work, ME, MAIN).total == 0


def test_a_preview_changes_nothing(work: Work) -> None:
    preview = preview_appointments(work, ME, MAIN, file(row()))
    assert (preview.count("new"), planning.list_visits(work, ME, MAIN).total) == (1, 0)


def test_formulas_and_markup_are_only_text(work: Work) -> None:
    load(work, row(note="路由器, =SUM(1+1)", customer_name="<script>alert(1)</script>"))
    visit = stored(work).visit
    assert (visit.note, visit.customer_name) == ("路由器, =SUM(1+1)", "<script>alert(1)</script>")


@pytest.mark.parametrize(
    ("cells", "events"),
    [
        ({}, []),
        ({"note": "ring twice"}, ["visit.amended"]),
        ({"technician": "T002"}, ["visit.assigned"]),
        ({"technician": ""}, ["visit.assigned"]),
        ({"window_start": "2026-12-03T08:30", "window_end": "2026-12-03T09:30"}, ["promise.changed"]),
        (
            {"window_end": "2026-12-02T10:00", "technician": "T002", "phone": "19553035111", "charges": ""},
            ["promise.changed", "visit.assigned", "visit.amended"],
        ),
    ],
)
def test_a_known_order_records_exactly_what_differs(work: Work, cells: dict[str, str], events: list[str]) -> None:
    load(work, row())
    found = load(work, row(**cells))
    assert [line.changes for line in found.lines] == [tuple(events)]
    assert kinds(work) == ["visit.scheduled", *events]
    assert load(work, row(**cells)).count("same") == 1


def test_a_changed_window_carries_who_asked_and_why(work: Work) -> None:
    load(work, row())
    later = {"window_start": "2026-12-03T08:30", "window_end": "2026-12-03T09:30", "told_at": "2026-10-14T09:15"}
    load(work, row(**later, asked_by="company", apology="yes", cause="technician"))
    line = stored(work).ledger[-1]
    assert (line.asked_by, line.apology, line.cause, line.channel) == ("company", True, "technician", "app")


@pytest.mark.parametrize(
    ("hours", "cells", "fault"),
    [
        (2, {"told_at": "2026-12-01T09:00"}, ("told_at", "told_afterwards")),
        (2, {"told_at": "2026-12-01T09:00", "asked_by": "customer"}, ("asked_by", "needs_second_person")),
        (2, {"told_at": "2026-12-02T10:30"}, None),
        (-20, {"told_at": "2026-12-01T09:00"}, None),
    ],
)
def test_a_file_is_no_way_around_what_a_form_would_refuse(
    work: Work, clock: Any, hours: int, cells: dict[str, str], fault: tuple[str, str] | None
) -> None:
    load(work, row())
    clock.set(datetime(2026, 12, 2, 0, 30, tzinfo=UTC) + timedelta(hours=hours))
    wider = file(row(**cells, window_end="2026-12-02T12:30"))
    found = import_appointments(work, ME, MAIN, wider)
    assert [(one.column, one.code) for one in found.faults] == ([fault] if fault else [])
    assert kinds(work) == ["visit.scheduled", *([] if fault else ["promise.changed"])]
    assert import_appointments(work, OPERATOR, MAIN, wider).faults == ()


def test_a_file_changes_no_promise_of_what_is_over_or_one_s_own(work: Work) -> None:
    load(work, row(), row(external_id="WO-2", window_start="2026-12-03T08:30", window_end="2026-12-03T09:30"))
    seen = stored(work).visit
    cancellation = ev.VisitCancelled(
        asked_by="customer", reason="Not at home.", told_at=NOW, apology=False, cause="customer"
    )
    scheduling.cancel_visit(work, ME, MAIN, seen.visit_id, seen.rev, cancellation)
    later = {"window_start": "2026-12-03T08:30", "window_end": "2026-12-03T10:30", "told_at": "2026-10-14T09:30"}
    assert [one.code for one in load(work, row(**later)).faults] == ["visit_over"]
    become(work, "T001", "dispatcher")
    own = replace(ME, login=T001.login)
    found = import_appointments(work, own, MAIN, file(row(external_id="WO-2", **later, technician="T002")))
    assert [one.code for one in found.faults] == ["visit_own"]
    assert load(work, row(external_id="WO-2", **later, technician="T002")).faults == ()


def test_the_same_file_again_does_not_undo_what_a_dispatcher_did(work: Work) -> None:
    load(work, row())
    seen = stored(work).visit
    scheduling.assign_visit(work, ME, MAIN, seen.visit_id, seen.rev, Slot(technician="T002"))
    assert load(work, row()).count("same") == 1
    load(work, row(note="ring twice"))
    assert (stored(work).visit.technician, stored(work).visit.note) == ("T002", "ring twice")


def test_past_windows_late_telling_and_overlaps_are_warnings(work: Work) -> None:
    found = load(
        work,
        row(told_at="2026-11-01T09:00"),
        row(external_id="WO-2", window_start="2026-12-02T09:00"),
        row(external_id="WO-3", window_start="2026-01-02T08:30", window_end="2026-01-02T09:00"),
    )
    assert [(one.line, one.column, one.code) for one in found.warnings] == [
        (2, "told_at", "told_future"),
        (3, "technician", "overlap"),
        (4, "window_start", "window_past"),
    ]
    assert found.warnings[1].facts == {"other": "WO-1"}
    [warning] = load(work, row(external_id="WO-4", told_at="2026-10-14T08:00")).warnings[:1]
    assert warning.code == "overlap"


def test_a_confirmed_preview_that_is_not_true_any_more_is_refused(work: Work) -> None:
    digest = preview_appointments(work, ME, MAIN, file(row())).digest
    load(work, row(), expected=digest)
    with pytest.raises(Conflict, match="import_stale"):
        load(work, row(), expected=digest)


def test_who_may_not_plan_may_not_import(work: Work) -> None:
    with pytest.raises(Forbidden):
        import_appointments(work, T001.actor, MAIN, file(row()))
    with pytest.raises(NotFound):
        import_appointments(work, ME, NORTH, file(row()))
    with pytest.raises(NotFound):
        import_appointments(work, OPERATOR, "nowhere", file(row()))
    assert import_appointments(work, OPERATOR, MAIN, file(row())).count("new") == 1


def test_a_file_may_say_the_district_and_one_that_does_not_leaves_it(work: Work) -> None:
    load(work, row(district="港口"))
    assert stored(work).visit.district == "港口"
    load(work, row(phone="19553035111"))
    visit = stored(work).visit
    assert (visit.phone, visit.district) == ("19553035111", "港口")


def test_the_same_file_with_and_without_an_empty_district_changes_nothing(work: Work) -> None:
    load(work, GOOD)
    assert [one.verdict for one in load(work, row(district="")).lines] == ["same"]
