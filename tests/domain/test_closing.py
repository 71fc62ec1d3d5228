"""What is sealed of a month, in which bytes, and when it may be."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldapp.domain import closing
from fieldapp.domain.calendar import Month, month_bounds
from fieldapp.domain.closing import ClosedSheet, ClosedVisit, Evidence, Snapshot
from fieldapp.domain.errors import Conflict, Forbidden
from fieldapp.domain.scoring.engine import ScoreSheet, judge_all, tally
from tests.domain.scoring.story import BOOKS, MUCH_LATER, OCTOBER, ZONE, decision, finding_alone, heap
from tests.domain.scoring.test_worked_example import month_of_t

BOOK = BOOKS.in_force(OCTOBER)


def live() -> tuple[ScoreSheet, list[ClosedVisit]]:
    """The month of the worked example, with a gift on top."""
    gift = finding_alone(discipline="gifts", source="complaint")
    judgements, effects = judge_all(heap([*month_of_t(), gift, decision(gift)]), BOOKS, ZONE)
    sheet = tally("T", OCTOBER, judgements, effects, BOOK, MUCH_LATER)
    return sheet, [ClosedVisit(f"WO-{one.visit}", one) for one in judgements]


def snapshot() -> Snapshot:
    moment = MUCH_LATER.astimezone(UTC)
    return Snapshot(
        format=closing.FORMAT, branch="main", month=OCTOBER, timezone="Asia/Shanghai", currency="CNY", rulebook=BOOK,
        sheets=(("T", "0" * 64),), unassigned=("WO-4",), figures="1" * 64, proposed_by="M1", proposed_at=moment,
        confirmed_by="M2", closed_at=moment, key="k" * 16,
    )  # fmt: skip


def test_a_closed_sheet_reads_back_as_the_live_one_with_all_that_is_behind_it():
    sheet, visits = live()
    closed, evidence = closing.close_sheet(sheet, "张伟", "a", visits)
    found = closing.read(closing.canonical(closed), ClosedSheet)
    assert found == closed
    assert closing.sheet_of(found, BOOK, OCTOBER, closing.read(evidence, Evidence)) == sheet


def test_its_numbers_are_those_that_were_sealed_whatever_the_evidence_says():
    sheet, visits = live()
    closed, _ = closing.close_sheet(sheet, "张伟", "a", visits)
    bare = closing.sheet_of(closed, BOOK, OCTOBER)
    assert closing.figure_of(bare) == closing.figure_of(sheet)
    assert (bare.effects, bare.items[2].findings) == ((), ())


def test_the_order_of_visits_changes_no_byte():
    sheet, visits = live()
    assert closing.close_sheet(sheet, "T", None, visits) == closing.close_sheet(sheet, "T", None, reversed(visits))


@settings(max_examples=25, deadline=None)
@given(name=st.text(), team=st.none() | st.text())
def test_the_bytes_are_the_canonical_json_of_rfc_8785(name: str, team: str | None):
    sheet, visits = LIVE
    closed, evidence = closing.close_sheet(sheet, name, team, visits)
    for value in (closed, closing.read(evidence, Evidence), snapshot()):
        assert closing.canonical(value) == rfc8785.dumps(msgspec.to_builtins(value))


LIVE = live()


def test_a_snapshot_names_its_rulebook_with_every_number():
    assert closing.read(closing.canonical(snapshot()), Snapshot) == snapshot()


@pytest.mark.parametrize("content", [b"", b"{}", b"[", b'{"technician":7}', b"\xff"])
def test_what_is_no_sheet_reads_as_nothing(content: bytes):
    assert closing.read(content, ClosedSheet) is None


@pytest.mark.parametrize(
    ("month", "zone", "first", "last"),
    [
        ("2026-12", "Asia/Shanghai", datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)),
        # The clocks change within the month: it is an hour longer.
        ("2026-10", "Europe/Paris", datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_month_is_that_of_the_branchs_zone(month, zone, first, last):
    assert month_bounds(Month(month), ZoneInfo(zone)) == (first, last)


def test_a_month_is_closed_once_it_is_over_and_nothing_is_pending():
    end = datetime(2026, 10, 31, 16, tzinfo=UTC)
    closing.be_ready(OCTOBER, ends_at=end, now=end, pending=0)
    for now, pending, code in (
        (datetime(2026, 10, 31, 15, 59, tzinfo=UTC), 0, "month_running"),
        (end, 1, "month_pending"),
    ):
        with pytest.raises(Conflict) as refusal:
            closing.be_ready(OCTOBER, ends_at=end, now=now, pending=pending)
        assert refusal.value.code == code


def test_nobody_proposes_their_own_figures():
    closing.be_disinterested("M1", {"T1"})
    with pytest.raises(Forbidden):
        closing.be_disinterested("T1", {"T1"})
