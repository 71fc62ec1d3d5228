"""Looking for a free window from the forms of a new and of a moved visit: what is offered, and taking it."""

import re
from itertools import pairwise

import pytest

from tests.services.test_absences import away, save
from tests.services.test_scheduling import schedule
from tests.web.dispatch.test_calendars import desk as desk
from tests.web.dispatch.test_pages import MOVE, NEW, address


def offered(html):
    return re.findall(r'name="take" value="(\w+) ([^ "]+) ([^ "]+)"', html)


@pytest.mark.parametrize("path", ["/dispatch/new", address("/move")])
def test_windows_are_offered_as_wide_as_asked_from_the_start_on_and_what_was_typed_stays(desk, work, path):
    schedule(work, "WO-1", 14, 16)
    answer = desk.post(path, data={**NEW, **MOVE, "technician": "T001", "reason": "truck broke", "look": "1"})
    assert answer.status_code == 200
    found = offered(answer.text)
    assert found[0] == ("T001", "2026-10-15T00:00:00+00:00", "2026-10-15T01:00:00+00:00")
    assert len({moment[:10] for _, moment, _ in found}) == 2
    assert all(end <= start for (_, _, end), (_, start, _) in pairwise(found))
    assert NEW["customer_name"] in answer.text


def test_nobody_is_offered_whose_calendar_speaks_against_it(desk, work):
    away(work, 9, 24 * 16)
    save(work, "T002", skills={"repair"})
    found = offered(desk.post("/dispatch/new", data={**NEW, "technician": "", "look": "1"}).text)
    assert {code for code, _, _ in found} == {"T003"}
    page = desk.post("/dispatch/new", data={**NEW, "technician": "T001", "look": "1"}).text
    assert offered(page) == []
    assert "Nobody has such a window in the next two weeks." in page


def test_a_window_that_is_taken_stands_in_the_form_and_can_be_saved(desk, work):
    form = {**NEW, "technician": "", "planned_start": "2026-10-14T09:00"}
    choice = " ".join(offered(desk.post("/dispatch/new", data={**form, "look": "1"}).text)[0])
    page = desk.post("/dispatch/new", data={**form, "take": choice}).text
    typed = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("window_start", "window_end")}
    assert 'value="2026-10-14T09:00"' not in page.split('name="planned_start"')[1][:80]
    technician = re.search(r'<option selected value="(T\d+)"', page)[1]
    saved = desk.post("/dispatch/new", data={**form, **typed, "technician": technician, "planned_start": ""})
    assert saved.status_code == 303


@pytest.mark.parametrize(
    "chosen",
    [
        "",
        "T001",
        "T001 yesterday never",
        "T001 2026-10-14T09:00:00+00:00 x y",
        "T001 0001-01-01T00:00 9999-12-31T23:59",
    ],
)
def test_a_window_that_was_never_offered_changes_nothing(desk, chosen):
    answer = desk.post("/dispatch/new", data={**NEW, "take": chosen})
    assert answer.status_code == 200
    assert NEW["window_start"] in answer.text


def test_for_no_kind_of_job_nothing_is_offered(desk):
    assert offered(desk.post("/dispatch/new", data={**NEW, "job_type": "dance", "look": "1"}).text) == []


def test_only_planners_look(sign_in):
    assert sign_in("T001").post("/dispatch/new", data={**NEW, "look": "1"}).status_code == 403
