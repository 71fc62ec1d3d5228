"""The dispatcher's pages, clicked through without JavaScript."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.domain.visits import events as ev
from fieldapp.services import planning, scheduling
from fieldapp.services.work import Work
from tests.cast import D001, MAIN
from tests.services.test_scheduling import from_phone

DATA = Path(__file__).parents[2] / "data"
NEW = {
    "job_type": "install", "customer_name": "何美玲", "phone": "195 5303 5110", "address": "健康東路115號3棟",
    "language": "zh-Hant", "charges": "光猫押金 100.00; Cable 5", "note": "<script>alert(1)</script>",
    "window_start": "2026-10-14T14:00", "window_end": "2026-10-14T16:00", "told_at": "2026-10-14T09:30",
    "channel": "phone", "agreed": "y", "technician": "T001", "external_id": "WO-1", "planned_start": "",
    "duration": "", "override": "",
}  # fmt: skip
MOVE = {
    "window_start": "2026-10-14T17:00", "window_end": "2026-10-14T18:00", "told_at": "2026-10-14T09:30",
    "channel": "sms", "agreed": "y", "asked_by": "company", "cause": "plan", "apology": "y", "reason": "truck broke",
    "technician": "T001", "planned_start": "", "duration": "90",
}  # fmt: skip


@pytest.fixture
def desk(sign_in: Any) -> Any:
    """The dispatcher's browser."""
    return sign_in("D001")


def page(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def stored(work: Work, number: str = "WO-1") -> planning.Details:
    return planning.get_visit(work, D001.actor, MAIN, visit_id(MAIN, number))


def address(action: str = "", number: str = "WO-1") -> str:
    return f"/dispatch/visits/{visit_id(MAIN, number)}{action}"


def schedule(desk: Any, **changed: str) -> Any:
    return desk.post("/dispatch/new", data={**NEW, **changed})


def rev(html: str) -> str:
    found = re.search(r'name="rev"[^>]*value="(\d+)"', html)
    assert found
    return found[1]


def test_a_new_appointment_is_scheduled_and_shown(desk: Any, work: Work) -> None:
    assert 'value="2026-10-14T09:30"' in page(desk.get("/dispatch/new"))
    answer = schedule(desk)
    assert (answer.status_code, answer.location) == (303, address())
    visit = stored(work).visit
    assert (visit.window.start, visit.technician) == (datetime(2026, 10, 14, 6, tzinfo=UTC), "T001")
    html = page(desk.get(address()))
    assert "WO-1 is scheduled." in html
    for text in ("14:00–16:00", "何美玲", "Chen Wei (T001)", "光猫押金", "&lt;script&gt;alert(1)&lt;/script&gt;"):
        assert text in html
    assert "<script>alert" not in html


@pytest.mark.parametrize(
    ("changed", "field", "text"),
    [
        ({"window_end": "2026-10-14T13:00"}, "window_end", "The window must end after it starts."),
        ({"window_start": "2026-10-13T14:00", "window_end": "2026-10-13T16:00"}, "window_start", "in the past"),
        ({"window_start": "2026-13-40T14:00"}, "window_start", "no day and time"),
        ({"window_start": ""}, "window_start", "Please fill this in."),
        ({"told_at": "2026-10-14T19:30"}, "told_at", "still to come"),
        ({"technician": "T404"}, "technician", "There is no technician T404 in this branch."),
        ({"technician": "T900"}, "technician", "There is no technician T900 in this branch."),
        ({"customer_name": " "}, "customer_name", "Please fill this in."),
        ({"phone": "not a phone"}, "phone", "This is no phone number."),
        ({"charges": "free"}, "charges", "Write charges as a label and an amount"),
        ({"duration": "soon"}, "duration", "whole number of minutes"),
        ({"duration": "9999"}, "duration", "from 5 to 1440 minutes"),
    ],
)
def test_a_refused_form_names_the_field_and_keeps_every_word(
    desk: Any, work: Work, changed: dict[str, str], field: str, text: str
) -> None:
    answer = schedule(desk, **changed)
    html = page(answer)
    assert answer.status_code == 422
    error = re.search(rf'id="{field}-error">.*?<span>(.*?)</span>', html, re.DOTALL)
    assert error, f"no error at {field}"
    assert text in error[1]
    for name, value in {**NEW, **changed}.items():
        if value.strip() and name not in {"agreed", "note"}:
            assert value in html, f"{name} was lost"
    assert planning.list_visits(work, D001.actor, MAIN).total == 0


def test_all_faults_of_a_form_are_named_at_once(desk: Any) -> None:
    html = page(schedule(desk, phone="abc", charges="free", duration="-3", window_end="2026-10-14T13:00"))
    for field in ("phone", "charges", "duration", "window_end"):
        assert f'id="{field}-error"' in html, field


def test_a_time_that_the_clocks_leave_out_is_named(desk: Any, work: Work) -> None:
    from sqlalchemy import update

    from fieldapp.storage.tables.accounts import BranchRow

    with work.write() as db:
        db.execute(update(BranchRow).where(BranchRow.branch == MAIN).values(timezone="Europe/Berlin"))
    answer = schedule(desk, window_start="2027-03-28T02:30", window_end="2027-03-28T04:30", told_at="2026-10-14T03:00")
    assert answer.status_code == 422
    assert "does not exist: the clocks are put forward" in page(answer)
    assert "Europe/Berlin" in page(answer)


def test_planning_two_at_once_names_the_other_and_goes_through_with_a_reason(desk: Any, work: Work) -> None:
    schedule(desk)
    answer = schedule(desk, external_id="WO-2", window_start="2026-10-14T15:00")
    html = page(answer)
    assert answer.status_code == 422
    assert f'<a href="{address()}">WO-1</a>' in html
    assert 'name="override"' in html
    assert schedule(desk, external_id="WO-2", override="same house").status_code == 303


def test_moving_shows_both_promises(desk: Any, work: Work) -> None:
    schedule(desk)
    seen = rev(page(desk.get(address("/move"))))
    assert desk.post(address("/move"), data={**MOVE, "rev": seen}).status_code == 303
    html = page(desk.get(address()))
    for text in ("14:00–16:00", "17:00–18:00", "Text message", "Our planning", "truck broke", "with an apology"):
        assert text in html
    assert [one.channel for one in stored(work).ledger] == ["phone", "sms"]


def test_the_second_of_two_dispatchers_is_told_what_the_first_did_and_keeps_their_form(desk: Any, work: Work) -> None:
    schedule(desk)
    seen = rev(page(desk.get(address("/move"))))
    desk.post(address("/move"), data={**MOVE, "rev": seen})
    late = {**MOVE, "rev": seen, "window_start": "2026-10-14T19:00", "window_end": "2026-10-14T20:00"}
    answer = desk.post(address("/move"), data=late)
    html = page(answer)
    assert answer.status_code == 422
    assert "Sun Lan (D001)" in html
    assert "Window moved" in html
    assert 'value="2026-10-14T19:00"' in html
    assert desk.post(address("/move"), data={**late, "rev": rev(html)}).status_code == 303
    assert len(stored(work).ledger) == 3


def test_a_start_outside_the_promise_is_refused_at_its_field_and_asks_for_a_reason(desk: Any, work: Work) -> None:
    schedule(desk)
    data = {"rev": "1", "technician": "T001", "planned_start": "2026-10-12T14:00", "duration": "60"}
    answer = desk.post(address("/assign"), data=data)
    assert answer.status_code == 422
    assert "The planned start lies outside the window" in page(answer)
    assert 'name="override"' in page(answer)
    assert desk.post(address("/assign"), data={**data, "override": "she is at home all day"}).status_code == 303
    assert stored(work).visit.planned.start == datetime(2026, 10, 12, 6, tzinfo=UTC)


def test_assigning_to_the_pool_and_back(desk: Any, work: Work) -> None:
    schedule(desk)
    for technician in ("", "T002"):
        form = page(desk.get(address("/assign")))
        data = {"rev": rev(form), "technician": technician, "planned_start": "2026-10-14T14:30", "duration": "60"}
        assert desk.post(address("/assign"), data=data).status_code == 303
    assert (stored(work).visit.technician, stored(work).visit.planned.start) == (
        "T002", datetime(2026, 10, 14, 6, 30, tzinfo=UTC),
    )  # fmt: skip


def test_cancelling_and_reinstating(desk: Any, work: Work) -> None:
    schedule(desk)
    data = {"rev": "1", "told_at": "2026-10-14T09:30", "asked_by": "customer", "cause": "customer"}
    assert desk.post(address("/cancel"), data=data).status_code == 303
    assert stored(work).state == "cancelled"
    assert "Reinstate" in page(desk.get(address()))
    answer = desk.post(address("/decide"), data={"rev": "2", "decision": "reinstate", "reason": ""})
    assert answer.status_code == 422
    desk.post(address("/decide"), data={"rev": "2", "decision": "reinstate", "reason": "called back"})
    assert stored(work).state == "planned"


def test_correcting_a_typo_keeps_the_promise(desk: Any, work: Work) -> None:
    schedule(desk)
    form = page(desk.get(address("/amend")))
    assert "光猫押金 100.00; Cable 5.00" in form
    kept = {name: NEW[name] for name in ("job_type", "customer_name", "phone", "address", "language", "charges")}
    assert desk.post(address("/amend"), data={**kept, "rev": rev(form), "note": "ring twice"}).status_code == 303
    assert stored(work).visit.note == "ring twice"
    assert len(stored(work).ledger) == 1


def test_a_district_is_typed_shown_and_taken_away_again(desk: Any, work: Work) -> None:
    desk.post("/dispatch/new", data={**NEW, "district": "港口"})
    assert "港口" in page(desk.get(address()))
    form = page(desk.get(address("/amend")))
    assert 'value="港口"' in form
    kept = {
        name: NEW[name] for name in ("job_type", "customer_name", "phone", "address", "language", "charges", "note")
    }
    assert desk.post(address("/amend"), data={**kept, "rev": rev(form), "district": ""}).status_code == 303
    assert stored(work).visit.district == ""


def test_held_facts_are_listed_with_their_reason_and_decided(desk: Any, work: Work) -> None:
    schedule(desk)
    cancel = ev.VisitCancelled(asked_by="customer", told_at=work.now(), apology=False, cause="customer")
    scheduling.cancel_visit(work, D001.actor, MAIN, visit_id(MAIN, "WO-1"), 1, cancel)
    from_phone(work, visit_id(MAIN, "WO-1"), ev.VisitArrived(), held="visit_cancelled")
    html = page(desk.get("/dispatch/held"))
    assert "The visit had been cancelled." in html
    assert "Arrived" in html
    assert "waits for your decision" in page(desk.get(address()))
    form = page(desk.get(address("/decide")))
    assert "falls away" not in form, "its customer was called off before"
    assert desk.post(address("/decide"), data={"rev": rev(form), "decision": "void", "reason": "x"}).status_code == 303
    assert stored(work).state == "void"
    assert "Nothing waits" in page(desk.get("/dispatch/held"))


def test_a_visit_that_is_still_to_come_is_not_voided_its_stray_facts_are_left_out(desk: Any, work: Work) -> None:
    schedule(desk)
    from_phone(work, visit_id(MAIN, "WO-1"), ev.VisitDeparted(), held="not_assignee")
    html = page(desk.get("/dispatch/held"))
    assert "decision=leave_out" in html
    assert "decision=void" not in html
    form = page(desk.get(address("/decide") + "?decision=leave_out"))
    assert "The customer still waits for this visit" in form
    assert "cancel the visit" in form
    assert 'value="void"' not in form
    given = {"rev": rev(form), "decision": "leave_out", "reason": "another phone"}
    assert desk.post(address("/decide"), data={**given, "decision": "void"}).status_code == 422
    assert desk.post(address("/decide"), data=given).status_code == 303
    assert stored(work).state == "planned"
    html = page(desk.get(address()))
    assert "left out" in html
    assert "waits for your decision" not in html
    assert "Reinstate" in html
    assert "Nothing waits" in page(desk.get("/dispatch/held"))


def test_work_that_was_begun_can_still_be_kept_without_a_score_and_the_page_says_what_falls_away(
    desk: Any, work: Work
) -> None:
    schedule(desk)
    from_phone(work, visit_id(MAIN, "WO-1"), ev.VisitArrived(), held="promise_moved")
    form = page(desk.get(address("/decide")))
    assert "the appointment falls away, too" in form
    assert desk.post(address("/decide"), data={"rev": rev(form), "decision": "void", "reason": "x"}).status_code == 303
    assert stored(work).state == "void"


def test_done_work_is_counted_or_not_and_the_page_says_what_falls_away(desk: Any, work: Work) -> None:
    schedule(desk, technician="T001")
    for data in (ev.VisitArrived(), ev.VisitCompleted()):
        from_phone(work, visit_id(MAIN, "WO-1"), data, held="promise_moved")
    form = page(desk.get(address("/decide")))
    assert 'value="leave_out"' not in form
    assert "the appointment falls away, too" in form


def test_the_list_filters_and_sorts_and_the_day_shows_lanes(desk: Any) -> None:
    schedule(desk)
    schedule(desk, external_id="WO-2", technician="", customer_name="Anna")
    desk.get("/dispatch/")  # tells once what was scheduled
    assert "WO-2" not in page(desk.get("/dispatch/?q=何美"))
    assert "WO-1" not in page(desk.get("/dispatch/?technician=-"))
    assert "No visit matches." in page(desk.get("/dispatch/?state=completed&from=2026-10-14&to=nonsense"))
    descending = page(desk.get("/dispatch/?sort=customer&down=1"))
    assert descending.index("WO-1") < descending.index("WO-2")
    day = page(desk.get("/dispatch/day?day=2026-10-14"))
    assert "Chen Wei" in day
    assert "Nobody yet" in day
    assert re.search(r'<td colspan="6"><a class="block planned"', day), "90 minutes are six quarters"
    assert "WO-1" not in page(desk.get(f"/dispatch/day?day={(datetime(2026, 10, 15)).date()}"))  # noqa: DTZ001


@pytest.mark.parametrize("path", ["/dispatch/?page=0", "/dispatch/?sort=x&page=99", "/dispatch/day?day=9999-99-99"])
def test_odd_addresses_are_pages_still(desk: Any, path: str) -> None:
    assert desk.get(path).status_code == 200


def upload(desk: Any, raw: bytes, name: str = "orders.csv") -> Any:
    data = {"file": (BytesIO(raw), name)}
    return desk.post("/dispatch/import", data=data, content_type="multipart/form-data")


def confirm_fields(html: str) -> dict[str, str]:
    return {
        name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', html)[1]  # type: ignore[index]
        for name in ("name", "content", "digest")
    }


def sample() -> bytes:
    """Three orders of the sample month, for people of the cast."""
    lines = (DATA / "appointments-2026-12.csv").read_bytes().splitlines(keepends=True)
    return b"".join(lines[:4]).replace(b"T011", b"T001").replace(b"T004", b"T003")


def test_an_import_is_previewed_row_by_row_and_confirmed(desk: Any, work: Work) -> None:
    raw = sample()
    html = page(upload(desk, raw))
    assert "GD2026120000" in html
    assert planning.list_visits(work, D001.actor, MAIN).total == 0
    answer = desk.post("/dispatch/import/confirm", data=confirm_fields(html))
    assert answer.status_code == 303
    assert planning.list_visits(work, D001.actor, MAIN).total == 3
    assert "3 as before" in page(upload(desk, raw))


def test_all_faults_of_a_file_are_shown_at_once(desk: Any) -> None:
    answer = upload(desk, (DATA / "appointments-bad.csv").read_bytes())
    html = page(answer)
    assert answer.status_code == 422
    for text in ("T999", "2026-13-40T09:00", "not a phone", "paint", "133.2", "BAD000"):
        assert text in html


def test_a_preview_that_has_become_untrue_is_shown_anew(desk: Any) -> None:
    raw = sample()
    fields = confirm_fields(page(upload(desk, raw)))
    desk.post("/dispatch/import/confirm", data=fields)
    answer = desk.post("/dispatch/import/confirm", data=fields)
    assert answer.status_code == 409
    assert "Something changed since the preview" in page(answer)


@pytest.mark.parametrize("content", ["", "%%%", "AAAA"])
def test_a_forged_preview_is_refused(desk: Any, content: str) -> None:
    answer = desk.post("/dispatch/import/confirm", data={"name": "x", "content": content, "digest": ""})
    assert answer.status_code == 422


def test_no_file_is_a_sentence(desk: Any) -> None:
    answer = desk.post("/dispatch/import", data={}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Choose a file first." in page(answer)


@pytest.mark.parametrize("login", ["T001", "Q001", "A001"])
def test_other_roles_have_no_business_here(sign_in: Any, login: str) -> None:
    client = sign_in(login)
    for path in ("/dispatch/day", "/dispatch/new", "/dispatch/held", "/dispatch/import"):
        assert client.get(path).status_code == 403
    assert client.get("/dispatch/").status_code == (200 if login == "Q001" else 403), "quality staff find visits"


def test_another_branchs_dispatcher_finds_nothing(desk: Any, sign_in: Any) -> None:
    schedule(desk)
    other = sign_in("D900")
    for action in ("", "/move", "/assign", "/cancel", "/amend", "/decide"):
        assert other.get(address(action)).status_code == 404
    assert "WO-1" not in page(other.get("/dispatch/"))


def test_the_day_of_a_long_ago_promise_still_opens(desk: Any, work: Work, clock: Any, sign_in: Any) -> None:
    schedule(desk)
    clock.advance(days=3)
    assert "missed" in page(sign_in("D001").get("/dispatch/day?day=2026-10-14"))
    assert stored(work).state == "missed"
    assert work.now() - stored(work).visit.window.end > timedelta(days=2)
