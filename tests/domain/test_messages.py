"""Which message follows from what, when it may be sent, and when it has become untrue."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Invalid
from fieldapp.domain.messages import (
    KINDS,
    Rules,
    check_template,
    due_at,
    fill,
    follows,
    is_email,
    masked_email,
    names_somebody,
    not_before,
    technician_at,
    untrue,
    window_before,
)
from fieldapp.domain.messages import (
    is_urgent as urgent,
)
from tests import builders, cast

ZONE = ZoneInfo("Asia/Shanghai")
RULES = Rules()


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of October 2026 by Shanghai's clock."""
    return datetime(2026, 10, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def window(day: int, hour: int) -> Window:
    return Window(local(day, hour), local(day, hour + 1))


VISIT = window(15, 9)


def moved(start: datetime, said: datetime, **other):
    change = {"asked_by": "company", "apology": True, "cause": "plan", "promise": builders.promise(start), **other}
    return builders.as_event(builders.line("promise.changed", "WO-1", said, "office", **change))


def test_what_follows_from_what():
    found = {one.type: follows(one, ZONE) for one in builders.as_events(builders.perfect_visit("WO-1", cast.NOW))}
    assert {kind: made for kind, made in found.items() if made} == {
        "visit.scheduled": ("confirmation", "reminder"), "visit.departed": ("on_way",), "visit.completed": ("receipt",),
    }  # fmt: skip


def test_a_change_by_the_company_on_the_day_itself_is_running_late_and_any_other_a_move():
    assert follows(moved(local(15, 11), local(15, 8)), ZONE, VISIT) == ("late", "reminder")
    assert follows(moved(local(15, 11), local(14, 23, 50)), ZONE, VISIT) == ("moved", "reminder")
    assert follows(moved(local(16, 9), local(15, 8)), ZONE, VISIT) == ("moved", "reminder")
    asked = moved(local(15, 11), local(15, 8), asked_by="customer", cause="customer")
    assert follows(asked, ZONE, VISIT)[0] == "moved"


def test_a_visit_that_counts_only_by_being_reinstated_has_its_receipt_then_and_is_announced_no_more():
    ruled = builders.as_event(builders.line("visit.reinstated", "WO-1", local(15, 12), "office", reason="was there"))
    assert follows(ruled, ZONE, state="completed") == ("receipt",)
    assert follows(ruled, ZONE, state="planned") == ("confirmation", "reminder")


@pytest.mark.parametrize("before", [window(15, 16), window(16, 9), None])
def test_who_comes_earlier_than_promised_is_not_late(before):
    assert follows(moved(local(15, 13), local(15, 8)), ZONE, before) == ("moved", "reminder")


def test_the_promise_before_a_change_is_the_one_that_stood_until_then():
    first = builders.as_event(builders.scheduled("WO-1", local(15, 9)))
    one, two = moved(local(15, 11), local(14, 12)), moved(local(16, 9), local(14, 13))
    history = [two, first, one]
    assert window_before(history, one) == Window(local(15, 9), local(15, 10))
    assert window_before(history, two).start == local(15, 11)
    assert window_before(history, first) is None


def test_what_has_time_waits_until_the_quiet_hours_are_over():
    assert due_at("confirmation", VISIT, local(13, 12), RULES, ZONE) == local(13, 12)
    assert due_at("confirmation", VISIT, local(13, 21), RULES, ZONE) == local(14, 8)
    assert due_at("receipt", VISIT, local(14, 3), RULES, ZONE) == local(14, 8)
    assert due_at("confirmation", VISIT, local(14, 8), RULES, ZONE) == local(14, 8)


def test_nobody_is_woken_about_noon_but_who_gets_ready_hears_at_once_that_we_are_late():
    noon, afternoon = Window(local(15, 12), local(15, 13)), Window(local(15, 14), local(15, 15))
    assert due_at("late", afternoon, local(15, 5), RULES, ZONE, [noon]) == local(15, 8)
    assert due_at("late", afternoon, local(15, 5), RULES, ZONE, [Window(local(15, 8, 30), local(15, 10))]) == local(
        15, 5
    )
    assert due_at("late", afternoon, local(15, 9), RULES, ZONE, [noon]) == local(15, 9)
    assert urgent("late", afternoon, local(15, 8), RULES, ZONE, [noon])


def test_who_waits_is_told_at_any_hour_and_so_is_what_would_come_too_late():
    assert due_at("on_way", VISIT, local(15, 6), RULES, ZONE) == local(15, 6)
    assert due_at("cancelled", window(15, 8), local(14, 23), RULES, ZONE) == local(14, 23)


def test_what_calls_a_window_off_that_is_near_or_running_waits_for_no_morning():
    night = Window(local(15, 23), local(16, 1))
    assert due_at("cancelled", night, local(15, 23, 30), RULES, ZONE) == local(15, 23, 30)
    assert due_at("moved", window(15, 15), local(14, 22), RULES, ZONE, [window(15, 7)]) == local(14, 22)
    assert due_at("moved", window(15, 15), local(14, 22), RULES, ZONE, [VISIT]) == local(15, 8)
    assert due_at("moved", window(16, 15), local(15, 22), RULES, ZONE, [VISIT]) == local(16, 8)


@pytest.mark.parametrize(
    ("kind", "now", "before", "is_urgent"),
    [
        ("cancelled", local(15, 8, 50), [], True), ("cancelled", local(15, 9, 30), [], True),
        ("cancelled", local(14, 12), [], False), ("moved", local(14, 12), [window(14, 12)], True),
        ("moved", local(14, 12), [window(14, 9)], False), ("moved", local(14, 22), [window(15, 8)], True),
        ("moved", local(14, 22), [], False), ("confirmation", local(15, 8, 50), [], False),
        ("on_way", local(13, 9), [], True),
    ],
)  # fmt: skip
def test_what_calls_off_a_window_of_the_day_is_urgent(kind, now, before, is_urgent):
    assert urgent(kind, VISIT, now, RULES, ZONE, before) is is_urgent


def test_who_comes_is_urgent_on_the_day_and_is_told_by_words_with_a_place_for_it():
    assert urgent("who_comes", VISIT, local(15, 7), RULES, ZONE)
    assert not urgent("who_comes", VISIT, local(14, 12), RULES, ZONE)
    assert names_somebody("{customer}, {technician} comes")
    assert not names_somebody("{customer}, our technician comes")


def test_whose_visit_it_was_then():
    first = builders.as_event(builders.scheduled("WO-1", local(15, 9), "T001"))
    given = builders.as_event(builders.line("visit.assigned", "WO-1", local(14, 12), "office", technician="T002"))
    assert technician_at([given, first], local(14, 12)) == "T001"
    assert technician_at([given, first], local(14, 12, 1)) == "T002"
    assert technician_at([given], local(14, 12)) is None


def test_quiet_hours_may_lie_within_a_day_or_be_none():
    siesta = Rules(quiet_from=time(12), quiet_to=time(14))
    assert due_at("moved", VISIT, local(13, 13), siesta, ZONE) == local(13, 14)
    assert due_at("moved", VISIT, local(13, 23), siesta, ZONE) == local(13, 23)
    never = Rules(quiet_from=time(0), quiet_to=time(0))
    assert due_at("moved", VISIT, local(13, 3), never, ZONE) == local(13, 3)


def test_quiet_hours_are_those_of_the_branch_s_clock_on_days_of_a_clock_change_too():
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2026, 10, 24, 23, tzinfo=berlin)
    later = Window(night + timedelta(days=5), night + timedelta(days=5, hours=1))
    due = due_at("moved", later, night.astimezone(UTC), RULES, berlin)
    assert due == datetime(2026, 10, 25, 8, tzinfo=berlin).astimezone(UTC)
    assert due - night.astimezone(UTC) == timedelta(hours=10)


def test_a_reminder_comes_in_the_afternoon_before_or_not_at_all():
    assert due_at("reminder", VISIT, local(10, 9), RULES, ZONE) == local(14, 17)
    assert due_at("reminder", VISIT, local(14, 18), RULES, ZONE) is None


@pytest.mark.parametrize(
    ("quiet", "due"),
    [
        ((16, 9), local(14, 15)), ((16, 18), local(14, 18)), ((17, 16), local(14, 16)), ((17, 0), local(14, 16)),
        ((0, 16), local(14, 17)), ((1, 0), local(14, 0)),
    ],
)  # fmt: skip
def test_quiet_hours_around_the_time_of_reminders_bring_them_forward_and_swallow_none(quiet, due):
    rules = Rules(quiet_from=time(quiet[0]), quiet_to=time(quiet[1]))
    assert due_at("reminder", VISIT, local(13, 9), rules, ZONE) == due
    assert not_before("reminder", VISIT, due, rules, ZONE) == due


def test_a_reminder_noted_before_the_quiet_hours_lay_around_its_time_is_sent_then():
    rules = Rules(quiet_from=time(16), quiet_to=time(9))
    assert not_before("reminder", VISIT, local(14, 17), rules, ZONE) == local(14, 17)
    assert not_before("reminder", VISIT, local(14, 18), rules, ZONE) == local(15, 9)
    assert not_before("reminder", VISIT, local(14, 22), RULES, ZONE) == local(15, 8)


@pytest.mark.parametrize(
    ("kind", "state", "at", "why"),
    [
        ("confirmation", "planned", local(14, 9), None), ("confirmation", "cancelled", local(14, 9), "overtaken"),
        ("confirmation", "planned", local(15, 10), "too_late"), ("reminder", "planned", local(14, 17), None),
        ("reminder", "planned", local(14, 23, 59), None), ("reminder", "planned", local(15, 0), "too_late"),
        ("on_way", "en_route", local(14, 9), None), ("on_way", "arrived", local(14, 9), "overtaken"),
        ("on_way", "en_route", local(14, 11, 1), "too_late"), ("late", "en_route", local(14, 9), None),
        ("cancelled", "cancelled", local(14, 9), None), ("cancelled", "planned", local(14, 9), "overtaken"),
        ("receipt", "completed", local(18, 9), None), ("receipt", "completed", local(21, 10), "too_late"),
        ("receipt", "not_completed", local(15, 9), "overtaken"), ("moved", "arrived", local(14, 9), "overtaken"),
    ],
)  # fmt: skip
def test_what_is_not_true_any_more_is_not_sent(kind, state, at, why):
    assert untrue(kind, VISIT, VISIT, state, local(14, 9), at, ZONE) == why


def test_what_speaks_of_another_window_than_the_one_in_force_is_not_sent():
    for kind in ("confirmation", "reminder", "moved", "late"):
        assert untrue(kind, VISIT, window(16, 9), "planned", local(14, 9), local(14, 9), ZONE) == "overtaken"


def test_switched_off_everywhere_nobody_waits_for_anything():
    assert Rules(off=frozenset(KINDS)).types == set()
    assert Rules(off=frozenset({"receipt", "reminder"})).types == RULES.types - {"visit.completed"}


def test_places_are_filled_in_and_what_is_filled_in_is_no_place():
    assert fill("Dear {customer},\n\n{apology}\n\n{link}\n", {"customer": "{link}", "link": "L"}) == "Dear {link},\n\nL"


@pytest.mark.parametrize(
    ("subject", "body", "code"),
    [
        ("", "x", "template_empty"), ("x", " \n", "template_empty"), ("x" * 121, "x", "template_long"),
        ("x", "x" * 1001, "template_long"), ("x", "Dear {name}", "template_place"), ("{}", "x", "template_place"),
        ("x", "{customer.__class__}", "template_place"),
    ],
)  # fmt: skip
def test_words_that_cannot_be_sent_are_refused(subject, body, code):
    with pytest.raises(Invalid, match=code):
        check_template(subject, body)


def test_addresses():
    assert all(map(is_email, ("a@b.cn", "first.last+x@mail.example.org")))
    assert not any(
        map(is_email, ("", "a", "a@b", "a b@c.org", "a@b.org\nBcc: x@y.org", "a@b@c.org", "<a@b.org>", "王@b.org"))
    )
    assert masked_email("fang.wang@example.org") == "f•••@example.org"
    assert masked_email("") == ""
