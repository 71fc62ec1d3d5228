"""The board's page and what its script asks for: data, news, moves, refusals in words."""

from typing import Any

import pytest

from fieldapp.domain.calendar import Window
from fieldapp.domain.ids import visit_id
from fieldapp.domain.visits import events as ev
from fieldapp.services import calendars, scheduling
from fieldapp.services.work import Work
from tests.cast import D001, MAIN
from tests.services.test_scheduling import at, from_phone, order
from tests.web.dispatch.test_pages import NEW, address, page, schedule, stored

DATA = "/dispatch/board/data?day=2026-10-14"
KB = 1024


@pytest.fixture
def desk(sign_in: Any) -> Any:
    """The dispatcher's browser."""
    return sign_in("D001")


def bars(desk: Any, code: str = "T001") -> Any:
    rows = desk.get(DATA).get_json()["rows"]
    return next(row["bars"] for row in rows if row["code"] == code)


def change(desk: Any, number: str = "WO-1", **fields: str) -> Any:
    rev = stored(fields.pop("work"), number).visit.rev if "work" in fields else 1
    plan = {"rev": str(rev), "technician": "T001", "planned_start": "2026-10-14T14:30", "duration": "90"}
    return desk.post(f"/dispatch/board/visits/{visit_id(MAIN, number)}", data={**plan, **fields})


PROMISE = {
    "promise": "y", "window_start": "2026-10-14T17:00", "window_end": "2026-10-14T18:00", "told_at": "2026-10-14T09:30",
    "channel": "sms", "agreed": "y", "asked_by": "company", "cause": "plan", "apology": "y",
    "planned_start": "2026-10-14T17:15",
}  # fmt: skip


def test_the_page_brings_the_dialog_and_the_way_without_script(desk: Any) -> None:
    html = page(desk.get("/dispatch/board?day=2026-10-15&q=chen"))
    assert 'data-source="/dispatch/board/data?day=2026-10-15&amp;q=chen"' in html
    assert desk.get("/dispatch/board/people").get_json() == [
        ["T001", "Chen Wei"],
        ["T002", "李静"],
        ["T003", "Zhao Min"],
    ]
    assert 'href="/dispatch/day?day=2026-10-15"' in html


def test_a_bar_says_plan_and_promise_by_the_branchs_clock(desk: Any) -> None:
    schedule(desk, planned_start="2026-10-14T14:15")
    [bar] = bars(desk)
    wanted = {
        "number": "WO-1", "state": "planned", "technician": "T001", "start": "2026-10-14T14:15",
        "end": "2026-10-14T15:45", "from": "2026-10-14T14:00", "to": "2026-10-14T16:00", "minutes": 90,
        "customer": NEW["customer_name"], "open": True, "standings": [], "rev": 1,
    }  # fmt: skip
    assert {name: bar[name] for name in wanted} == wanted


def test_nothing_new_costs_no_bytes(desk: Any) -> None:
    schedule(desk)
    first = desk.get(DATA)
    again = desk.get(DATA, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert change(desk).status_code == 200
    assert desk.get(DATA, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_who_is_not_signed_in_is_told_so_in_a_way_that_a_script_reads(client: Any) -> None:
    answer = client.get(DATA)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize("login", ["T001", "Q001", "M001", "A001"])
def test_the_board_is_the_dispatchers(sign_in: Any, login: str) -> None:
    assert sign_in(login).get(DATA).status_code == 403


def test_nonsense_in_the_address_is_today(desk: Any) -> None:
    for query in ("day=tomorrow&view=year&page=-1&show=x", "day=2026-13-40&page=%E4%B8%80&q=%00"):
        answer = desk.get(f"/dispatch/board/data?{query}")
        assert (answer.status_code, answer.get_json()["page"]) == (200, 1)
        assert desk.get(f"/dispatch/board?{query}").status_code == 200


def test_a_move_within_the_promise_changes_the_plan_alone(desk: Any, work: Work) -> None:
    schedule(desk)
    answer = change(desk, technician="T002")
    assert (answer.status_code, answer.get_json()["text"]) == (200, "WO-1 is assigned.")
    details = stored(work)
    assert (details.visit.technician, len(details.ledger)) == ("T002", 1)
    assert answer.get_json()["visit"]["rev"] == details.visit.rev
    assert bars(desk, "T002")[0]["start"] == "2026-10-14T14:30"


def test_a_move_with_another_promise_tells_why(desk: Any, work: Work) -> None:
    schedule(desk)
    answer = change(desk, **PROMISE, reason="truck broke")
    assert (answer.status_code, answer.get_json()["text"]) == (200, "WO-1 has moved.")
    _, line = stored(work).ledger
    assert (line.asked_by, line.cause, line.channel, line.apology, line.reason) == (
        "company", "plan", "sms", True, "truck broke",
    )  # fmt: skip
    assert bars(desk)[0]["start"] == "2026-10-14T17:15"


def test_a_wish_that_needs_a_second_person_waits_for_one(desk: Any) -> None:
    schedule(desk, window_start="2026-10-14T10:00", window_end="2026-10-14T12:00")
    told = change(desk, **{**PROMISE, "asked_by": "customer", "cause": "customer"}).get_json()
    assert (told["kind"], told["visit"]["from"]) == ("info", "2026-10-14T10:00")


def test_an_overlap_is_refused_with_the_other_visit_and_the_way_on(desk: Any, work: Work) -> None:
    schedule(desk)
    schedule(desk, external_id="WO-2", technician="T002")
    answer = change(desk, "WO-2")
    told = answer.get_json()
    assert (answer.status_code, told["code"], told["link"]) == (409, "technician_busy", address())
    assert told["detail"].startswith("Chen Wei (T001): WO-1, ")
    assert "14:00" in told["detail"]
    assert told["visit"]["technician"] == "T002"
    assert change(desk, "WO-2", override="two of them drive together").status_code == 200
    assert stored(work, "WO-2").visit.technician == "T001"


def test_who_was_slower_is_told_what_the_other_did_and_can_send_it_again(desk: Any, work: Work) -> None:
    schedule(desk)
    assert change(desk, technician="T003").status_code == 200
    answer = change(desk, technician="T002")
    told = answer.get_json()
    assert (answer.status_code, told["code"]) == (409, "visit_changed")
    assert told["detail"].startswith("Sun Lan (D001), ")
    assert told["detail"].endswith(": Assigned")
    assert told["visit"]["technician"] == "T003"
    assert change(desk, technician="T002", rev=str(told["visit"]["rev"])).status_code == 200
    assert stored(work).visit.technician == "T002"


def test_a_plan_outside_the_promise_goes_through_with_a_reason_only(desk: Any, work: Work) -> None:
    schedule(desk)
    answer = change(desk, planned_start="2026-10-14T18:00")
    told = answer.get_json()
    assert (answer.status_code, told["code"], told["with_reason"]) == (409, "outside_promise", True)
    assert told["text"].startswith("The planned start lies outside the window")
    assert change(desk, planned_start="2026-10-14T18:00", override="she is at home all day").status_code == 200


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"technician": "T099"}, "technician"),
        ({"planned_start": "soon"}, "planned_start"),
        ({"duration": "9999"}, "duration"),
        ({**PROMISE, "window_end": "2026-10-14T16:00"}, "window_end"),
        ({**PROMISE, "told_at": "2026-10-14T19:30"}, "told_at"),
        ({**PROMISE, "window_start": "2026-10-13T17:00", "window_end": "2026-10-13T18:00"}, "window_start"),
    ],
)
def test_what_is_wrong_is_named_at_its_field(desk: Any, changed: dict[str, str], field: str) -> None:
    schedule(desk)
    answer = change(desk, **changed)
    told = answer.get_json()
    assert (answer.status_code, list(told["errors"])) == (422, [field])
    assert told["visit"]["rev"] == 1


def test_an_unknown_visit_is_not_found(desk: Any) -> None:
    assert change(desk, "WO-404").status_code == 404


def test_a_move_without_the_form_token_is_refused(desk: Any) -> None:
    schedule(desk)
    address = f"/dispatch/board/visits/{visit_id(MAIN, 'WO-1')}"
    assert desk.post(address, data={"rev": "1", "technician": "T002"}, csrf=False).status_code == 400


def test_the_board_costs_at_most_110_kb(desk: Any, app: Any) -> None:
    assets = app.extensions["assets"]
    names = [
        "css/office.all.css", "css/components/timeline.css", "css/components/plan.css", "css/components/board.css",
        "vendor/event-calendar/event-calendar.css", "vendor/event-calendar/event-calendar.js", "js/board.js",
        "js/lib/dom.js", "js/lib/words.js", "icons/mark.svg",
        *(name for name in assets.files if name.startswith("js/board/")),
    ]  # fmt: skip
    urls = ["/dispatch/board", "/dispatch/board/people", *map(assets.url, names)]
    sizes = {url: len(desk.get(url, headers={"Accept-Encoding": "gzip"}).data) for url in urls}
    data = 15 * KB  # 25 technicians with 6 visits each, and 500 names: benchmarks/board.py
    assert sum(sizes.values()) + data <= 110 * KB, sizes


def test_what_needs_somebody_comes_with_the_words_for_the_customer_in_their_language(desk: Any, clock: Any) -> None:
    for number, code in (("WO-1", "T001"), ("WO-2", "T002"), ("WO-3", "T003")):
        schedule(
            desk, external_id=number, technician=code, window_start="2026-10-14T10:00", window_end="2026-10-14T10:30"
        )
    clock.advance(minutes=65)
    told = desk.get(DATA).get_json()
    first = told["alerts"][0]
    assert (told["alerts_total"], first["act"], first["percent"], first["until"]) == (3, "tell", 100, None)
    assert "何美玲" in first["words"]
    assert "非常抱歉" in first["words"]
    assert first["words"].count("10:00–10:30") == 1


def test_an_alert_says_who_is_away_and_why(desk: Any, work: Work) -> None:
    schedule(desk, window_start="2026-10-14T10:00", window_end="2026-10-14T11:00")
    calendars.record_absence(work, D001.actor, MAIN, "T001", Window(at(8), at(18)), "sick")
    [alert] = desk.get(DATA).get_json()["alerts"]
    assert (alert["missing"], alert["kind"], alert["expected"]) == ("absent", "ill", None)
    html = page(desk.get("/dispatch/board"))
    assert all(f'data-key="{one}"' in html for one in ("absent", "gone"))


def test_the_words_for_the_customer_name_the_day_where_it_is_not_today(sign_in: Any, work: Work, clock: Any) -> None:
    visit = scheduling.schedule_visit(work, D001.actor, MAIN, order("WO-1", 24.25, 24.5, start=at(24.25)))
    first = scheduling.schedule_visit(work, D001.actor, MAIN, order("WO-2", 22, 23))
    calendars.record_absence(work, D001.actor, MAIN, "T002", Window(at(20), at(48)), "sick")
    calendars.record_absence(work, D001.actor, MAIN, "T003", Window(at(20), at(48)), "sick")
    clock.set(at(23.5))
    from_phone(work, first.visit_id, ev.VisitArrived())
    [alert] = sign_in("D001").get(DATA).get_json()["alerts"]
    assert (alert["visit"]["id"], alert["act"]) == (visit.visit_id, "tell")
    assert "10月15日週四 00:15–00:30" in alert["words"]


@pytest.mark.parametrize("asked", ["day=2026-10-15", "day=2026-10-14&view=week"])
def test_other_days_and_weeks_do_not_claim_that_nothing_is_at_risk(desk: Any, asked: str) -> None:
    note, choice = "stands on the board of today only", '<option value="at_risk"'
    shown, today = page(desk.get(f"/dispatch/board?{asked}&show=at_risk")), page(desk.get("/dispatch/board"))
    assert [(note in html, choice in html) for html in (shown, today)] == [(True, False), (False, True)]
    data = "/dispatch/board/data?show=at_risk&"
    assert len(desk.get(data + asked).get_json()["rows"]) == 3
    assert desk.get(data + "day=2026-10-14").get_json()["rows"] == []


def test_an_absence_stands_on_its_row_in_words(desk: Any, work: Work) -> None:
    calendars.record_absence(work, D001.actor, MAIN, "T002", Window(at(8), at(12)), "sick")
    rows = {row["code"]: row["away"] for row in desk.get(DATA).get_json()["rows"]}
    assert [(one["start"], one["end"]) for one in rows["T002"]] == [("2026-10-14T08:00", "2026-10-14T12:00")]
    assert rows["T002"][0]["kind"]
    assert rows["T001"] == []


def test_a_visit_is_pinned_where_it_stands_and_moves_then_with_a_reason_only(desk: Any) -> None:
    schedule(desk)
    way = f"/dispatch/board/visits/{visit_id(MAIN, 'WO-1')}/pin"
    assert desk.post(way, data={"rev": "1"}).get_json() == {"text": "WO-1 is pinned.", "kind": "good"}
    assert [bar["pinned"] for bar in bars(desk)] == [True]
    told = change(desk, technician="T002").get_json()
    assert (told["code"], told["with_reason"]) == ("visit_pinned", True)
    assert "Unpin" in page(desk.get(address()))
    assert desk.post(way, data={"rev": "1", "off": "1"}).get_json()["text"] == "WO-1 can be moved again."
    assert change(desk, technician="T002").status_code == 200


def test_what_nobody_was_given_cannot_be_pinned_and_says_what_to_do(desk: Any) -> None:
    schedule(desk, technician="")
    answer = desk.post(f"/dispatch/board/visits/{visit_id(MAIN, 'WO-1')}/pin", data={"rev": "1"})
    assert (answer.status_code, "Give it to somebody first" in answer.get_json()["text"]) == (409, True)


def swap(desk: Any, number: str, other: str, **fields: str) -> Any:
    plan = {"rev": "1", "technician": "T002", "planned_start": "2026-10-14T14:00", "duration": "90"}
    wanted = {**plan, "other": visit_id(MAIN, other), "other_rev": "1", **fields}
    return desk.post(f"/dispatch/board/visits/{visit_id(MAIN, number)}/swap", data=wanted)


def test_what_is_in_the_way_is_offered_in_exchange_and_both_change_technicians(desk: Any, work: Work) -> None:
    schedule(desk)
    schedule(desk, external_id="WO-2", technician="T002")
    offered = change(desk, technician="T002").get_json()["swap"]
    assert (offered["number"], offered["technician"], offered["rev"]) == ("WO-2", "T002", 1)
    answer = swap(desk, "WO-1", "WO-2")
    assert (answer.status_code, answer.get_json()["text"]) == (200, "WO-1 and WO-2 have changed technicians.")
    assert [stored(work, number).visit.technician for number in ("WO-1", "WO-2")] == ["T002", "T001"]
    assert answer.get_json()["visit"]["technician"] == "T002"


def test_a_swap_is_undone_by_the_same_way_with_what_its_answer_said(desk: Any, work: Work) -> None:
    schedule(desk)
    schedule(desk, external_id="WO-2", technician="T002", window_start="2026-10-14T14:30")
    told = swap(desk, "WO-1", "WO-2").get_json()
    assert told["other"] == {"id": visit_id(MAIN, "WO-2"), "rev": stored(work, "WO-2").visit.rev}
    back = {"technician": "T001", "rev": told["visit"]["rev"], "other_rev": told["other"]["rev"]}
    assert swap(desk, "WO-1", "WO-2", **back).status_code == 200
    assert [stored(work, number).visit.technician for number in ("WO-1", "WO-2")] == ["T001", "T002"]
    # Who was faster is not written over.
    again = swap(desk, "WO-1", "WO-2", **{**back, "technician": "T002"})
    assert (again.status_code, again.get_json()["code"]) == (409, "visit_changed")


def test_what_has_begun_is_not_offered_in_exchange(desk: Any, work: Work) -> None:
    schedule(desk)
    schedule(desk, external_id="WO-2", technician="T002")
    from_phone(work, visit_id(MAIN, "WO-2"), ev.VisitArrived())
    assert "swap" not in change(desk, technician="T002").get_json()
    told = swap(desk, "WO-1", "WO-2")
    assert told.status_code == 409
    assert told.get_json()["text"].startswith("WO-2 cannot be planned so, and nothing was changed. ")
    assert stored(work).visit.technician == "T001"


def test_a_swap_that_was_refused_says_why_and_names_the_field(desk: Any, work: Work) -> None:
    schedule(desk)
    schedule(desk, external_id="WO-2", technician="T002")
    for fields, status, code in (
        ({"technician": "T003"}, 200, None),
        ({"rev": "x"}, 409, "visit_changed"),
        ({"other_rev": ""}, 409, "visit_changed"),
        ({"technician": "T003", "rev": "2"}, 409, "nothing_to_swap"),
        ({"planned_start": "soon"}, 422, "invalid"),
    ):
        answer = swap(desk, "WO-1", "WO-2", **fields)
        assert (answer.status_code, answer.get_json().get("code")) == (status, code), fields
