"""Every rate item of one visit: when it is met, breached, or not spoken about."""

from datetime import timedelta

import pytest

from fieldapp.domain.scoring.rules import RULES
from tests.domain.scoring.story import BOOKS, Story, at, promise

RATES = [item.code for item in BOOKS.versions[0].items if item.kind == "rate"]


def test_every_rate_item_has_a_rule_and_every_rule_an_item():
    assert set(RATES) == set(RULES)


def test_a_faultless_visit_breaches_nothing():
    verdicts = {verdict.code: verdict.met for verdict in Story().done().judged().verdicts}
    assert set(verdicts.values()) == {True}
    assert set(RATES) - set(verdicts) == {"courtesy", "explained", "follow_up", "change_notice"}


@pytest.mark.parametrize("code", ["uniform", "badge", "kit"])
def test_the_kit_check_speaks_for_itself(code: str):
    assert Story().arrived().kit().completed().met(code) is True
    assert Story().arrived().kit(**{code: False}).completed().met(code) is False
    assert Story().arrived().completed().met(code) is None
    assert Story().kit().completed().met(code) is None, "arrived items have no verdict without an arrival"


@pytest.mark.parametrize(
    ("code", "question"),
    [
        ("badge", "badge"),
        ("introduction", "introduced"),
        ("courtesy", "courteous"),
        ("explained", "explained"),
        ("shoe_covers", "shoe_covers"),
        ("cleanup", "cleanup"),
    ],
)
def test_the_customers_answer_wins_over_the_own_check(code: str, question: str):
    own = Story().done().met(code)
    assert Story().done().answers(**{question: "no"}).met(code) is False
    assert Story().done().answers(**{question: "yes"}).met(code) is True
    assert Story().done().answers(**{question: "none"}).met(code) is own, "none falls through"
    assert Story().done().answers(**{question: "no"}).verdict(code).source == "answer"


def test_of_repeated_answers_the_latest_counts():
    late, early = {"when": "11:00", "courteous": "none"}, {"when": "10:30", "courteous": "no"}
    assert Story().done().answers(**late).answers(**early).met("courtesy") is None


def test_the_customers_badge_answer_needs_an_arrival():
    assert Story().completed().answers(badge="no").met("badge") is None


def test_own_checks_speak_where_no_answer_does():
    story = Story().kit().arrived().door(introduced=False, shoe_covers=False).consent().site(cleanup=False).completed()
    assert [story.met(code) for code in ("introduction", "shoe_covers", "cleanup")] == [False, False, False]
    assert story.verdict("introduction").source == "self_check"


def test_supplied_tools_breach_the_kit_and_no_says_nothing():
    assert Story().done().answers(supplied_tools="yes").met("kit") is False
    assert Story().done().answers(supplied_tools="no").met("kit") is True
    assert Story().kit(kit=False).arrived().completed().answers(supplied_tools="no").met("kit") is False
    assert Story().arrived().completed().answers(supplied_tools="no").met("kit") is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({}, "return_agreed"),
        ({"agreed": False}, "return_not_agreed"),
        ({"reason": None}, "no_reason"),
        ({"reason": " "}, "no_reason"),
        ({"return_": None}, "no_return"),
        ({"return_": {"start": at("13:00"), "end": None}}, "no_return"),
        ({"return_": {"start": None, "end": at("13:00")}}, "no_return"),
    ],
)
def test_follow_up_wants_a_reason_and_an_agreed_return(data: dict, why: str):
    verdict = Story().begun().not_completed(**data).verdict("follow_up")
    assert (verdict.why, verdict.met) == (why, why == "return_agreed")


def test_follow_up_is_about_visits_that_were_not_completed():
    assert Story().done().met("follow_up") is None
    assert Story().done().not_completed().met("follow_up") is None, "completed comes first"


@pytest.mark.parametrize(("told", "met"), [("08:00", True), ("08:00:01", False)])
def test_a_window_is_booked_when_told_an_hour_before(told: str, met: bool):
    assert Story(**promise(at("09:00"), at("10:00"), at(told))).done().met("booked") is met


@pytest.mark.parametrize(("call", "met"), [("08:50", True), ("08:50:01", False)])
def test_a_call_a_quarter_of_an_hour_before_the_door_books_as_well(call: str, met: bool):
    story = Story(**promise(at("09:00"), at("10:00"), agreed=False))
    assert story.called(call).called("09:01", "no_answer").done("09:05").met("booked") is met


def test_a_call_without_an_answer_books_nothing():
    story = Story(**promise(at("09:00"), at("10:00"), agreed=False)).called("08:00", "no_answer").done()
    assert story.verdict("booked").why == "window_not_agreed"


def test_booked_is_about_the_promise_in_force():
    story = Story(**promise(at("09:00"), at("10:00"), agreed=False))
    assert story.moved("07:00", "09:00", "11:00").done().met("booked") is True


@pytest.mark.parametrize(
    ("told", "data", "why"),
    [
        ("08:00", {}, "told_in_time"),
        ("08:00:01", {}, "told_late"),
        ("08:00", {"apology": False}, "no_apology"),
        ("08:00", {"cause": "earlier_visit"}, "told_in_time"),
        ("08:30", {"cause": "plan"}, None),
        ("08:30", {"asked_by": "customer"}, None),
        ("09:30", {}, None),  # after the arrival
        ("09:05", {}, "told_late"),  # at the very moment of it
    ],
)
def test_a_change_for_an_own_cause_wants_notice_and_an_apology(told: str, data: dict, why: str | None):
    verdict = Story().moved(told, "11:00", "12:00", **data).done("09:05").verdict("change_notice")
    assert (verdict and verdict.why) == why


def test_one_unfair_change_of_several_breaches_change_notice():
    story = Story().moved("07:00", "11:00", "12:00").moved("10:30", "13:00", "14:00").done("11:30")
    verdict = story.verdict("change_notice")
    assert (verdict.met, verdict.minutes) == (False, 30)
    assert len(verdict.evidence) == 2


def test_notice_is_counted_from_the_promise_in_force_at_that_moment():
    # The second change is late for the first promise (09:00) but in time for the one the customer moved to (15:00).
    story = Story().moved("08:30", "15:00", "16:00", asked_by="customer").moved("08:45", "17:00", "18:00").done("17:10")
    assert (story.met("change_notice"), story.met("punctual")) == (True, True)


@pytest.mark.parametrize("inside", ["before", "after", "damage"])
def test_consent_comes_before_the_first_photo_inside(inside: str):
    assert Story().arrived().photo(inside, "09:06").consent("09:07").completed().met("consent") is False
    assert Story().arrived().photo(inside, "09:07").consent("09:07").completed().met("consent") is True


def test_a_photo_of_the_door_needs_no_consent():
    assert Story().arrived().photo("door", "09:06").consent("09:07").completed().met("consent") is True


def test_no_consent_breaches_a_completed_visit_and_leaves_the_others_unadmitted():
    assert Story().arrived().site().completed().verdict("consent").why == "no_consent"
    assert Story().arrived().site().not_completed().met("consent") is None
    assert Story().arrived().site().not_completed().met("cleanup") is None


def test_the_first_of_repeated_consents_counts():
    assert Story().arrived().consent("09:30").consent("09:07").site("09:08").completed().met("consent") is True


def test_a_signature_by_the_own_link_days_later_is_a_signature():
    story = Story().done(signed=False).signed(at("12:00", day=9))
    assert (story.met("sign_off"), story.met("departure")) == (True, True)
    assert Story().done(signed=False).met("sign_off") is False


@pytest.mark.parametrize(("left", "met"), [("10:05", True), ("10:05:01", False), ("09:40", True)])
def test_who_lingers_after_the_signature_departs_late(left: str, met: bool):
    assert Story().begun().site().signed("09:50").completed().left(left).met("departure") is met


def test_departure_needs_signature_completion_and_leaving():
    assert Story().begun().signed().completed().met("departure") is None
    assert Story().begun().completed().left().met("departure") is None
    assert Story().begun().signed().not_completed().left().met("departure") is None


def test_no_access_asks_nothing_that_needs_admission():
    story = Story().begun().site().no_access()
    judged = {verdict.code for verdict in story.judged().verdicts}
    assert story.judged().outcome == "no_access"
    assert judged == {"uniform", "badge", "introduction", "booked", "punctual", "kit"}


def test_a_verdict_shows_its_facts_and_evidence():
    story = Story().done("10:04")
    verdict = story.verdict("punctual")
    arrival = next(one for one in story.events if one.type == "visit.arrived")
    assert (verdict.why, verdict.minutes, verdict.source) == ("arrived_late", 4, "system")
    assert verdict.times == {"arrived": at("10:04"), "promised_end": at("10:00")}
    assert verdict.evidence[0] == arrival.id
    assert Story().done("10:00:01").verdict("punctual").minutes == 1
    assert timedelta(minutes=verdict.minutes) == verdict.times["arrived"] - verdict.times["promised_end"]
