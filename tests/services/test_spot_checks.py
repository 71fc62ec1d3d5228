"""The draw of spot checks through the services: sealed once, worked off, opened when the month is over."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from fieldapp.domain import spot_checks as rules
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.services import finding_views, findings, spot_checks
from fieldapp.services.findings import Draft
from fieldapp.services.spot_checks import Lane
from fieldapp.services.work import Work
from fieldapp.storage import spot_checks as store
from fieldapp.storage.tables.audit import AuditRow
from tests import cast, links
from tests.cast import M001, MAIN, NORTH, NOW, Q001, Q900, T001, T002
from tests.services.test_scheduling import refused

SEED = "the seed of October"
ZONE = ZoneInfo(cast.ZONE)
OCTOBER, NOVEMBER = Month("2026-10"), Month("2026-11")


@pytest.fixture
def september(clock: Any) -> None:
    """The month before: there is time to seal October's draw."""
    clock.set(NOW - timedelta(days=20))


@pytest.fixture
def draw(work: Work) -> spot_checks.Draw:
    """October's, sealed in September; its seed is always the same."""
    made = spot_checks.Draw(MAIN, OCTOBER, SEED, rules.commitment(SEED), 2, NOW - timedelta(days=20), "Q001")
    with work.write(MAIN) as db:
        store.add(db, made)
    return made


def lane(work: Work, technician: str = "T001", month: Month = OCTOBER) -> Lane:
    return next(one for one in spot_checks.board(work, Q001.actor, month).lanes if one.technician.code == technician)


def look(work: Work, technician: str = "T001", order: str = "", **items: bool) -> list[str]:
    drafts = [
        Draft(source="spot_check", technician=technician, item=code, favourable=fine, note="" if fine else "not so")
        for code, fine in (items or {"uniform": True}).items()
    ]
    return list(findings.record_many(work, Q001.actor, drafts, order=order, finding_id=work.new_id()))


def first_day(draw: spot_checks.Draw, technician: str = "T001") -> datetime:
    """Nine in the morning of the technician's first drawn day."""
    day = rules.drawn_days(draw.seed, technician, rules.days(OCTOBER, date(2026, 9, 24)), draw.quota)[0]
    return datetime.combine(day, NOW.timetz()) - timedelta(minutes=30)


def test_the_seal_stands_in_the_audit_chain_before_the_month_and_the_seed_does_not(work: Work, september: None) -> None:
    draw = spot_checks.commit(work, Q001.actor, MAIN, OCTOBER)
    with work.read() as db:
        [row] = db.scalars(select(AuditRow).where(AuditRow.branch == MAIN, AuditRow.action == "spot_checks.committed"))
        assert (row.subject, row.recorded_at < datetime(2026, 10, 1, tzinfo=NOW.tzinfo)) == (OCTOBER, True)
        assert draw.commitment in row.facts
        assert draw.seed not in row.facts
    assert rules.commitment(draw.seed) == draw.commitment


def test_a_seed_is_made_once_and_never_again(work: Work, draw: Any) -> None:
    refused(Conflict, "spot_committed", lambda: spot_checks.commit(work, Q001.actor, MAIN, OCTOBER))
    board = spot_checks.board(work, Q001.actor, OCTOBER)
    assert (board.draw, board.is_late) == (draw, False)


@pytest.mark.parametrize(
    ("who", "month", "quota", "kind", "code"),
    [
        (Q001, Month("2026-12"), 2, Invalid, "spot_month"),
        (Q001, Month("2026-09"), 2, Invalid, "spot_month"),
        (Q001, NOVEMBER, 11, Invalid, "spot_quota"),
        (M001, NOVEMBER, 2, Forbidden, "forbidden"),
        (Q900, NOVEMBER, 2, NotFound, "not_found"),
    ],
)
def test_who_and_what_cannot_seal_a_draw(
    work: Work, who: Any, month: Month, quota: int, kind: Any, code: str
) -> None:  # fmt: skip
    refused(kind, code, lambda: spot_checks.commit(work, who.actor, MAIN, month, quota))


def test_head_office_can_seal_it_by_a_timer(work: Work) -> None:
    assert spot_checks.commit(work, OPERATOR, MAIN, NOVEMBER).committed_by == "office"


def test_the_server_seals_what_nobody_has_three_days_before_the_month(work: Work, draw: Any, clock: Any) -> None:
    with work.write(MAIN) as db:
        store.add(db, replace(draw, month=Month("2026-09"), quota=3, share=20))
    clock.set(datetime(2026, 10, 28, 23, 59, tzinfo=ZONE))
    spot_checks.seal_in_time(work)
    assert spot_checks.board(work, Q001.actor, OCTOBER).draw == draw
    assert spot_checks.board(work, Q001.actor, NOVEMBER).draw is None
    clock.advance(minutes=2)
    for _ in range(2):
        spot_checks.seal_in_time(work)
    board = spot_checks.board(work, Q001.actor, NOVEMBER)
    assert board.draw is not None
    assert (board.committed_by, board.is_late, board.draw.quota) == (None, False, draw.quota)
    assert spot_checks.board(work, Q001.actor, Month("2026-12")).draw is None
    with work.read() as db:
        rows = list(db.execute(select(AuditRow.branch, AuditRow.subject).where(AuditRow.actor == "office")))
    # The other branch had no draw at all: its running month is sealed, late.
    assert sorted(map(tuple, rows)) == [(MAIN, "2026-11"), (NORTH, "2026-10"), (NORTH, "2026-11")]
    assert spot_checks.board(work, Q900.actor, OCTOBER).is_late


def test_a_draw_sealed_in_its_own_month_reaches_only_the_days_to_come(work: Work) -> None:
    spot_checks.commit(work, Q001.actor, MAIN, OCTOBER, 10)
    board = spot_checks.board(work, Q001.actor, OCTOBER)
    assert board.is_late
    assert all(check.day > date(2026, 10, 14) for one in board.lanes for check in one.checks)
    assert all(state == "coming" for one in board.lanes for state in one.states)


def test_everybody_who_works_there_is_drawn_and_nobody_who_left(work: Work, draw: Any) -> None:
    lanes = spot_checks.board(work, Q001.actor, OCTOBER).lanes
    assert [one.technician.code for one in lanes] == ["T001", "T002", "T003"]
    assert {len(one.checks) for one in lanes} == {draw.quota}


def test_on_a_drawn_day_the_seed_says_which_visit_is_looked_at(work: Work, draw: Any, clock: Any) -> None:
    clock.set(first_day(draw))
    for number in range(4):
        links.planned_visit(work, f"WO-{number}", days=0)
    seen = lane(work)
    assert seen.due_since == seen.checks[0].day
    assert [one.external_id for one in seen.visits] == list(
        rules.drawn_visits(draw.seed, [f"WO-{number}" for number in range(4)])
    )


def test_one_look_at_a_visit_is_one_check_however_much_was_seen(work: Work, draw: Any, clock: Any) -> None:
    clock.set(first_day(draw))
    links.planned_visit(work, "WO-1", days=0)
    assert len(look(work, order="WO-1", uniform=True, badge=True, grooming=False)) == 3
    seen = lane(work)
    assert (list(seen.states).count("done"), seen.left, seen.extra) == (1, draw.quota - 1, 0)
    look(work, order="WO-1", kit=True)
    assert lane(work).extra == 0


def test_a_look_before_any_drawn_day_is_extra(work: Work, draw: Any, clock: Any) -> None:
    clock.set(first_day(draw) - timedelta(days=1))
    look(work)
    assert (lane(work).left, lane(work).extra) == (draw.quota, 1)


def test_nothing_of_a_look_is_recorded_when_one_thing_cannot_be(work: Work, draw: Any) -> None:
    refused(Invalid, "finding_item", lambda: look(work, uniform=True, politeness=True))
    refused(Invalid, "finding_nothing", lambda: findings.record_many(work, Q001.actor, [], finding_id=work.new_id()))
    assert finding_views.list_month(work, Q001.actor, OCTOBER).total == 0


def test_a_look_that_is_sent_twice_is_recorded_once(work: Work, draw: Any) -> None:
    key = work.new_id()
    drafts = [Draft(source="spot_check", technician="T001", item=code, favourable=True) for code in ("uniform", "kit")]
    for _ in range(2):
        assert findings.record_many(work, Q001.actor, drafts, finding_id=key)[0] == key
    assert finding_views.list_month(work, Q001.actor, OCTOBER).total == 2


def test_technicians_see_the_seal_at_once_and_seed_and_days_when_the_month_is_over(
    work: Work, draw: Any, clock: Any
) -> None:
    mine = spot_checks.own(work, T001.actor, MAIN, "T001", OCTOBER)
    assert mine is not None
    assert (mine.commitment, mine.seed, mine.checks) == (draw.commitment, None, ())
    refused(NotFound, "not_found", lambda: spot_checks.own(work, T002.actor, MAIN, "T001", OCTOBER))
    refused(Forbidden, "forbidden", lambda: spot_checks.board(work, T001.actor, OCTOBER))
    clock.set(NOW + timedelta(days=18))
    mine = spot_checks.own(work, T001.actor, MAIN, "T001", OCTOBER)
    assert mine is not None
    assert mine.seed == draw.seed
    assert [one.day for one in mine.checks] == [one.day for one in lane(work).checks]
    assert spot_checks.own(work, T001.actor, MAIN, "T001", NOVEMBER) is None
