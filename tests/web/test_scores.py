"""Score pages: who sees whose, and that every number opens what is behind it."""

import html
import re
from datetime import timedelta

import pytest

from fieldapp.services.recording import record
from fieldapp.services.rulebooks import shipped_rulebooks
from fieldapp.services.work import Work
from fieldapp.storage.events import Record
from fieldapp.web import score_words as words
from tests import cast
from tests.builders import as_event, line, perfect_visit, scheduled


@pytest.fixture(autouse=True)
def history(work: Work, clock) -> None:
    """One perfect visit of T001, and one that was forty minutes late and unsigned."""
    late = perfect_visit("WO-2", cast.NOW + timedelta(hours=3))
    arrival = next(one for one in late if one["type"] == "visit.arrived")
    arrival["at"] = (cast.NOW + timedelta(hours=4, minutes=40)).isoformat()
    late = [one for one in late if one["type"] != "signature.captured"]
    forged = line("finding.recorded", None, cast.NOW, "Q001", source="complaint", technician="T002",
                  discipline="gifts", favourable=False, occurred_on="2026-10-14")  # fmt: skip
    decided = line("finding.decided", None, cast.NOW, "M001", finding=forged["id"], outcome="upheld")
    entries = [*perfect_visit("WO-1", cast.NOW), *late, *perfect_visit("WO-3", cast.NOW, "T002"), forged, decided]
    with work.write() as db:
        found = [Record(event=as_event(one), origin="import", received_at=work.now()) for one in entries]
        record(db, cast.MAIN, found, work.now())
    clock.advance(days=1)


def text_of(answer) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))))


def test_a_technician_is_led_to_their_own_month(sign_in):
    answer = sign_in("T001").get("/scores/", follow_redirects=True)
    assert "T001" in text_of(answer)
    assert answer.request.path == "/scores/2026-10/T001/"


def test_somebody_elses_month_answers_like_nobodys(sign_in):
    technician = sign_in("T001")
    theirs, nobodys = technician.get("/scores/2026-10/T002/"), technician.get("/scores/2026-10/T777/")
    assert theirs.status_code == nobodys.status_code == 404


def test_managers_of_another_branch_and_dispatchers_see_nothing(sign_in):
    assert sign_in("Q900").get("/scores/2026-10/T001/").status_code == 404
    assert sign_in("D001").get("/scores/").status_code == 403


def test_the_sheet_shows_its_own_arithmetic(sign_in):
    page = text_of(sign_in("T001").get("/scores/2026-10/T001/"))
    assert re.search(r"Points that could be assessed (\d+) Points earned (\d+)", page)
    assert "1 of 2 visits, needed 95%" in page


def test_the_sheet_says_what_can_still_be_won_and_what_cannot(sign_in):
    page = text_of(sign_in("T001").get("/scores/2026-10/T001/"))
    assert "75 would take 18 clean visits in a row. So far 0 more are planned in this month." in page
    assert re.search(r"after 18 clean visits Punctuality +15, Customer's signature +10 100.0".replace("+", r"\+"), page)


def test_planned_visits_that_are_enough_are_told_as_the_way_to_the_mark(work, sign_in):
    planned = [scheduled(f"WO-P{n}", cast.NOW + timedelta(days=3, hours=2 * n)) for n in range(20)]
    with work.write() as db:
        record(db, cast.MAIN, [Record(event=as_event(one), origin="import", received_at=work.now()) for one in planned],
               work.now())  # fmt: skip
    page = text_of(sign_in("T001").get("/scores/2026-10/T001/"))
    assert "18 clean visits in a row reach 75, where the award begins." in page


def test_a_vetoed_month_promises_nothing(sign_in):
    page = text_of(sign_in("T002").get("/scores/2026-10/T002/"))
    assert "no visit can bring an award any more" in page


def test_a_month_that_is_over_and_settled_looks_back_only(sign_in, clock):
    clock.advance(days=40)
    assert "What can still be won" not in text_of(sign_in("T001").get("/scores/2026-10/T001/"))


def test_a_large_team_comes_page_by_page(work, sign_in):
    crowd = [one for n in range(60) for one in perfect_visit(f"WO-C{n}", cast.NOW, f"T1{n:02}")]
    with work.write() as db:
        record(db, cast.MAIN, [Record(event=as_event(one), origin="import", received_at=work.now()) for one in crowd],
               work.now())  # fmt: skip
    client = sign_in("M001")
    first, second, beyond = (
        client.get(f"/scores/2026-10/?page={page}").get_data(as_text=True) for page in ("1", "2", "99")
    )
    assert ("/T001/" in first, "/T159/" in first) == (True, False)
    assert ("/T001/" in second, "/T159/" in second) == (False, True)
    assert re.findall("/T1../visits", beyond) == re.findall("/T1../visits", second)
    assert "?page=2" in first


def test_a_breach_opens_the_visit_with_the_reason_in_a_sentence(sign_in):
    page = text_of(sign_in("T001").get("/scores/2026-10/T001/punctual"))
    assert "WO-2" in page
    assert "40 minutes late" in page
    assert page.index("WO-2") < page.index("1 visit where it was met") < page.index("WO-1")


def test_a_visit_explains_every_verdict_with_its_source(sign_in):
    client = sign_in("T001")
    page = client.get("/scores/2026-10/T001/punctual").get_data(as_text=True)
    visit = re.search(r'href="(/scores/visits/[^"]+)"', page)
    assert visit
    told = text_of(client.get(visit[1]))
    assert "Completed without the customer's signature." in told
    assert "Source: the customer's answer." in told


def test_a_breach_of_discipline_is_the_first_thing_that_the_page_says(sign_in):
    page = text_of(sign_in("M001").get("/scores/2026-10/T002/"))
    assert page.index("No award this month: Accepting gifts, meals or pay") < page.index("How it adds up")


def test_the_team_page_lists_everybody_with_a_judged_visit(sign_in):
    page = text_of(sign_in("M001").get("/scores/2026-10/"))
    assert "Chen Wei" in page
    assert "李静" in page
    assert "vetoed" in page


def test_the_norm_is_published_with_points_that_add_up(sign_in):
    page = sign_in("T001").get("/scores/norm").get_data(as_text=True)
    points = [int(cell) for cell in re.findall(r'data-label="Points">(\d+)<', page)]
    assert sum(points) == 100


@pytest.mark.parametrize("month", ["2026-13", "october", "2026-1"])
def test_what_is_no_month_is_said_in_words(sign_in, month: str):
    answer = sign_in("M001").get(f"/scores/{month}/")
    assert answer.status_code == 422
    assert "is no month" in answer.get_data(as_text=True)


def test_every_item_discipline_and_reason_has_words():
    book = shipped_rulebooks().in_force("2026-10")
    assert {item.code for item in book.items} == set(words.ITEMS)
    assert {one.code for one in book.disciplines} == set(words.DISCIPLINES)
