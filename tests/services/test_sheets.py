"""Pages of the team and last months: part by part the same sheets as the whole month has."""

from datetime import timedelta
from typing import Any

import pytest

from fieldapp.domain.calendar import Month
from fieldapp.services import scoring, sheets
from fieldapp.services.findings import Draft, record
from fieldapp.services.work import Work
from tests import cast
from tests.builders import perfect_visit, scheduled
from tests.cast import M001, MAIN, NOW, Q001, T001
from tests.closing import close, september, store
from tests.services.test_findings import either  # noqa: F401 - a fixture

OCTOBER, SEPTEMBER = Month("2026-10"), Month("2026-09")


def busy(work: Work, clock: Any) -> None:
    """Everything that makes a sheet: good and bad visits, one that nobody came to, one to come, findings, one person
    who has a finding alone, and one who has nothing."""
    store(work, [
        *perfect_visit("WO-1", NOW), *perfect_visit("WO-2", NOW + timedelta(hours=3), shoe_covers="no"),
        *perfect_visit("WO-3", NOW, "T002"), scheduled("WO-4", NOW + timedelta(hours=1), "T002"),
        scheduled("WO-5", NOW + timedelta(days=9), "T001"),
    ])  # fmt: skip
    for technician, item in (("T001", "decorum"), ("T003", "uniform")):
        draft = Draft(source="spot_check", technician=technician, item=item, favourable=False, note="seen")
        record(work, Q001.actor, draft, finding_id=work.new_id())
    clock.advance(days=2)


def test_the_pages_of_a_team_are_the_month(either: Work, clock: Any) -> None:  # noqa: F811 - the fixture
    busy(either, clock)
    whole = scoring.month_scores(either, M001.actor, MAIN, OCTOBER)
    assert [one.sheet.technician for one in whole.technicians] == ["T001", "T002", "T003"]
    for size in (1, 2, 50):
        count = -(-3 // size)
        pages = [sheets.team_page(either, M001.actor, MAIN, OCTOBER, number=one + 1, size=size) for one in range(count)]
        assert tuple(one for page in pages for one in page.scores.technicians) == whole.technicians
        assert {page.count for page in pages} == {count}


@pytest.mark.parametrize(("number", "shown"), [(-3, 1), (0, 1), (3, 3), (99, 3)])
def test_a_page_that_is_not_there_is_the_nearest_one(work: Work, clock: Any, number: int, shown: int) -> None:
    busy(work, clock)
    assert sheets.team_page(work, M001.actor, MAIN, OCTOBER, number=number, size=1).number == shown


def test_a_month_of_nobody_is_one_empty_page(work: Work) -> None:
    page = sheets.team_page(work, M001.actor, MAIN, Month("2026-01"), number=1, size=50)
    assert (page.count, page.scores.technicians) == (1, ())


def test_a_closed_month_comes_page_by_page_as_it_was_closed(work: Work) -> None:
    september(work)
    close(work)
    whole = scoring.month_scores(work, M001.actor, MAIN, SEPTEMBER).technicians
    pages = [sheets.team_page(work, M001.actor, MAIN, SEPTEMBER, number=one, size=1) for one in (1, 2)]
    assert tuple(one for page in pages for one in page.scores.technicians) == whole[:2]


def test_last_months_are_each_that_months_sheet(either: Work, clock: Any) -> None:  # noqa: F811 - the fixture
    september(either)
    close(either)
    busy(either, clock)
    months = [Month("2026-08"), SEPTEMBER, OCTOBER]
    found = sheets.past_sheets(either, T001.actor, MAIN, "T001", months)
    assert list(found) == months
    for month in months:
        assert found[month] == scoring.technician_month(either, T001.actor, MAIN, "T001", month).sheet


def test_another_branch_and_other_peoples_months_are_not_to_be_seen(work: Work) -> None:
    with pytest.raises(Exception, match="not_found"):
        sheets.team_page(work, cast.M001.actor, cast.NORTH, OCTOBER, number=1, size=50)
    with pytest.raises(Exception, match="not_found"):
        sheets.past_sheets(work, cast.T002.actor, MAIN, "T001", [OCTOBER])
