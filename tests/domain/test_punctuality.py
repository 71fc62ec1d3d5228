"""Promises, cancellations and arrivals: which window a visit is held to, and what became of it."""

from datetime import timedelta

import pytest

from fieldapp.domain.visits.events import Event
from tests.domain.scoring.story import Story, at, promise


def held_to(story: Story) -> str:
    return story.judged().promised_start.astimezone(at("00:00").tzinfo).strftime("%d %H:%M")


@pytest.mark.parametrize(("told", "held"), [("08:00", "05 14:00"), ("08:00:01", "05 09:00")])
def test_the_company_moves_a_promise_only_with_notice(told: str, held: str):
    assert held_to(Story().moved(told, "14:00", "15:00")) == held


@pytest.mark.parametrize(("told", "held"), [("10:00", "05 14:00"), ("10:00:01", "05 09:00")])
def test_the_customer_moves_a_promise_until_its_end(told: str, held: str):
    assert held_to(Story().moved(told, "14:00", "15:00", asked_by="customer")) == held


@pytest.mark.parametrize(("told", "held"), [("09:05", "05 14:00"), ("09:05:01", "05 09:00")])
def test_a_change_told_after_the_arrival_moves_nothing(told: str, held: str):
    assert held_to(Story().moved(told, "14:00", "15:00", asked_by="customer").arrived("09:05")) == held


def test_changes_are_taken_in_the_order_of_telling_not_of_entering():
    story = Story().moved("07:00", "15:00", "16:00").moved("06:00", "12:00", "13:00")
    assert held_to(story) == "05 15:00"


def test_of_changes_told_at_once_the_later_entered_then_the_greater_id_is_last():
    window = {"asked_by": "customer", "apology": True, "cause": "customer"}
    for entered in ("06:10", "06:00"):
        story = Story().office(
            "promise.changed", "06:10", promise=promise(at("12:00"), at("13:00"), at("06:00")), **window
        )
        story.office("promise.changed", entered, promise=promise(at("15:00"), at("16:00"), at("06:00")), **window)
        assert held_to(story) == ("05 15:00" if entered == "06:10" else "05 12:00")


@pytest.mark.parametrize(("arrived", "met"), [("08:30", True), ("10:00", True), ("10:00:01", False)])
def test_punctual_is_until_the_last_moment_of_the_window_and_early_is_no_breach(arrived: str, met: bool):
    assert Story().done(arrived).met("punctual") is met


def test_the_earliest_arrival_counts():
    assert Story().arrived("10:30").done("09:59").met("punctual") is True


def test_completed_without_any_arrival_is_not_punctual():
    assert Story().completed().verdict("punctual").why == "no_arrival"
    assert Story().not_completed().met("punctual") is False


def test_a_promise_that_the_company_broke_is_not_the_technicians():
    told_late = Story().moved("08:30", "11:00", "12:00", cause="plan").done("11:30")
    assert told_late.met("punctual") is None
    assert told_late.judged().unjudged == {"punctual": "company_told_late"}


@pytest.mark.parametrize(
    ("cause", "asked_by", "arrived", "met"),
    [
        ("technician", "company", "11:30", False),  # an own cause excuses nobody
        ("plan", "company", "12:00:01", False),  # the told window was not kept either
        ("plan", "company", "09:30", True),  # the old promise was kept after all
        ("plan", "customer", "10:30", True),  # the customer's own change moved the promise
    ],
)
def test_a_late_change_excuses_only_what_it_should(cause: str, asked_by: str, arrived: str, met: bool):
    assert Story().moved("08:30", "11:00", "12:00", cause=cause, asked_by=asked_by).done(arrived).met("punctual") is met


def graded(story: Story, grade: str) -> Story:
    def regrade(event: Event) -> Event:
        fields = {name: getattr(event, name) for name in event.__struct_fields__}
        return Event(**fields | {"grade": grade})

    story.events = [regrade(one) if one.type == "visit.arrived" else one for one in story.events]
    return story


def test_an_arrival_in_doubt_is_judged_by_a_finding_only():
    assert graded(Story().done("10:30"), "B").met("punctual") is False
    doubtful = graded(Story().done("10:30"), "C")
    assert (doubtful.met("punctual"), doubtful.judged().unjudged) == (None, {"punctual": "time_in_doubt"})
    doubtful.finding(item="punctual", source="spot_check")
    assert (doubtful.met("punctual"), doubtful.judged().unjudged) == (False, {})


def test_nobody_came():
    judgement = Story().kit().called("08:00").judged()
    assert judgement.counts_from == at("12:00")
    assert judgement.outcome_at(at("12:00")) == "pending"
    assert judgement.counted(at("12:00")) == ()
    assert judgement.outcome_at(at("12:00") + timedelta(seconds=1)) == "missed"
    assert {verdict.code: verdict.met for verdict in judgement.verdicts} == {"booked": True, "punctual": False}


def test_a_visit_with_an_arrival_is_pending_until_it_has_an_outcome():
    judgement = Story().begun().site().judged()
    assert (judgement.outcome, judgement.verdicts, judgement.counts_from) == ("pending", (), None)


def test_no_access_without_an_arrival_is_missed():
    assert Story().no_access().judged().outcome == "missed"


@pytest.mark.parametrize(
    ("told", "arrived", "outcome"),
    [
        ("12:00", None, "cancelled"),
        ("12:00:01", None, "missed"),
        ("09:05", "09:05", "cancelled"),
        ("09:05:01", "09:05", "pending"),
    ],
)
def test_a_cancellation_comes_before_the_arrival_and_before_the_visit_is_missed(told, arrived, outcome):
    story = Story().cancelled(told)
    if arrived:
        story.arrived(arrived)
    assert story.judged().outcome == outcome


def test_who_cancelled_decides_what_is_judged():
    assert Story().cancelled("08:30", asked_by="customer").judged().verdicts == ()
    by_company = Story().cancelled("08:30").judged()
    assert [(verdict.code, verdict.met) for verdict in by_company.verdicts] == [("change_notice", False)]
    assert Story().cancelled("08:30", cause="system").judged().verdicts == ()


def test_reinstated_is_as_if_never_cancelled():
    story = Story().cancelled("07:00", apology=False).office("visit.reinstated", "08:00", reason="x").done()
    assert (story.judged().outcome, story.met("change_notice")) == ("completed", None)


def test_the_latest_of_cancelled_reinstated_and_voided_decides():
    story = Story().done().office("visit.voided", "11:00", reason="x")
    assert story.judged().outcome == "void"
    story.office("visit.reinstated", "12:00", reason="x")
    assert story.judged().outcome == "completed"
    assert Story().office("visit.voided", "07:00", reason="x").cancelled("08:00").judged().outcome == "cancelled"


def test_a_cancellation_that_came_too_late_is_none():
    story = Story().office("visit.voided", "07:00", reason="x").cancelled("13:00")
    assert story.judged().outcome == "void", "the cancellation after it decides nothing"


def test_cancelled_on_paper_but_done_is_done_unless_disputed():
    story = Story().cancelled("07:00").done()
    assert (story.judged().outcome, story.met("change_notice")) == ("completed", True)
    disputed = story.judged(disputed=True)
    assert (disputed.outcome, disputed.verdicts) == ("pending", ())


def test_the_technician_is_who_arrived_first():
    assert Story().done().arrived("09:00", actor="T2").judged().technician == "T2"


def test_without_an_arrival_the_last_assigned_in_time_answers_for_it():
    story = (
        Story().office("visit.assigned", "11:59", technician="T2").office("visit.assigned", "12:01", technician="T3")
    )
    assert story.judged().technician == "T2"
    assert Story().office("visit.assigned", "08:00", technician=None).judged().technician is None
    assert Story(technician=None).judged().technician is None


def test_the_month_is_that_of_the_promise_in_force_in_the_branchs_zone():
    first = promise(at("23:30", day=31), at("23:59", day=31))
    assert Story(**first).judged().month == "2026-10"
    moved = Story(**first).moved(
        "08:00", at("00:30", day=31) + timedelta(days=1), at("01:00", day=31) + timedelta(days=1)
    )
    assert moved.judged().month == "2026-11"
