"""Circumstances of a visit: where, when, what, planned by whom, and how the arrival lay beside the window."""

import pytest

from fieldapp.domain.scoring.circumstances import Circumstances, circumstances, shift_of
from fieldapp.domain.scoring.judging import judge_visit
from tests.domain.scoring.story import BOOKS, ZONE, Story, at, promise


def around(story: Story) -> Circumstances:
    judged = judge_visit(story.events, BOOKS, ZONE)
    assert judged
    backwards = circumstances(judged, [*reversed(story.events), *story.events], BOOKS.in_force(judged.month), ZONE)
    found = circumstances(judged, story.events, BOOKS.in_force(judged.month), ZONE)
    assert found == backwards  # order and duplicates make no difference
    return found


@pytest.mark.parametrize(
    ("arrived", "minutes"),
    [("08:40", -20), ("08:59:30", 0), ("09:00", 0), ("10:00", 0), ("10:00:01", 1), ("10:12", 12)],
)
def test_minutes_are_those_outside_the_window(arrived, minutes):
    assert around(Story().done(arrived)).minutes == minutes


def test_without_an_arrival_there_are_none_and_no_evidence():
    found = around(Story())
    assert (found.minutes, found.grade, found.outcome) == (None, None, "missed")


@pytest.mark.parametrize(("clock", "shift"), [("11:59", "morning"), ("12:00", "afternoon"), ("18:00", "evening")])
def test_shifts_go_by_the_branchs_clock(clock, shift):
    assert shift_of(at(clock), ZONE) == shift


def test_breaches_and_missing_signatures_are_named():
    found = around(Story().done("10:05", signed=False))
    assert (found.breached, found.unsigned) == (("punctual", "sign_off"), True)
    assert not around(Story().done("09:05")).unsigned


def test_the_planner_is_who_told_the_window_that_counts():
    story, window = Story(), promise(at("11:00"), at("12:00"), at("06:00"))
    told = {"asked_by": "company", "apology": True, "cause": "plan"}
    story.add("promise.changed", "06:00", "D7", promise=window, **told)
    assert around(story).planner == "D7"
    too_late = promise(at("15:00"), at("16:00"), at("10:50"))
    story.add("promise.changed", "10:50", "D8", promise=too_late, **told)
    assert around(story).planner == "D7"


def test_the_district_is_that_of_the_customer_as_last_said():
    story = Story()
    assert around(story).district == ""
    story.office("visit.amended", "07:00", customer={"name": "C", "phone": "1", "address": "A", "district": "Harbour"})
    assert around(story).district == "Harbour"


def test_the_cause_is_what_the_companys_last_change_named():
    assert around(Story().done("09:05")).cause is None
    assert around(Story().moved("06:00", "11:00", "12:00", cause="system").done("11:05")).cause == "system"


def test_what_looks_odd_is_named_once_by_its_kind():
    assert around(Story().done("09:05")).signals == ()
    story = Story().done("09:05")
    signer = {"name": "C", "relation": "customer"}
    for when in ("08:00", "08:01"):
        story.add("signature.captured", when, "customer", doc_hash="0" * 64, typed="C", signer=signer, shown_ms=900)
    assert around(story).signals == ("signed_before_arrival", "signed_fast")


LATE = {"asked_by": "company", "apology": True, "cause": "plan"}
OTHER = "0192f0c1-0000-7000-8000-000000000001"
TOLD_BY_OFFICE = promise(at("10:30"), at("11:30"), at("08:56"))
EARLIER = promise(at("09:30"), at("10:00"), at("06:00"))


def excused(who: str, cause: str = "plan") -> Story:
    """Told five minutes before the window that it will be one later, and come in that."""
    window = promise(at("10:30"), at("11:30"), at("08:55"))
    return Story().add("promise.changed", "08:55", who, promise=window, **{**LATE, "cause": cause})


@pytest.mark.parametrize(
    ("story", "odd"),
    [
        (excused("T"), True),
        (excused("D7"), False),
        (excused("T", cause="technician"), False),
        (excused("T").office("visit.reinstated", "20:00", reason="it was so"), False),
        (excused("T").office("visit.reinstated", "20:00", reason="not that", left_out=[OTHER]), True),
        (excused("T").add("promise.changed", "08:56", "D7", promise=TOLD_BY_OFFICE, **LATE), False),
        # What they told in good time moved the promise; what excuses them is the dispatcher's.
        (excused("D7").add("promise.changed", "06:00", "T", promise=EARLIER, **LATE), False),
    ],
    ids=["own word", "dispatcher's", "own cause", "let count", "others left out", "dispatcher's too", "another"],
)  # fmt: skip
def test_whose_lateness_counts_nothing_by_their_own_word_looks_odd(story, odd):
    assert ("excused_oneself" in around(story.done("11:05")).signals) == odd
