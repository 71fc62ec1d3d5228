"""The page that plans a day: what it says before, the proposal beside the plan, and applying it, without JavaScript."""

import html
import re
from typing import Any

import pytest

from fieldapp.domain.calendar import Window
from fieldapp.services import calendars
from fieldapp.services.work import Work
from tests.cast import D001, MAIN
from tests.services.test_scheduling import at
from tests.web.dispatch.test_pages import page, schedule, stored

PLAN = "/dispatch/plan?day=2026-10-14"


@pytest.fixture
def desk(sign_in: Any) -> Any:
    """The dispatcher's browser."""
    return sign_in("D001")


def work_out(desk: Any, **fields: str) -> str:
    return page(desk.post("/dispatch/plan", data={"day": "2026-10-14", "team": "", **fields}))


def carried(text: str) -> dict[str, Any]:
    """What the form that applies the proposal would send."""
    form = text[text.index("/dispatch/plan/apply") :]
    found = re.findall(r'<input[^>]* name="(day|team|mark|change)"[^>]* value="([^"]*)"', form)
    sent: dict[str, Any] = {"change": []}
    for name, value in found:
        if name == "change":
            sent["change"].append(html.unescape(value))
        else:
            sent[name] = html.unescape(value)
    return sent


def test_the_page_says_what_there_is_to_plan_and_the_board_leads_there(desk: Any) -> None:
    schedule(desk)
    schedule(desk, external_id="WO-2", technician="")
    text = page(desk.get(PLAN))
    for label, count in (("Visits to plan", 2), ("Unassigned among them", 1), ("Stay where they are", 0)):
        assert f"<dt>{label}</dt><dd>{count}</dd>" in text
    assert 'href="/dispatch/plan?day=2026-10-14"' in page(desk.get("/dispatch/board?day=2026-10-14"))
    assert "/dispatch/plan" not in page(desk.get("/dispatch/board?day=2026-10-13"))


def test_a_proposal_stands_beside_the_plan_and_changes_nothing_until_it_is_applied(desk: Any, work: Work) -> None:
    schedule(desk)
    schedule(desk, external_id="WO-2", technician="")
    text = work_out(desk)
    assert "Get somebody" in text
    assert stored(work, "WO-2").visit.technician is None
    answer = desk.post("/dispatch/plan/apply", data=carried(text))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dispatch/board?day=2026-10-14")
    assert stored(work, "WO-2").visit.technician in {"T002", "T003"}
    assert "1 visit is planned anew." in page(desk.get("/dispatch/board?day=2026-10-14"))
    assert "No better plan was found" in work_out(desk)


def test_what_has_no_place_stands_there_with_its_reason_and_what_becomes_of_it(desk: Any, work: Work) -> None:
    schedule(desk)
    for code in ("T001", "T002", "T003"):
        calendars.record_absence(work, D001.actor, MAIN, code, Window(at(12), at(20)), "sick")
    text = work_out(desk)
    assert "Nobody who could do it works long enough within its window." in text
    assert "It stays with Chen Wei (T001) as planned." in text
    assert "/dispatch/plan/apply" not in text


def test_a_plan_of_a_day_that_changed_is_refused_in_words(desk: Any, work: Work) -> None:
    schedule(desk, technician="")
    sent = carried(work_out(desk))
    schedule(desk, external_id="WO-2", technician="T002")
    answer = desk.post("/dispatch/plan/apply", data=sent)
    assert answer.status_code == 409
    assert "The day has changed since this plan was worked out." in page(answer)
    assert stored(work).visit.technician is None


def test_what_no_page_carried_is_refused_and_moves_nothing(desk: Any, work: Work) -> None:
    schedule(desk, technician="")
    sent = carried(work_out(desk))
    visit, rev, _, start = sent["change"][0].split()
    for change in ("", "x", f"{visit} {rev} T001 soon", f"{visit} 99 T001 {start}", f"{visit} {rev} T099 {start}",
                   f"{visit} {rev} T001 9999-12-31T23:59:59-23:00"):  # fmt: skip
        answer = desk.post("/dispatch/plan/apply", data={**sent, "change": [*sent["change"], change]})
        assert answer.status_code == 409, change
    assert desk.post("/dispatch/plan/apply", data={**sent, "mark": "x"}).status_code == 409
    assert stored(work).visit.technician is None


def test_a_day_that_is_over_says_so_and_nonsense_is_today(desk: Any) -> None:
    assert "This day is over." in page(desk.get("/dispatch/plan?day=2026-10-13"))
    answer = desk.post("/dispatch/plan", data={"day": "2026-10-13"})
    assert (answer.status_code, "This day is over." in page(answer)) == (409, True)
    assert "Wed, Oct 14" in page(desk.get("/dispatch/plan?day=soon&team=%00"))


@pytest.mark.parametrize("login", ["T001", "Q001", "M001", "A001"])
def test_planning_a_day_is_the_dispatchers(sign_in: Any, login: str) -> None:
    other = sign_in(login)
    assert other.get(PLAN).status_code == 403
    assert [other.post(one).status_code for one in ("/dispatch/plan", "/dispatch/plan/apply")] == [403, 403]
