"""Whose day a fact changes, as far as a phone shows that day, and when they may be told."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from fieldapp.domain import day_changes
from fieldapp.domain.calendar import Window
from fieldapp.domain.day_changes import Change
from fieldapp.domain.messages import Rules
from tests import builders, cast

START = cast.NOW + timedelta(hours=5)
SHOWN = Window(cast.NOW - timedelta(days=1), cast.NOW + timedelta(days=7))
ZONE = ZoneInfo(cast.ZONE)


def change(*lines):
    """What the last of these facts changes."""
    history = builders.as_events(lines)
    return day_changes.change(history, history[-1], SHOWN)


def at(minutes):
    """After the visit was made."""
    return START - timedelta(days=2) + timedelta(minutes=minutes)


def said(kind, minutes=1, by="office", **data):
    return builders.line(kind, "WO-1", at(minutes), by, **data)


def moved(start, minutes=1, by="office"):
    data = {"asked_by": "company", "apology": True, "cause": "plan", "promise": builders.promise(start)}
    return said("promise.changed", minutes, by, **data)


def cancelled(minutes=1):
    told = {"asked_by": "customer", "told_at": at(minutes).isoformat(), "apology": False, "cause": "customer"}
    return said("visit.cancelled", minutes, **told)


def first(technician="T001", start=START):
    return builders.scheduled("WO-1", start, technician)


def test_a_new_visit_is_told_to_whoever_gets_it():
    assert change(first()) == Change(frozenset({"T001"}), START)
    assert change(first(None)).technicians == set()


def test_a_visit_given_to_somebody_else_is_told_to_both():
    assert change(first(), said("visit.assigned", technician="T002")).technicians == {"T001", "T002"}
    assert change(first(), said("visit.assigned", technician=None)).technicians == {"T001"}
    assert change(first(None), said("visit.assigned", technician="T002")).technicians == {"T002"}


def test_a_new_window_and_a_new_planned_time_are_moves_the_earlier_one_counts():
    later = START + timedelta(hours=3)
    assert change(first(), moved(later)) == Change(frozenset({"T001"}), START)
    assert change(first(), moved(START - timedelta(hours=1))).begins == START - timedelta(hours=1)
    planned = said("visit.assigned", technician="T001", planned_start=later.isoformat())
    assert change(first(), planned).technicians == {"T001"}
    assert change(first(), said("visit.assigned", technician="T001")).technicians == set()


def test_another_address_job_or_note_is_told_and_another_charge_is_not():
    assert change(first(), said("visit.amended", customer=builders.customer(address="9 Hill Road"))).technicians == {
        "T001"
    }
    assert change(first(), said("visit.amended", note="ring twice")).technicians == {"T001"}
    assert change(first(), said("visit.amended", job_type="repair")).technicians == {"T001"}
    assert change(first(), said("visit.amended", charges=[])).technicians == set()


def test_cancelled_and_back_again():
    assert change(first(), cancelled()).technicians == {"T001"}
    assert change(first(), cancelled(), said("visit.reinstated", 2, reason="a mistake")).technicians == {"T001"}


@pytest.mark.parametrize("ruling", ["visit.reinstated", "visit.voided"])
def test_the_office_s_word_about_what_waited_is_told_also_where_nothing_moves(ruling):
    assert change(first(), said(ruling, reason="it counts")).technicians == {"T001"}


def test_what_the_technician_did_is_no_news_to_them():
    assert change(first(), moved(START + timedelta(hours=1), by="T001")).technicians == set()
    assert change(first(), said("visit.departed", by="T001")).technicians == set()


def test_what_is_over_and_what_phones_do_not_show_yet_is_not_told():
    far = START + timedelta(days=20)
    assert change(first(start=far)).technicians == set()
    assert change(first(start=START - timedelta(days=3))).technicians == set()
    assert change(first(), moved(far)) == Change(frozenset({"T001"}), START)
    assert change(first(start=far), moved(START, minutes=60 * 24 * 30)).technicians == {"T001"}
    *visit, last = builders.perfect_visit("WO-1", START)
    later = builders.line("visit.assigned", "WO-1", START + timedelta(hours=2), "office", technician="T002")
    assert change(*visit, last, later).technicians == set()


def test_what_waits_concerns_who_recorded_it_and_whose_visit_it_is():
    event = builders.as_event(said("note.added", by="T002", text="x"))
    assert day_changes.held(event, "T001") == Change(frozenset({"T001", "T002"}))
    assert day_changes.held(event, None).technicians == {"T002"}


@pytest.mark.parametrize(
    ("hour", "begins_in", "due_in"),
    [
        (9, None, 0),
        (22, None, 10),  # until eight
        (22, 30, 10),
        (22, 10.5, 0),  # half past eight: before nobody would know
        (7, 1, 0),
        (7, -2, 0),  # overdue
        (7, 12, 1),
    ],
)
def test_in_the_quiet_hours_only_what_does_not_wait_for_the_morning(hour, begins_in, due_in):
    now = cast.NOW.astimezone(ZONE).replace(hour=hour, minute=0).astimezone(cast.NOW.tzinfo)
    begins = None if begins_in is None else now + timedelta(hours=begins_in)
    assert day_changes.due_at(begins, now, Rules(), ZONE) == now + timedelta(hours=due_in)
