"""The overview of a branch's month: what its pictures say, and who sees them."""

import html
import re
from datetime import timedelta

import pytest

from fieldapp.services.recording import record
from fieldapp.services.work import Work
from fieldapp.storage.events import Record
from tests import cast
from tests.builders import as_event, line, perfect_visit, scheduled

PAGE = "/scores/2026-10/overview"


def store(work: Work, *entries) -> None:
    with work.write() as db:
        record(db, cast.MAIN, [Record(event=as_event(one), origin="import", received_at=work.now()) for one in entries],
               work.now())  # fmt: skip


def arriving(visit: str, minutes: int, technician: str = "T001", day: int = 0) -> list[dict]:
    """A visit whose window lasts an hour, arrived at so many minutes after its start."""
    start = cast.NOW + timedelta(days=day)
    found = perfect_visit(visit, start, technician)
    next(one for one in found if one["type"] == "visit.arrived")["at"] = (
        start + timedelta(minutes=minutes)
    ).isoformat()
    return found


@pytest.fixture(autouse=True)
def history(work: Work, clock) -> None:
    """T001 comes forty minutes late and within the window, T002 twenty minutes early; one visit of T003 is to come."""
    store(work, *arriving("WO-1", 100), *arriving("WO-2", 5, day=1), *arriving("WO-3", -20, "T002"),
          scheduled("WO-4", cast.NOW + timedelta(days=9), "T003"))  # fmt: skip
    clock.advance(days=2)


def text_of(answer) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))))


def test_points_are_told_by_item_with_how_many_people_lost_them(sign_in):
    assert "Punctuality 15 1 100 %" in text_of(sign_in("M001").get(PAGE))


def test_arrivals_are_counted_beside_their_window(sign_in):
    page = text_of(sign_in("M001").get(PAGE))
    assert "1 of 3 arrivals were after the promised window." in page
    for told in ("31 to 60 minutes late 1 33.3 %", "within the window 1 33.3 %", "16 to 30 minutes early 1 33.3 %"):
        assert told in page


def test_who_lost_most_stands_first_and_every_cell_says_what_it_shows(sign_in):
    page = sign_in("M001").get(PAGE).get_data(as_text=True)
    assert page.index("Chen Wei") < page.index("李静")
    assert "Chen Wei, Punctuality: not achieved" in page
    assert 'href="/scores/2026-10/T001/punctual"' in page


def test_the_development_tells_the_share_of_each_month(sign_in):
    page = text_of(sign_in("M001").get(PAGE))
    assert re.search(r"Punctuality – – – – – 66\.7", page)


def test_visits_that_nobody_came_to_count_once_they_are_missed(work, sign_in, clock):
    store(work, line("visit.assigned", "WO-4", cast.NOW, "office", technician="T003"))
    clock.advance(days=20)
    assert "Punctuality 30 2 100 %" in text_of(sign_in("M001").get(PAGE))


def test_a_month_without_visits_says_so(sign_in):
    assert "Nobody has a judged visit in this month yet." in text_of(sign_in("M001").get("/scores/2026-03/overview"))


def test_technicians_and_other_branches_see_nothing_of_it(sign_in):
    assert sign_in("T001").get(PAGE).status_code == 403
    assert sign_in("D001").get(PAGE).status_code == 403
    assert "Chen Wei" not in text_of(sign_in("Q900").get(PAGE))


def test_the_team_page_leads_there(sign_in):
    assert f'href="{PAGE}"' in sign_in("M001").get("/scores/2026-10/").get_data(as_text=True)
