"""Technicians' calendars and absences through the services: what planning refuses, and giving a whole day to others."""

import json
from datetime import time

import pytest

from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Calendar, read_shifts
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.services import absences, calendars, messages, planning, scheduling
from fieldapp.services.absences import ByMessage, CannotCover, Decision, Told
from fieldapp.services.claims import Slot
from fieldapp.services.message_forecast import Way, way_of_move
from fieldapp.services.message_sending import Channels, Gateway
from fieldapp.storage.tables.audit import AuditRow
from tests.cast import D001, D900, MAIN, NORTH, NOW, T001
from tests.services.test_scheduling import ME, at, change, refused, schedule

SMS = Channels(None, Gateway("http://127.0.0.1:9/send", "a secret of the gateway"), str)
TOLD = Told(told_at=NOW, channel="phone", apology=True)


def audited(work, action):
    with work.read() as db:
        rows = db.query(AuditRow).filter(AuditRow.branch == MAIN, AuditRow.action.startswith(action))
        return [(row.subject, json.loads(row.facts)) for row in rows.order_by(AuditRow.number)]


def away(work, start=12, end=24, technician="T001", kind="sick"):
    return calendars.record_absence(work, ME, MAIN, technician, Window(at(start), at(end)), kind)


def save(work, technician="T001", shifts="", skills=(), districts=(), rev=0):
    calendar = Calendar(technician, read_shifts(shifts), frozenset(skills), frozenset(districts))
    calendars.save_calendar(work, ME, MAIN, calendar, rev)


@pytest.mark.parametrize(
    ("code", "entered"),
    [
        ("technician_absent", away),
        ("off_shift", lambda work: save(work, shifts="mon-fri 07:00-12:00")),
        ("skill_missing", lambda work: save(work, skills={"repair"})),
    ],
)
def test_what_a_calendar_speaks_against_is_refused_unless_somebody_says_why(work, code, entered):
    entered(work)
    error = refused(Conflict, code, schedule, work)
    assert (error.field, error.facts["technician"]) == ("technician", "T001")
    schedule(work, "WO-1", override="the customer knows him")
    assert [facts["reason"] for _, facts in audited(work, "visit.planned_")] == ["the customer knows him"]


def test_moving_and_assigning_ask_the_calendar_too(work):
    visit = schedule(work, technician=None)
    away(work)
    refused(
        Conflict, "technician_absent", scheduling.assign_visit, work, ME, MAIN, visit.visit_id, visit.rev,
        scheduling.Slot(technician="T001"),
    )  # fmt: skip
    refused(
        Conflict, "technician_absent", scheduling.move_visit, work, ME, MAIN, visit.visit_id, visit.rev, change(),
        scheduling.Slot(technician="T001"),
    )  # fmt: skip


def test_an_absence_that_is_taken_back_speaks_against_nothing(work):
    absence = away(work)
    calendars.withdraw_absence(work, ME, MAIN, absence.absence_id)
    schedule(work)
    refused(NotFound, "not_found", calendars.withdraw_absence, work, ME, MAIN, absence.absence_id)


def test_two_planners_at_one_calendar_lose_nothing(work):
    save(work, shifts="mon-fri 08:00-17:00")
    refused(Conflict, "calendar_changed", save, work, "T001", "sat 08:00-12:00")
    assert calendars.get_person(work, ME, MAIN, "T001").rev == 1
    save(work, shifts="sat 08:00-12:00", rev=1)
    assert [subject for subject, _ in audited(work, "calendar.changed")] == ["T001", "T001"]


def test_calendars_are_the_branchs_planners_business(work):
    with pytest.raises(Forbidden):
        calendars.record_absence(work, T001.actor, MAIN, "T001", Window(at(12), at(24)), "sick")
    with pytest.raises(NotFound):
        calendars.get_person(work, D900.actor, MAIN, "T001")
    refused(Invalid, "technician_unknown", calendars.get_person, work, D900.actor, NORTH, "T001")
    refused(Invalid, "absence_over", away, work, 0, 1)
    away(work)
    refused(Conflict, "absence_known", away, work)


def test_a_day_is_taken_over_by_whoever_fits_and_what_nobody_can_do_is_offered_later(work):
    for number in (1, 2, 3, 4):
        schedule(work, f"WO-{number}", 14, 16, override="walk-in")
    absence = away(work)
    found = absences.look(work, ME, MAIN, absence.absence_id)
    assert [one.visit.external_id for one in found.left] == ["WO-1", "WO-2", "WO-3", "WO-4"]
    assert {one.proposed for one in found.left} == {"T002", "T003", None}
    [open_one, other] = [one for one in found.left if one.proposed is None]
    assert {(one.instead.window.start, one.instead.technician) for one in (open_one, other)} == {
        (at(16), "T002"), (at(16), "T003"),
    }  # fmt: skip

    decisions = [
        Decision(
            visit=one.visit.visit_id, rev=one.visit.rev, technician=one.proposed or one.instead.technician,
            window=None if one.proposed else one.instead.window,
        )
        for one in found.left
    ]  # fmt: skip
    assert len(absences.cover(work, ME, MAIN, absence.absence_id, decisions, TOLD)) == 4
    assert absences.look(work, ME, MAIN, absence.absence_id).left == []
    moved = planning.get_visit(work, ME, MAIN, open_one.visit.visit_id)
    assert moved.visit.window == open_one.instead.window
    assert [(line.asked_by, line.apology) for line in moved.ledger][-1] == ("company", True)


def full_day(work):
    """Four visits at the same time, of which two have to move; the absence, and how those that move are decided."""
    for number in (1, 2, 3, 4):
        schedule(work, f"WO-{number}", 14, 16, override="walk-in")
    absence = away(work)
    found = absences.look(work, ME, MAIN, absence.absence_id, SMS)
    return absence, found.left, [
        Decision(visit=one.visit.visit_id, rev=one.visit.rev, technician=one.instead.technician,
                 window=one.instead.window)
        for one in found.left if one.instead
    ]  # fmt: skip


def test_who_is_told_of_another_window_by_a_message_is_told_when_it_is_saved(work, clock):
    absence, left, decisions = full_day(work)
    assert [one.told.moved for one in left if one.instead] == [Way("sms", "••••••••110")] * 2
    assert {one.told.who_comes for one in left} == {None}  # no message named anybody to them
    clock.advance(minutes=5)
    absences.cover(work, ME, MAIN, absence.absence_id, decisions, ByMessage(channels=SMS, apology=True))
    for one in decisions:
        line = planning.get_visit(work, ME, MAIN, one.visit).ledger[-1]
        assert (line.told_at, line.channel, line.apology) == (clock(), "sms", True)


@pytest.mark.parametrize("obstacle", ["switched off", "no way"])
def test_whom_no_message_reaches_is_not_written_down_as_told(work, obstacle):
    absence, _, decisions = full_day(work)
    channels = Channels(None, None, str) if obstacle == "no way" else SMS
    if obstacle == "switched off":
        messages.save_rules(work, ME, MAIN, ["confirmation"], time(21), time(8))
    with pytest.raises(CannotCover) as caught:
        absences.cover(work, ME, MAIN, absence.absence_id, decisions, ByMessage(channels=channels, apology=True))
    assert caught.value.refusal.code == "no_message_now"
    found = absences.look(work, ME, MAIN, absence.absence_id, channels)
    assert {one.told.moved for one in found.left} == {None}


def test_a_message_that_waits_for_the_morning_tells_nobody_now(work, clock):
    clock.set(at(22))
    visit = schedule(work, "WO-1", 62, 64)
    with work.read() as db:
        assert way_of_move(db, SMS, visit, Window(at(66), at(68)), clock()) is None
        assert way_of_move(db, SMS, visit, Window(at(23), at(24)), clock()) is not None


def test_another_window_wants_to_be_told_and_another_technician_does_not(work):
    absence, left, decisions = full_day(work)
    with pytest.raises(CannotCover) as caught:
        absences.cover(work, ME, MAIN, absence.absence_id, decisions, None)
    assert caught.value.refusal.code == "told_missing"
    given = [
        Decision(visit=one.visit.visit_id, rev=one.visit.rev, technician=one.proposed) for one in left if one.proposed
    ]  # fmt: skip
    assert len(absences.cover(work, ME, MAIN, absence.absence_id, given, None)) == 2


def test_when_one_visit_cannot_be_given_away_none_is(work):
    first, second = (schedule(work, f"WO-{n}", hour, hour + 1) for n, hour in ((1, 14), (2, 17)))
    absence = away(work)
    decisions = [Decision(visit=one.visit_id, rev=one.rev, technician="T002") for one in (first, second)]
    schedule(work, "WO-3", 17, 18, technician="T002")
    with pytest.raises(CannotCover) as caught:
        absences.cover(work, ME, MAIN, absence.absence_id, decisions, TOLD)
    assert (caught.value.visit, caught.value.refusal.code) == (second.visit_id, "technician_busy")
    assert planning.get_visit(work, ME, MAIN, first.visit_id).visit.technician == "T001"


def test_only_what_lies_ahead_is_left_open(work, clock):
    schedule(work, "WO-1", 11, 12)
    absence = away(work, 10, 24)
    clock.set(at(14.1))
    assert absences.look(work, D001.actor, MAIN, absence.absence_id).left == []


def test_what_should_have_begun_and_nobody_came_to_is_given_away_from_now_on(work, clock):
    visit = schedule(work, "WO-1", 10, 14, minutes=60)
    clock.set(at(12.7))
    absence = away(work, 12.5, 24)
    [left] = absences.look(work, ME, MAIN, absence.absence_id).left
    assert (left.start, left.proposed) == (at(13), "T002")
    decision = Decision(visit=visit.visit_id, rev=visit.rev, technician=left.proposed, start=left.start)
    [given] = absences.cover(work, ME, MAIN, absence.absence_id, [decision], None)
    assert (given.technician, given.planned) == ("T002", Window(at(13), at(14)))


def test_what_was_planned_before_its_window_is_not_proposed_before_it(work, clock):
    visit = schedule(work, "WO-1", 14, 15, minutes=60)
    early = Slot(technician="T001", start=at(12.5), minutes=60, override="on the way there")
    scheduling.assign_visit(work, ME, MAIN, visit.visit_id, visit.rev, early)
    clock.set(at(12.7))
    absence = away(work, 12.5, 24)
    [left] = absences.look(work, ME, MAIN, absence.absence_id).left
    assert (left.start, left.proposed) == (at(14), "T002")


def test_whose_window_is_over_gets_another_one_until_the_norm_calls_it_missed(work, clock):
    schedule(work, "WO-1", 10, 11, minutes=60)
    absence = away(work, 10, 24)
    clock.set(at(12.7))
    [left] = absences.look(work, ME, MAIN, absence.absence_id).left
    assert (left.able, left.proposed) == ([], None)
    assert left.instead.window == Window(at(13), at(14))


def test_an_absence_that_begins_after_what_is_overdue_leaves_it_alone(work, clock):
    schedule(work, "WO-1", 10, 14, minutes=60)
    absence = away(work, 14, 24)
    clock.set(at(12))
    assert absences.look(work, ME, MAIN, absence.absence_id).left == []
    clock.set(at(13.25))
    assert len(absences.look(work, ME, MAIN, absence.absence_id).left) == 1
