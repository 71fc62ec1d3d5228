"""The fairness page: where points were lost, for everybody in the branch, and nothing of few."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from fieldapp.domain.ids import visit_id
from fieldapp.storage.tables.scoring import CircumstancesRow
from tests import cast
from tests.builders import customer, line
from tests.web.test_score_overview import arriving, store, text_of

PAGE = "/scores/2026-10/fairness"
PEOPLE = ("T001", "T002", "T003")


def visit(number: str, minutes: int, technician: str, district: str, day: int = 0, hour: int = 0) -> list[dict]:
    found = arriving(number, minutes, technician, day)
    for one in found:
        one["at"] = _later(one["at"], hour)
    data = found[0]["data"]
    data["customer"] = customer(district=district) if district else customer()
    data["promise"] = {name: _later(value, hour) if name in ("start", "end", "told_at") else value
                       for name, value in data["promise"].items()}  # fmt: skip
    return found


def _later(moment: str, hours: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(hours=hours)).isoformat()


@pytest.fixture
def history(work, clock) -> None:
    """Three people, six visits each: those in Harbour are late, those in Hill are not; one visit on the Island."""
    lines = []
    for number, technician in enumerate(PEOPLE):
        for day in range(3):
            late, well = f"WO-L{number}{day}", f"WO-W{number}{day}"
            lines += visit(late, 100, technician, "Harbour", day)
            lines += visit(well, 5, technician, "Hill", day, hour=5)
    store(work, *lines, *visit("WO-I", 5, "T001", "Island", 4))
    clock.advance(days=8)


def test_points_go_to_where_they_were_lost(history, sign_in):
    page = text_of(sign_in("T001").get(PAGE))
    # Three people lose 15 points each, through nine late visits, all in Harbour and in the morning.
    assert "Harbour 500.0 45.0 9" in page
    assert "Morning (until 12:00) 450.0 45.0 10" in page
    assert "Afternoon (12:00 to 18:00) 0.0 0.0 9" in page
    assert "Installation 236.8 45.0 19" in page


def test_a_district_of_one_visit_is_never_shown_by_itself(history, sign_in):
    for login in ("T001", "D001", "M001"):
        page = text_of(sign_in(login).get(PAGE))
        assert "Island" not in page
        assert "all others together 0.0 0.0 10" in page
        assert "Hill" not in page


def test_a_branch_of_few_people_shows_nothing_of_them(work, clock, sign_in):
    store(work, *arriving("WO-1", 100), *arriving("WO-2", 5, "T002"))
    clock.advance(days=2)
    page = text_of(sign_in("T002").get(PAGE))
    assert "Too few visits or people to show anything." in page
    assert "Too few people to show a distribution." in page
    assert "the whole branch" not in page


def test_causes_are_summed_and_those_of_few_are_not_told(history, work, sign_in):
    technician, quality = sign_in("T001"), sign_in("Q001")
    page = text_of(technician.get(PAGE))
    assert "no cause yet 9 All late visits 9" in page
    for number in ("WO-L00", "WO-L01"):
        path = f"/causes/{visit_id(cast.MAIN, number)}"
        technician.post(path, data={"seen": "0", "cause": "plan"})
        quality.post(f"{path}/confirm", data={"seen": "1", "cause": "plan"})
    page = text_of(technician.get(PAGE))
    assert "Our planning" not in page
    assert "no cause yet 7" in page
    assert "All late visits" not in page  # nine less seven would be the two


def test_single_people_are_for_those_who_answer_for_the_team(history, work, sign_in):
    unsigned = [one for one in arriving("WO-U", 5, "T002", 5) if one["type"] != "signature.captured"]
    store(work, *unsigned)
    seen_by_manager, own = text_of(sign_in("M001").get(PAGE)), text_of(sign_in("T001").get(PAGE))
    assert "李静 T002 7 0 · 0.0 % 7 1 · 14.3 %" in seen_by_manager
    assert "Chen Wei T001 7 0 · 0.0 % 7 0 · 0.0 %" in own
    assert "李静" not in own
    assert "the whole branch 20 0.0 % 20 5.0 %" in own


def test_arrivals_in_doubt_are_counted(history, work, sign_in):
    with work.write(cast.MAIN) as db:
        mine = (CircumstancesRow.branch == cast.MAIN, CircumstancesRow.technician == "T001")
        db.execute(update(CircumstancesRow).where(*mine, CircumstancesRow.minutes > 0).values(grade="C"))
    assert "Chen Wei T001 7 3 · 42.9 %" in text_of(sign_in("T001").get(PAGE))


def test_another_branch_sees_its_own_and_an_administrator_nothing(history, sign_in):
    assert "Nobody has a judged visit in this month yet." in text_of(sign_in("Q900").get(PAGE))
    assert sign_in("A001").get(PAGE).status_code == 403


def test_the_planner_is_named_as_the_office_knows_them(work, clock, sign_in):
    lines = []
    for number, technician in enumerate(PEOPLE):
        for day in range(2):
            found = arriving(f"WO-{number}{day}", 5, technician, day)
            found[0]["actor"] = "D001"
            lines += found
    store(work, *lines, line("visit.assigned", "WO-00", cast.NOW - timedelta(days=1), "office", technician="T001"))
    clock.advance(days=3)
    assert "Sun Lan 0.0 0.0 6" in text_of(sign_in("T003").get(PAGE))
