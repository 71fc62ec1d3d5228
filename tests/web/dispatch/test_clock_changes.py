"""The hour that comes twice when the clocks go back: what nobody changed in a form stays the moment that it was."""

from datetime import UTC, datetime, timedelta

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.services import planning
from tests import builders, cast
from tests.links import store
from tests.web.dispatch.test_pages import rev

#: In Berlin the second 02:15 of this day.
SECOND = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
VISIT = f"/dispatch/visits/{visit_id(cast.MAIN, 'WO-1')}"
MOVED = {"told_at": "2026-10-14T03:00", "channel": "phone", "asked_by": "company", "cause": "plan", "agreed": "y"}


@pytest.fixture
def desk(work, sign_in):
    """A dispatcher of a branch in Berlin."""
    with work.write() as db:
        db.connection().exec_driver_sql("UPDATE branches SET timezone = 'Europe/Berlin' WHERE branch = 'main'")
    return sign_in("D001")


def plan(work, start, minutes=90):
    promise = builders.promise(start, minutes=minutes)
    store(work, [builders.scheduled("WO-1", start, promise=promise, planned_start=start.isoformat(), duration=30)])


def seen(work):
    found = planning.get_visit(work, cast.D001.actor, cast.MAIN, visit_id(cast.MAIN, "WO-1")).visit
    return found.technician, found.planned.start, found.window.start, found.window.end


@pytest.mark.parametrize("address", [f"{VISIT}/assign", VISIT.replace("visits", "board/visits")])
def test_another_technician_comes_at_the_same_moment(work, desk, address):
    plan(work, SECOND)
    number = rev(desk.get(f"{VISIT}/assign").get_data(as_text=True))
    data = {"rev": number, "technician": "T002", "planned_start": "2026-10-25T02:15", "duration": "30"}
    assert desk.post(address, data=data).status_code in {200, 303}
    assert seen(work)[:2] == ("T002", SECOND)


def test_a_window_that_is_sent_as_it_came_is_the_same_one(work, desk):
    start = SECOND - timedelta(minutes=30)  # from the first 02:45 to the second 02:15
    plan(work, start, minutes=30)
    number = rev(desk.get(f"{VISIT}/move").get_data(as_text=True))
    window = {"window_start": "2026-10-25T02:45", "window_end": "2026-10-25T02:15"}
    data = {**MOVED, **window, "rev": number, "technician": "T002", "planned_start": "", "duration": "30"}
    assert desk.post(f"{VISIT}/move", data=data).status_code == 303
    assert seen(work)[2:] == (start, SECOND)


def test_pages_say_which_of_the_two_hours_it_is_and_bars_do_not_end_before_they_begin(work, desk):
    plan(work, SECOND - timedelta(minutes=30), minutes=30)
    assert "02:45 (GMT+02:00)–02:15 (GMT+01:00)" in desk.get(VISIT).get_data(as_text=True)
    [bar] = [one for row in desk.get("/dispatch/board/data?day=2026-10-25").json["rows"] for one in row["bars"]]
    assert (bar["start"], bar["end"]) == ("2026-10-25T02:45", "2026-10-25T03:15")


def test_a_promise_over_the_whole_night_is_as_long_on_the_board_as_it_is(work, desk):
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)  # from 00:00 to 06:00, seven hours
    plan(work, start, minutes=7 * 60)
    [bar] = [one for row in desk.get("/dispatch/board/data?day=2026-10-25").json["rows"] for one in row["bars"]]
    assert (bar["from"], bar["to"]) == ("2026-10-25T00:00", "2026-10-25T06:00")


def test_what_was_told_just_now_was_not_told_an_hour_ago(work, desk, sign_in, clock):
    clock.set(SECOND)
    desk = sign_in("D001")
    plan(work, SECOND + timedelta(hours=9))
    number = rev(desk.get(f"{VISIT}/move").get_data(as_text=True))
    window = {"window_start": "2026-10-25T12:00", "window_end": "2026-10-25T13:00", "told_at": "2026-10-25T02:15"}
    data = {**MOVED, **window, "rev": number, "technician": "T001", "planned_start": "", "duration": "30"}
    assert desk.post(f"{VISIT}/move", data=data).status_code == 303
    found = planning.get_visit(work, cast.D001.actor, cast.MAIN, visit_id(cast.MAIN, "WO-1"))
    assert found.ledger[-1].told_at == SECOND
