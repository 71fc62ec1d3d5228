"""Technicians' calendars at the dispatcher's desk: what can be typed, what is refused, a whole day given away."""

import re
from dataclasses import replace
from datetime import time, timedelta
from io import BytesIO

import pytest

from fieldapp.domain.calendars import read_shifts
from fieldapp.domain.messages import KINDS
from fieldapp.services import calendars, messages, planning
from tests import receivers
from tests.cast import MAIN
from tests.services.test_absences import audited, away, save
from tests.services.test_messages import do_all
from tests.services.test_scheduling import ME, at, schedule

T001 = "/dispatch/technicians/T001"


def local(hour):
    """That hour of the tests' day as a form has it."""
    return (at(hour) + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def desk(sign_in):
    return sign_in("D001")


@pytest.fixture
def with_gateway(app):
    """A gateway for short messages is set up."""
    set_up = {"sms_url": "http://127.0.0.1:9/send", "sms_secret": "a secret of the gateway"}
    app.extensions["settings"] = replace(app.extensions["settings"], **set_up)


def calendar(work, technician="T001"):
    return calendars.get_person(work, ME, MAIN, technician).calendar


@pytest.mark.parametrize(
    "typed", ["08:00-12:00, 13:00-17:00", "8:00 - 12:00 13:00–17:00", "8:00至12:00；13：00～17:00"]
)
def test_hours_are_read_as_people_type_them(desk, work, typed):
    answer = desk.post(T001, data={"rev": "0", "mon": typed, "skills": ["install"], "districts": " North \n\nSouth"})
    assert answer.status_code == 303
    found = calendar(work)
    assert found.shifts == read_shifts("mon 08:00-12:00; mon 13:00-17:00")
    assert (found.skills, found.districts, found.base) == ({"install"}, {"North", "South"}, None)
    assert 'value="08:00-12:00, 13:00-17:00"' in desk.get(T001).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mon", "nine to five"),
        ("tue", "08:00-12:00 11:00-13:00"),
        ("lat", "north"),
        ("lat", "91"),
        ("districts", "a;b"),
    ],
)
def test_what_cannot_be_comes_back_with_everything_typed_and_the_field_marked(desk, work, field, value):
    typed = {"rev": "0", "wed": "09:00-17:00", "lat": "31", "lon": "121", field: value}
    answer = desk.post(T001, data=typed)
    assert answer.status_code == 422
    assert re.search(rf'aria-invalid="true"[^>]*id="{field}"|id="{field}"[^>]*aria-invalid="true"', answer.text)
    assert value in answer.text
    assert "09:00-17:00" in answer.text
    assert calendar(work).shifts == ()


def test_two_planners_at_one_calendar_are_told(desk, work):
    save(work, shifts="mon-fri 08:00-17:00")
    answer = desk.post(T001, data={"rev": "0", "sat": "08:00-12:00"})
    assert answer.status_code == 422
    assert "Somebody else changed the calendar of T001" in answer.text
    assert calendar(work).shifts == read_shifts("mon-fri 08:00-17:00")


def test_who_calls_in_ill_has_their_day_given_away_in_one_act(desk, work):
    first, second = (schedule(work, f"WO-{n}", 14, 16, override="walk-in") for n in (1, 2))
    answer = desk.post(f"{T001}/absences", data={"start": local(9.5), "end": local(24), "kind": "sick"})
    page = desk.get(answer.location).text
    assert "Chen Wei is away" in page
    chosen = dict(re.findall(r'name="visit-([\w-]+)".*?<option value="([^"]*)" selected', page, re.DOTALL))
    assert set(chosen.values()) == {"T002", "T003"}
    fields = dict(re.findall(r'name="(rev-[\w-]+)" value="(\d+)"', page))
    fields |= {f"visit-{visit}": code for visit, code in chosen.items()}
    told = {"told_at": local(9.5), "channel": "phone"}
    assert desk.post(answer.location, data={**fields, **told}).status_code == 303
    assert {planning.get_visit(work, ME, MAIN, one.visit_id).visit.technician for one in (first, second)} == {
        "T002", "T003",
    }  # fmt: skip
    assert "Nothing is planned for them in this time any more." in desk.get(answer.location).text


def crowded(desk, work):
    """Four visits at one time of somebody who is away; the absence's page, and what choosing as proposed sends."""
    for number in (1, 2, 3, 4):
        schedule(work, f"WO-{number}", 14, 16, override="walk-in")
    address = f"/dispatch/absences/{away(work).absence_id}"
    page = desk.get(address).text
    fields = dict(re.findall(r'name="((?:rev|later)-[\w-]+)" value="([^"]+)"', page))
    chosen = re.findall(r'name="(visit-[\w-]+)".*?<option value="([^"]*)" selected', page, re.DOTALL)
    return address, page, {**fields, **dict(chosen)}


def test_where_messages_are_set_up_the_page_says_whom_they_reach_and_asks_for_no_time(desk, work, with_gateway):
    address, page, fields = crowded(desk, work)
    assert page.count("Another window: told by short message ••••••••110.") == 2
    assert "They have to be told before you save" not in page
    assert re.search(r'<input[^>]*name="told_at"[^>]*required', page) is None
    assert desk.post(address, data={**fields, "by": "message", "told_at": ""}).status_code == 303
    assert "Nothing is planned for them in this time any more." in desk.get(address).text


@pytest.mark.parametrize("by", ["message", "talk"])
def test_without_messages_another_window_is_told_before_and_the_page_asks_when(desk, work, by):
    address, page, fields = crowded(desk, work)
    assert "They have to be told before you save" in page
    assert "Messages that go by themselves" not in page
    answer = desk.post(address, data={**fields, "by": by, "told_at": ""})
    assert answer.status_code == 422
    assert "Enter when the customers were told." in answer.text
    assert desk.post(address, data={**fields, "told_at": local(9.5), "channel": "phone"}).status_code == 303


def test_where_no_window_moves_nothing_has_to_be_told_before(desk, work):
    visit = schedule(work, "WO-1", 14, 16)
    address = f"/dispatch/absences/{away(work).absence_id}"
    assert "Customers whose window moves" not in desk.get(address).text
    fields = {f"visit-{visit.visit_id}": "T002", f"rev-{visit.visit_id}": str(visit.rev)}
    assert desk.post(address, data=fields).status_code == 303


def test_what_is_overdue_is_given_away_from_the_time_that_the_page_says(desk, work, clock):
    visit = schedule(work, "WO-1", 10, 14, minutes=60)
    clock.set(at(12.7))
    address = f"/dispatch/absences/{away(work, 12.5).absence_id}"
    page = desk.get(address).text
    assert re.search(r"as promised, from 13:00 on, by [^<]+ \(T002\)", page)
    fields = dict(re.findall(r'name="((?:rev|start)-[\w-]+)" value="([^"]+)"', page))
    assert desk.post(address, data={**fields, f"visit-{visit.visit_id}": "T002"}).status_code == 303
    found = planning.get_visit(work, ME, MAIN, visit.visit_id).visit
    assert (found.technician, found.planned.start) == ("T002", at(13))


def test_a_start_that_no_page_sent_leaves_the_plan_as_it_was(desk, work):
    visit = schedule(work, "WO-1", 14, 16)
    address = f"/dispatch/absences/{away(work).absence_id}"
    sent = {f"visit-{visit.visit_id}": "T002", f"rev-{visit.visit_id}": "1", f"start-{visit.visit_id}": "soon"}
    assert desk.post(address, data=sent).status_code == 303
    assert planning.get_visit(work, ME, MAIN, visit.visit_id).visit.planned.start == at(14)


def test_who_was_told_a_name_stands_beside_the_visit(desk, work, clock, with_gateway):
    visit = schedule(work, "WO-1", 38, 40)
    with receivers.receiving() as gateway:
        do_all(work, gateway=gateway)
        clock.set(at(17))
        do_all(work, gateway=gateway)
    absence = away(work, 24, 48)
    address = f"/dispatch/absences/{absence.absence_id}"
    assert "Somebody else comes: told by short message ••••••••110." in desk.get(address).text
    on = [kind for kind in KINDS if kind != "who_comes"]
    messages.save_rules(work, ME, MAIN, on, time(21), time(8))
    page = desk.get(address).text
    assert "Somebody else comes: no message goes, tell them yourself. They expect T001." in page
    assert visit.external_id in page


def test_when_one_visit_changed_meanwhile_nothing_is_given_away_and_the_page_says_which(desk, work):
    visit = schedule(work, "WO-1", 14, 16)
    absence = away(work)
    fields = {f"visit-{visit.visit_id}": "T002", f"rev-{visit.visit_id}": "77", "told_at": local(9.5), "channel": "sms"}
    answer = desk.post(f"/dispatch/absences/{absence.absence_id}", data=fields)
    assert answer.status_code == 422
    assert "WO-1 could not be given away, so nothing was." in answer.text
    assert "Somebody else changed WO-1 meanwhile." in answer.text
    assert '<option value="T002" selected' in answer.text


def test_a_form_that_is_sent_as_it_came_changes_nothing(desk, work):
    typed = {"rev": "0", "mon": "08:00-17:00", "lat": "31.230416", "lon": "121.473701"}
    assert desk.post(T001, data=typed).status_code == 303
    page = desk.get(T001).text
    assert 'value="31.230416"' in page
    assert 'value="121.473701"' in page


@pytest.mark.parametrize("nonsense", ["T999", "later", "<script>"])
def test_a_choice_that_nobody_could_make_is_refused(desk, work, nonsense):
    visit = schedule(work, "WO-1", 14, 16)
    absence = away(work)
    fields = {
        f"visit-{visit.visit_id}": nonsense, f"rev-{visit.visit_id}": "1", "told_at": local(9.5), "channel": "sms",
    }  # fmt: skip
    answer = desk.post(f"/dispatch/absences/{absence.absence_id}", data=fields)
    assert answer.status_code == 422
    assert planning.get_visit(work, ME, MAIN, visit.visit_id).visit.technician == "T001"


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [(9, 8, "must end after it starts"), (1, 2, "is over already"), (9, 24 * 500, "at most 400")],
)
def test_absences_that_cannot_be_are_refused_in_words(desk, work, start, end, says):
    answer = desk.post(f"{T001}/absences", data={"start": local(start), "end": local(end), "kind": "leave"})
    assert answer.status_code == 422
    assert says in answer.text
    assert audited(work, "absence.") == []


def test_an_absence_is_taken_back(desk, work):
    absence = away(work)
    assert desk.post(f"/dispatch/absences/{absence.absence_id}/withdraw").status_code == 303
    assert desk.get(f"/dispatch/absences/{absence.absence_id}").status_code == 404
    assert [subject for subject, _ in audited(work, "absence.withdrawn")] == ["T001"]


def test_why_somebody_is_away_does_not_stand_in_the_audit_for_ever(work):
    away(work)
    [(_, facts)] = audited(work, "absence.recorded")
    assert set(facts) == {"absence", "start", "end"}


def test_a_refused_plan_shows_the_calendar_and_asks_for_a_reason(desk, work):
    away(work)
    visit = schedule(work, technician=None)
    form = {"rev": str(visit.rev), "technician": "T001", "planned_start": "", "duration": ""}
    answer = desk.post(f"/dispatch/visits/{visit.visit_id}/assign", data=form)
    assert answer.status_code == 422
    assert 'name="override"' in answer.text
    assert T001 in answer.text
    answer = desk.post(f"/dispatch/visits/{visit.visit_id}/assign", data={**form, "override": "only he has the key"})
    assert answer.status_code == 303


def test_the_list_and_the_printed_day_name_everybody(desk, work):
    save(work, shifts="mon-fri 08:00-17:00", skills={"install"})
    schedule(work)
    listed = desk.get("/dispatch/technicians").text
    assert "Mon–Fri" in listed
    assert "08:00–17:00" in listed
    printed = desk.get("/dispatch/day/print?day=2026-10-14").text
    assert "WO-1" in printed
    assert "19553035110" not in printed
    assert "Nothing is planned on this day." in desk.get("/dispatch/day/print?day=2026-10-14&technician=T002").text


def test_another_branchs_technician_is_nobody(sign_in):
    assert sign_in("D900").get(T001).status_code == 422


def test_a_file_is_entered_or_every_fault_is_shown(desk, work):
    def send(text):
        return desk.post("/dispatch/technicians/import", data={"file": (BytesIO(text.encode()), "shifts.csv")})

    head = "technician,shifts,skills,districts,lat,lon\n"
    answer = send(f"{head}T001,whenever,,,,\nT999,,,,,\n")
    assert answer.status_code == 422
    assert "“whenever” is no shift" in answer.text
    assert "there is no such technician in this branch" in answer.text
    assert send("").status_code == 422
    assert send(f"{head}T001,mon 08:00-12:00,,,,\n").status_code == 303
    assert calendar(work).shifts == read_shifts("mon 08:00-12:00")
