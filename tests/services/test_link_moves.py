"""Customers who move or cancel their appointment through their link: only what fits, at once, and one wins."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.domain.visits import events as ev
from fieldapp.services import link_acts, link_moves, links, pins, receipts, scheduling
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Work
from fieldapp.storage import audit, events, visits
from fieldapp.storage import pins as storage_pins
from tests import builders, cast
from tests.links import own_token, planned_visit, store
from tests.services.test_two_dispatchers import at_once

HOUR = timedelta(hours=1)
#: Thursday at eight in Shanghai; planned visits begin at 09:30 on this day.
THURSDAY = cast.NOW + timedelta(hours=22, minutes=30)
OTHERS = ("T002", "T003")


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def company(request: pytest.FixtureRequest) -> Work:
    """The same company on each engine."""
    work: Work = request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")
    return work


def link_of(work, visit):
    return links.open_link(work, own_token(work, visit))


def as_it_is(work, visit):
    with work.read() as db:
        return visits.get(db, cast.MAIN, visit)


def busy(work, technician, start, hours):
    """Other work of the technician."""
    number = f"BUSY-{technician}-{start:%d%H%M}"
    line = builders.scheduled(number, start, technician, duration=int(hours * 60), planned_start=start.isoformat())
    store(work, [line])


def test_windows_are_as_wide_as_the_one_they_have_and_begin_when_somebody_can(work):
    link = link_of(work, planned_visit(work))
    found = link_moves.offered(work, link)
    assert found
    assert {one.end - one.start for one in found} == {HOUR}
    assert all(one.start >= work.now() + link_moves.LEAD for one in found)
    assert as_it_is(work, link.visit_id).window not in found


def test_a_customer_looks_further_ahead_but_not_for_ever(work):
    link = link_of(work, planned_visit(work))
    later = work.now() + timedelta(days=20)
    assert min(one.start for one in link_moves.offered(work, link, later)) >= later
    farthest = work.now() + link_moves.FARTHEST
    assert min(one.start for one in link_moves.offered(work, link, later + timedelta(days=900))) >= farthest


def test_a_pin_of_ours_does_not_hold_a_customer(work):
    visit = planned_visit(work)
    pins.pin_visit(work, cast.D001.actor, cast.MAIN, visit, as_it_is(work, visit).rev)
    link_moves.move(work, link_of(work, visit), THURSDAY + 4 * HOUR)
    with work.read() as db:
        assert storage_pins.find(db, cast.MAIN, visit) is None


def test_a_taken_window_is_theirs_at_once_and_stands_in_the_ledger(work):
    visit = planned_visit(work)
    link_moves.move(work, link_of(work, visit), THURSDAY + 4 * HOUR)
    seen = as_it_is(work, visit)
    assert (seen.window.start, seen.window.end) == (THURSDAY + 4 * HOUR, THURSDAY + 5 * HOUR)
    assert (seen.technician, seen.planned.start) == ("T001", THURSDAY + 4 * HOUR)
    with work.read() as db:
        line = visits.ledger(db, cast.MAIN, visit)[-1]
        assert audit.verify(db) == []
    assert (line.asked_by, line.channel, line.agreed, line.recorded_by) == ("customer", "link", True, "customer")


def test_their_own_technician_keeps_the_visit_while_they_can(work):
    """T001 has more to do on that day than anybody, and still comes."""
    visit = planned_visit(work)
    busy(work, "T001", THURSDAY + 7 * HOUR, 1)
    link_moves.move(work, link_of(work, visit), THURSDAY + 4 * HOUR)
    assert as_it_is(work, visit).technician == "T001"


def test_somebody_else_comes_where_their_own_technician_cannot(work):
    visit = planned_visit(work)
    busy(work, "T001", THURSDAY + 3 * HOUR, 4)
    busy(work, "T002", THURSDAY + 3 * HOUR, 4)
    link_moves.move(work, link_of(work, visit), THURSDAY + 4 * HOUR)
    assert as_it_is(work, visit).technician == "T003"


@pytest.mark.parametrize(
    "start",
    [
        cast.NOW + HOUR,  # nearer than anybody is sent anew
        cast.NOW - timedelta(days=2),
        THURSDAY - 4 * HOUR,  # in the night
        THURSDAY + timedelta(minutes=7),  # no window begins there
        cast.NOW + timedelta(days=200),
        datetime.max.replace(tzinfo=UTC),  # no window fits behind it
        THURSDAY + 4 * HOUR,  # nobody is free
    ],
)
def test_what_nobody_can_keep_is_not_taken(work, start):
    visit = planned_visit(work)
    for code in ("T001", *OTHERS):
        busy(work, code, THURSDAY + 3 * HOUR, 4)
    before = as_it_is(work, visit)
    with pytest.raises(Conflict) as refused:
        link_moves.move(work, link_of(work, visit), start)
    assert refused.value.code == "window_taken"
    assert as_it_is(work, visit) == before


def test_of_two_customers_who_wish_for_one_window_one_gets_it(company: Work) -> None:
    work = company
    for code in OTHERS:
        busy(work, code, THURSDAY + 3 * HOUR, 6)
    first, second = (link_of(work, planned_visit(work, number, days=day)) for number, day in (("WO-1", 1), ("WO-2", 2)))
    wish = THURSDAY + 5 * HOUR
    told = at_once(lambda: link_moves.move(work, first, wish), lambda: link_moves.move(work, second, wish))
    assert told == ["done", "window_taken"]
    assert [as_it_is(work, one.visit_id).window.start for one in (first, second)].count(wish) == 1


def test_the_same_tap_twice_moves_once(work):
    visit = planned_visit(work)
    link = link_of(work, visit)
    link_moves.move(work, link, THURSDAY + 4 * HOUR)
    with pytest.raises(Conflict) as refused:
        link_moves.move(work, link, THURSDAY + 4 * HOUR)
    assert refused.value.code == "window_same"


def test_after_three_moves_somebody_should_talk_to_them(work):
    link = link_of(work, planned_visit(work))
    for hours in (4, 6, 8):
        link_moves.move(work, link, THURSDAY + hours * HOUR)
    assert "move" not in receipts.view(work, link).offers
    with pytest.raises(Conflict):
        link_moves.move(work, link, THURSDAY + 4 * HOUR)


def test_who_is_on_the_way_is_not_sent_elsewhere_but_may_be_sent_home(work):
    visit = planned_visit(work)
    store(work, [builders.line("visit.departed", "WO-1", work.now())])
    link = link_of(work, visit)
    with pytest.raises(Conflict):
        link_moves.move(work, link, THURSDAY + 4 * HOUR)
    link_moves.cancel(work, link, "nobody will be in")
    assert as_it_is(work, visit).state == "cancelled"


def test_a_cancelled_visit_stays_cancelled_and_says_whose_wish_it_was(work):
    visit = planned_visit(work)
    link = link_of(work, visit)
    link_moves.cancel(work, link, "  we have moved house\r\n")
    with pytest.raises(Conflict):
        link_moves.cancel(work, link, "again")
    with work.read() as db:
        (said,) = (one for one in _events(db, visit) if one.type == "visit.cancelled")
    assert (said.actor, said.data.asked_by, said.data.reason) == ("customer", "customer", "we have moved house")


def test_a_read_only_link_changes_nothing(work):
    link = replace(link_of(work, planned_visit(work)), kind="receipt")
    before = as_it_is(work, link.visit_id)
    for act in (lambda: link_moves.move(work, link, THURSDAY + 4 * HOUR), lambda: link_moves.cancel(work, link, "")):
        with pytest.raises(NotFound):
            act()
    assert as_it_is(work, link.visit_id) == before


def test_a_window_that_the_company_moves_is_to_be_confirmed_anew(work):
    visit = planned_visit(work)
    link = link_of(work, visit)
    link_acts.confirm(work, link, "confirm_visit")
    assert receipts.view(work, link).is_confirmed
    start = THURSDAY + 6 * HOUR
    change = ev.PromiseChanged(
        asked_by="company", apology=True, cause="plan",
        promise=ev.Promise(start=start, end=start + HOUR, agreed=False, told_at=work.now(), channel="phone"),
    )  # fmt: skip
    rev = as_it_is(work, visit).rev
    scheduling.move_visit(work, cast.D001.actor, cast.MAIN, visit, rev, change, Slot(technician="T001"))
    view = receipts.view(work, link)
    assert not view.is_confirmed
    assert "confirm_visit" in view.offers
    link_acts.confirm(work, link, "confirm_visit")
    assert receipts.view(work, link).is_confirmed


def test_who_chose_a_window_need_not_confirm_it(work):
    link = link_of(work, planned_visit(work))
    link_moves.move(work, link, THURSDAY + 4 * HOUR)
    view = receipts.view(work, link)
    assert view.is_confirmed
    assert "confirm_visit" not in view.offers


def _events(db, visit):
    return events.histories(db, cast.MAIN, [visit])[0][visit]
