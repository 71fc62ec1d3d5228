"""What the dispatcher's board shows: whose rows, which visits, what is new since."""

from datetime import date, timedelta
from typing import Any

import pytest

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Forbidden, NotFound
from fieldapp.domain.visits import events as ev
from fieldapp.services import accounts, board, calendars, scheduling
from fieldapp.services.board import Asked
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Work
from fieldapp.storage import devices
from tests.cast import A001, D001, D900, MAIN, T001, T002
from tests.services.test_risks import near
from tests.services.test_scheduling import at, from_phone, schedule

DAY = Asked(first=date(2026, 10, 14))


def look(work: Work, asked: Asked = DAY, known: str | None = None, actor: Any = D001.actor) -> Any:
    return board.look(work, actor, MAIN, asked, known)


def shown(work: Work, asked: Asked = DAY) -> dict[str, list[str]]:
    """Code of a row ("-": the pool) -> order numbers."""
    found = look(work, asked)[1]
    rows = {row.technician.code: [bar.visit.external_id for bar in row.bars] for row in found.rows}
    return {"-": [bar.visit.external_id for bar in found.pool], **rows}


def assign(work: Work, visit: scheduling.Visit, technician: str | None, hour: float) -> scheduling.Visit:
    return scheduling.assign_visit(
        work, D001.actor, MAIN, visit.visit_id, visit.rev, Slot(technician=technician, start=at(hour))
    )


def test_everybody_has_a_row_and_nobodys_visits_stand_in_the_pool(work: Work) -> None:
    schedule(work)
    schedule(work, "WO-2", 10, 12, technician="T003")
    schedule(work, "WO-3", technician=None)
    assert shown(work) == {"-": ["WO-3"], "T001": ["WO-1"], "T002": [], "T003": ["WO-2"]}


def test_what_was_called_off_takes_nobodys_time(work: Work) -> None:
    visit = schedule(work)
    cancelled = ev.VisitCancelled(asked_by="customer", told_at=work.now(), apology=False, cause="customer")
    scheduling.cancel_visit(work, D001.actor, MAIN, visit.visit_id, visit.rev, cancelled)
    assert shown(work)["T001"] == []


def test_ways_ahead_lead_from_one_visit_of_a_day_to_the_next(work: Work) -> None:
    """Four kilometres as the crow flies; none to the first of a day, none once they have set out."""
    for number, hour, place in (("WO-1", 14, 0), ("WO-2", 16, 0.1), ("WO-3", 38, 0)):
        visit = near(work, number, "T001", hour, hour + 1, place)
    week = Asked(first=date(2026, 10, 14), days=7)
    ways = [bar.way for bar in look(work, week)[1].rows[0].bars]
    assert [one and round(one / timedelta(minutes=1)) for one in ways] == [None, 19, None]
    near(work, "WO-4", "T001", 40, 41, 0.1)
    from_phone(work, visit.visit_id, ev.VisitDeparted())
    assert [bool(bar.way) for bar in look(work, week)[1].rows[0].bars] == [False, True, False, True]


def test_work_across_midnight_stands_on_both_days_and_in_the_week_once(work: Work) -> None:
    schedule(work, "WO-1", 23, 24)
    assert shown(work)["T001"] == ["WO-1"]
    assert shown(work, Asked(first=date(2026, 10, 15)))["T001"] == ["WO-1"]
    assert shown(work, Asked(first=date(2026, 10, 16)))["T001"] == []
    assert shown(work, Asked(first=date(2026, 10, 9), days=7))["T001"] == ["WO-1"]


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"team": "b"}, ["T003"]),
        ({"text": "chen"}, ["T001"]),
        ({"text": "t00"}, ["T001", "T002", "T003"]),
        ({"text": "静"}, ["T002"]),
        ({"team": "b", "text": "chen"}, []),
        ({"show": "planned"}, ["T001"]),
        ({"show": "late"}, []),
        ({"page": 7}, ["T001", "T002", "T003"]),
    ],
)
def test_rows_are_narrowed(work: Work, asked: Any, rows: list[str]) -> None:
    schedule(work)
    assert list(shown(work, Asked(first=DAY.first, **asked))) == ["-", *rows]


def test_pages_show_every_row_once(work: Work) -> None:
    first, second = (look(work, Asked(first=DAY.first, page=number, size=2))[1] for number in (1, 2))
    assert [row.technician.code for row in (*first.rows, *second.rows)] == ["T001", "T002", "T003"]
    assert (second.page, second.pages, second.total) == (2, 2, 3)


def test_what_is_known_already_is_not_sent_again(work: Work) -> None:
    visit = schedule(work)
    mark, found = look(work)
    assert found is not None
    assert look(work, known=mark) == (mark, None)
    assign(work, visit, "T001", 15)
    assert look(work, known=mark)[1] is not None


def test_a_visit_that_moves_from_one_page_to_another_is_new_on_both(work: Work) -> None:
    visit = schedule(work)
    pages = [Asked(first=DAY.first, page=number, size=1) for number in (1, 2, 3)]
    marks = [look(work, page)[0] for page in pages]
    assign(work, visit, "T002", 14)
    assert [look(work, page, mark)[1] is not None for page, mark in zip(pages, marks, strict=True)] == [
        True, True, False,
    ]  # fmt: skip


def test_the_clock_alone_makes_a_board_new(work: Work, clock: Any) -> None:
    schedule(work, "WO-1", 9, 10)
    mark, before = look(work)
    clock.advance(minutes=31)
    _, after = look(work, known=mark)
    assert [row.bars[0].standings for row in (before.rows[0], after.rows[0])] == [(), ("late",)]


def test_bars_say_what_phones_said(work: Work) -> None:
    visit = schedule(work, "WO-1", 9, 10)
    from_phone(work, visit.visit_id, ev.VisitDeparted())
    from_phone(work, visit.visit_id, ev.VisitArrived())
    bar = look(work)[1].rows[0].bars[0]
    assert (bar.state, bar.happened.departed, bar.happened.arrived) == ("arrived", work.now(), work.now())
    assert bar.happened.left is None


def test_a_silent_phone_is_said_of_its_row_and_of_what_it_may_know(work: Work, clock: Any) -> None:
    schedule(work, "WO-1", 9, 11)
    with work.write() as db:
        devices.add(db, MAIN, work.new_id(), account_id=T001.account_id, name="phone", now=work.now())
        devices.add(db, MAIN, work.new_id(), account_id=T002.account_id, name="phone", now=work.now())
    row = look(work)[1].rows[0]
    assert (row.heard.seen_at, row.bars[0].standings) == (work.now(), ())
    scheduled = schedule(work, "WO-2", 10, 12, technician="T002")
    clock.advance(minutes=45)
    found = look(work)[1]
    assert [bar.standings for row in found.rows for bar in row.bars] == [(), ("waiting",)]
    assert scheduled.planned.start < work.now()


def test_the_board_is_for_the_dispatchers_of_the_branch(work: Work) -> None:
    with pytest.raises(NotFound):
        look(work, actor=D900.actor)
    with pytest.raises(Forbidden):
        look(work, actor=T001.actor)


def test_who_has_left_stands_there_only_with_work(work: Work) -> None:
    assert "T099" not in shown(work)
    schedule(work)
    for login in ("T001", "T002"):
        accounts.disable_account(work, A001.actor, login)
    assert list(shown(work)) == ["-", "T001", "T003"]


def test_who_is_away_says_so_on_their_row_at_once(work: Work) -> None:
    mark, before = look(work)
    assert [row.away for row in before.rows] == [[], [], []]
    calendars.record_absence(work, D001.actor, MAIN, "T002", Window(at(8), at(12)), "sick")
    after = look(work, known=mark)[1]
    assert [[one.kind for one in row.away] for row in after.rows] == [[], ["sick"], []]
