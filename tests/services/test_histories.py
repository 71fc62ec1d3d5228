"""Event histories from files: all or nothing, idempotent, conflicts kept apart, waiting events waiting."""

import json
import os
import random
import tracemalloc
from datetime import UTC, datetime
from io import BytesIO

import pytest
from sqlalchemy import update

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Forbidden
from fieldapp.services import recounting, scoring
from fieldapp.services.histories import LONGEST, Fault, HistoryReport, import_events
from fieldapp.services.work import Work
from fieldapp.storage import accounts, events, quarantine
from fieldapp.storage.tables.scoring import CircumstancesRow
from tests import builders, cast
from tests.domain.scoring.history import DATA, NOW, as_listed, expected
from tests.fakes import Clock

NINE = datetime(2026, 10, 5, 1, 0, tzinfo=UTC)
#: The sample's last event is of the 24th; it is scored as of `NOW`, some days before.
AFTER = datetime(2026, 11, 25, tzinfo=UTC)


def jsonl(entries: list) -> bytes:
    return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries).encode()


def imported(work: Work, raw: bytes, **options) -> HistoryReport:
    return import_events(work, OPERATOR, cast.MAIN, BytesIO(raw), source="history.jsonl", **options)


def stored(work: Work) -> int:
    with work.read() as db:
        return events.count(db, cast.MAIN)


def test_the_sample_imports_in_any_order_and_twice_and_scores_as_expected(work: Work, clock: Clock):
    clock.set(AFTER)
    lines = (DATA / "history-2026-10.jsonl").read_bytes().splitlines()
    random.Random(5).shuffle(lines)
    first = imported(work, b"\n".join(lines), create_staff=True)
    assert (first.lines, first.new, first.known, first.faults, first.conflicts) == (5302, 5199, 103, (), ())
    assert first.waiting == 4
    random.Random(6).shuffle(lines)
    again = imported(work, b"\n".join(lines))
    assert (again.new, again.created, stored(work)) == (0, (), 5199)
    month = scoring.month_scores(work, OPERATOR, cast.MAIN, Month("2026-10"), now=NOW)
    assert [as_listed(one.sheet) for one in month.technicians] == expected()
    with work.read() as db:
        assert recounting.drift(db, cast.MAIN) == []


def test_a_history_in_three_files_counts_like_one_in_whatever_order_they_come(work: Work, clock: Clock):
    clock.set(AFTER)
    lines = (DATA / "history-2026-10.jsonl").read_bytes().splitlines()
    random.Random(7).shuffle(lines)
    third = len(lines) // 3
    for part in (lines[third : 2 * third], lines[2 * third :], lines[:third]):
        assert imported(work, b"\n".join(part), create_staff=True).faults == ()
    month = scoring.month_scores(work, OPERATOR, cast.MAIN, Month("2026-10"), now=NOW)
    assert [as_listed(one.sheet) for one in month.technicians] == expected()


def test_the_doctor_names_circumstances_that_are_not_what_happened(work: Work, clock: Clock):
    clock.set(AFTER)
    imported(work, b"\n".join((DATA / "history-2026-10.jsonl").read_bytes().splitlines()), create_staff=True)
    with work.write(cast.MAIN) as db:
        late = update(CircumstancesRow).where(CircumstancesRow.branch == cast.MAIN, CircumstancesRow.minutes > 0)
        changed = db.execute(late.values(minutes=0)).rowcount
    with work.read() as db:
        found = recounting.drift(db, cast.MAIN)
    assert changed
    assert len(found) == changed
    assert all(one.startswith("circumstances of visit") for one in found)


@pytest.mark.postgres
def test_the_sample_scores_the_same_on_postgresql(postgres_work: Work, clock: Clock):
    clock.set(AFTER)
    raw = (DATA / "history-2026-10.jsonl").read_bytes()
    assert imported(postgres_work, raw, create_staff=True).new == 5199
    assert imported(postgres_work, raw).new == 0
    month = scoring.month_scores(postgres_work, OPERATOR, cast.MAIN, Month("2026-10"), now=NOW)
    assert [as_listed(one.sheet) for one in month.technicians] == expected()
    with postgres_work.read() as db:
        assert recounting.drift(db, cast.MAIN) == []


def test_unknown_staff_codes_become_technicians_when_asked(work: Work):
    visit = builders.perfect_visit("WO-1", NINE, technician="T555")
    report = imported(work, jsonl(visit), create_staff=True)
    assert report.created == ("T555",)
    with work.read() as db:
        account = accounts.find_by_login(db, "T555")
        assert (account.role, account.branch, account.name) == ("technician", cast.MAIN, "T555")
        assert accounts.password_hash(db, account.account_id) is None


def test_unknown_staff_codes_are_faults_otherwise(work: Work):
    report = imported(work, jsonl([builders.scheduled("WO-1", NINE, technician="T555")]))
    assert report.faults == (Fault(1, "data.technician", "T555", "staff_unknown"),)
    assert stored(work) == 0


def test_equal_content_twice_in_one_file_is_one_event(work: Work):
    entry = builders.scheduled("WO-1", NINE)
    report = imported(work, jsonl([entry, dict(reversed(entry.items()))]))
    assert (report.new, report.known) == (1, 1)


def test_a_time_in_another_offset_is_the_same_time(work: Work):
    entry = builders.scheduled("WO-1", NINE)
    shifted = entry | {"at": "2026-10-03T09:00:00+08:00"}
    assert datetime.fromisoformat(entry["at"]) == datetime.fromisoformat(shifted["at"])
    assert imported(work, jsonl([entry, shifted])).conflicts == ()


def test_the_same_id_with_other_content_is_kept_apart_and_the_rest_imported(work: Work):
    visit = builders.perfect_visit("WO-1", NINE)
    imported(work, jsonl(visit))
    other = visit[4] | {"actor": "T002"}
    more = builders.perfect_visit("WO-2", NINE)
    report = imported(work, jsonl([*more, other]))
    assert (report.new, [(one.line, one.event_id) for one in report.conflicts]) == (13, [(14, other["id"])])
    assert imported(work, jsonl([other])).conflicts != (), "a resend is reported again"
    with work.read() as db:
        kept = quarantine.listed(db, cast.MAIN)
        assert [(one.code, one.event_id) for one in kept] == [("id_conflict", other["id"])]
        assert json.loads(quarantine.content(work.vault, cast.MAIN, kept[0]).raw) == other
        assert events.find(db, cast.MAIN, other["id"]).actor == "T001"


@pytest.mark.parametrize("names", [("WO-1", "WO-2"), ("WO-2", "WO-1")])
def test_of_lines_that_share_an_id_the_first_in_the_file_counts(work: Work, names: tuple[str, str]):
    first, second = (builders.scheduled(name, NINE) for name in names)
    report = imported(work, jsonl([first, second | {"id": first["id"]}, first]))
    assert (report.new, report.known, [one.line for one in report.conflicts]) == (1, 1, [2])


def test_corrections_that_fit_nothing_are_kept_and_change_nothing(work: Work):
    visit = builders.perfect_visit("WO-1", NINE)
    wrong = [{"promise": visit[0]["data"]["promise"]}, {"rating": 5}, {"introduced": 10**30}, {"introduced": [1.5]}]
    visit += [
        builders.line("event.corrects", "WO-1", NINE, target=target["id"], reason="slip", data=data)
        for data in wrong
        for target in (visit[0], visit[5], visit[9])
    ]
    assert (imported(work, jsonl(visit)).new, imported(work, jsonl(visit)).known) == (25, 25)
    sheet = scoring.month_scores(work, OPERATOR, cast.MAIN, Month("2026-10"), now=NOW).technicians[0].sheet
    assert (sheet.judged_visits, sheet.score) == (1, 100)


def test_events_wait_for_their_visit_whatever_file_it_comes_in(work: Work):
    visit = builders.perfect_visit("WO-1", NINE)
    assert imported(work, jsonl(visit[1:])).waiting == 12
    scores = scoring.month_scores(work, OPERATOR, cast.MAIN, Month("2026-10"), now=NOW)
    assert scores.technicians == ()
    assert imported(work, jsonl(visit[:1])).waiting == 0
    scores = scoring.month_scores(work, OPERATOR, cast.MAIN, Month("2026-10"), now=NOW)
    assert scores.technicians[0].sheet.judged_visits == 1


def test_a_decision_waits_for_its_finding_and_says_so(work: Work):
    finding = builders.line(
        "finding.recorded", None, NINE, "Q001",
        source="complaint", technician="T001", favourable=False, occurred_on="2026-10-05", discipline="gifts",
    )  # fmt: skip
    upheld = builders.line("finding.decided", None, NINE, "office", finding=finding["id"], outcome="upheld")
    assert imported(work, jsonl([upheld])).waiting == 1
    assert imported(work, jsonl([finding, upheld])).waiting == 0
    sheet = scoring.month_scores(work, OPERATOR, cast.MAIN, Month("2026-10"), now=NOW).technicians[0].sheet
    assert sheet.veto == ("gifts",)


GOOD = builders.line("visit.arrived", "WO-1", NINE, gps=None)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        (b"{", "line", "not_json"),
        (b"\xff\xfe", "line", "not_json"),
        (b"[" * 5000, "line", "not_json"),
        (
            json.dumps(
                builders.line(
                    "event.corrects",
                    "WO-1",
                    NINE,
                    target=GOOD["id"],
                    reason="x",
                    data=json.loads('{"a":' * 50 + "1" + "}" * 50),
                )
            ).encode(),
            "data",
            "schema_invalid",
        ),
        (b"[]", "line", "not_an_object"),
        (b"7", "line", "not_an_object"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "at"}).encode(), "at", "missing"),
        (json.dumps(GOOD | {"colour": "red"}).encode(), "colour", "field_unknown"),
        (json.dumps(GOOD | {"type": "visit.teleported"}).encode(), "type", "type_unknown"),
        (json.dumps(GOOD | {"type": ["x"]}).encode(), "type", "type_unknown"),
        (json.dumps(GOOD | {"id": "7"}).encode(), "id", "not_a_uuid"),
        (json.dumps(GOOD | {"id": None}).encode(), "id", "not_a_uuid"),
        (json.dumps(GOOD | {"actor": "no spaces please"}).encode(), "actor", "not_a_staff_code"),
        (json.dumps(GOOD | {"at": "yesterday"}).encode(), "at", "no_time_with_offset"),
        (json.dumps(GOOD | {"at": "2026-10-05T09:00:00"}).encode(), "at", "no_time_with_offset"),
        (json.dumps(GOOD | {"at": 1795319420}).encode(), "at", "no_time_with_offset"),
        (json.dumps(GOOD | {"at": "0001-01-01T00:00:00+14:00"}).encode(), "at", "not_in_this_century"),
        (json.dumps(GOOD | {"visit": None}).encode(), "visit", "missing"),
        (json.dumps(GOOD | {"visit": " x"}).encode(), "visit", "not_an_order_number"),
        (json.dumps(GOOD | {"data": []}).encode(), "data", "schema_invalid"),
        (json.dumps(GOOD | {"data": {"gps": {"lat": 91}}}).encode(), "data.gps.lat", "schema_invalid"),
        (json.dumps(GOOD | {"data": {"visit": "WO-1"}}).encode(), "data", "schema_invalid"),
        (
            json.dumps(builders.scheduled("WO-1", NINE) | {"visit": "WO-2"}).encode(),
            "data.external_id",
            "not_the_visit",
        ),
        (
            json.dumps(
                builders.scheduled("WO-1", NINE, promise=builders.promise(NINE, end="1999-01-01T00:00:00Z"))
            ).encode(),
            "data.promise",
            "schema_invalid",
        ),
        (
            json.dumps(builders.line("appeal.decided", None, NINE, item="punctual", outcome="confirmed")).encode(),
            "visit",
            "missing",
        ),
    ],
)
def test_a_malformed_line_is_named_by_line_column_and_reason(work: Work, text: bytes, column: str, reason: str):
    good = jsonl([builders.scheduled("WO-1", NINE)])
    report = imported(work, good + b"\n\n" + text)
    assert [(fault.line, fault.column, fault.reason) for fault in report.faults] == [(3, column, reason)]
    assert (report.new, stored(work)) == (0, 0)


def test_every_bad_line_is_named_in_one_answer(work: Work):
    raw = b"\n".join([b"{", jsonl([GOOD]), b"[]", json.dumps(GOOD | {"actor": "T404"}).encode()])
    report = imported(work, raw)
    assert [(fault.line, fault.column, fault.value) for fault in report.faults] == [
        (1, "line", "{"), (3, "line", "[]"), (4, "actor", "T404"),
    ]  # fmt: skip
    assert report.lines == 4


def test_byte_order_mark_blank_lines_and_crlf_are_no_faults(work: Work):
    raw = b"\xef\xbb\xbf" + jsonl([builders.scheduled("WO-1", NINE), GOOD]).replace(b"\n", b"\r\n\r\n") + b"\r\n"
    assert imported(work, raw).new == 2


def test_a_line_that_is_too_long_is_named_and_the_next_ones_have_their_numbers(work: Work):
    """A whole history in one line, say, as a list."""
    good = jsonl([builders.scheduled("WO-1", NINE)])
    report = imported(work, b"[" + b" " * LONGEST + b"]\n" + good + b"\n{\n" + good + b" " * LONGEST)
    assert [(fault.line, fault.reason) for fault in report.faults] == [
        (1, "not_json"),
        (3, "not_json"),
        (4, "not_json"),
    ]
    assert report.lines == 4


def test_a_history_may_come_through_a_pipe(work: Work):
    reading, writing = os.pipe()
    os.write(writing, jsonl([builders.scheduled("WO-1", NINE), GOOD]))
    os.close(writing)
    with open(reading, "rb") as file:
        assert import_events(work, OPERATOR, cast.MAIN, file, source="-").new == 2


def test_all_of_the_file_is_told_of_as_read_and_again_as_stored(work: Work, clock: Clock):
    clock.set(AFTER)
    raw = (DATA / "history-2026-10.jsonl").read_bytes()
    steps: list[int] = []
    imported(work, raw, create_staff=True, progress=steps.append)
    assert sum(steps) == pytest.approx(2 * len(raw), abs=5)
    assert max(steps) < len(raw)
    assert len(steps) > 10


def test_memory_is_for_a_part_of_the_file_not_for_all_of_it(work: Work):
    """Thirty megabytes of statements."""
    said = {"doc_hash": builders.DOC_HASH, "doc": "x" * 200_000}
    lines = [builders.line("statement.presented", f"WO-{number}", NINE, **said) for number in range(150)]
    raw = jsonl(lines)
    tracemalloc.start()
    assert imported(work, raw).new == len(lines)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(raw) / 2


def test_only_the_operator_imports_histories(work: Work):
    for person in (cast.D001, cast.M001, cast.A001, cast.T001):
        with pytest.raises(Forbidden):
            import_events(work, person.actor, cast.MAIN, BytesIO(), source="x")
