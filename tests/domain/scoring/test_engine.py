"""The arithmetic of a month: rounding, floor, cap, veto, who is listed."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from fieldapp.domain.calendar import Month
from fieldapp.domain.scoring.engine import round_half_up
from fieldapp.domain.scoring.facts import turned_to
from tests.builders import as_events, line
from tests.domain.scoring.story import Story, at, decision, finding_alone, promise, sheets


@pytest.mark.parametrize(
    ("number", "places", "rounded"),
    [
        (Fraction(7400, 95), 1, "77.9"),
        (Fraction(7695, 100), 1, "77.0"),
        (Fraction(7705, 100), 1, "77.1"),
        (Fraction(1, 3), 2, "0.33"),
        (Fraction(5, 1000), 2, "0.01"),
        (Fraction(0), 1, "0.0"),
        (Fraction(100), 1, "100.0"),
    ],
)
def test_halves_are_rounded_upwards_and_decimals_are_kept(number: Fraction, places: int, rounded: str):
    assert str(round_half_up(number, places)) == rounded


def praised(times: int) -> list:
    praise = [finding_alone(source="praise", commendation=True, favourable=True) for _ in range(times)]
    return [*praise, *(decision(one) for one in praise)]


def test_a_faultless_month_is_paid_in_full_and_never_more():
    sheet = sheets(Story().done(), *praised(3))["T"]
    assert (sheet.score, sheet.award) == (Decimal("103.0"), Decimal("300.00"))


def test_commendations_are_capped_in_the_score_and_counted_in_full():
    sheet = sheets(Story().done(), *praised(7))["T"]
    assert (sheet.commendations, sheet.bonus, sheet.score) == (7, 5, Decimal("105.0"))


def test_exactly_the_floor_earns_and_a_tenth_below_does_not():
    # 84 points can be assessed of a faultless visit without answers, change or follow-up; 63 of 84 are 75.0.
    lost = [finding_alone(item=code) for code in ("punctual", "consent", "badge")]  # 15 + 5 + 3 = 23
    missing = sheets(Story().done(), *lost)["T"]
    assert missing.assessed == 100 - 4 - 3 - 3 - 5
    assert (missing.score, missing.award) == (Decimal("72.9"), Decimal("0.00"))
    floor = sheets(Story().done(), *lost, *praised(2))["T"]
    assert (floor.score, floor.award) == (Decimal("74.9"), Decimal("0.00"))
    above = sheets(Story().done(), *lost, *praised(3))["T"]
    assert (above.score, above.award) == (Decimal("75.9"), Decimal("227.70"))


def test_exactly_75_earns():
    # 85 assessed; losing 20 + 1.25 cannot be; a month with answers assesses 92: losing 23 leaves 69 of 92 = 75.0.
    story = Story().done().answers(courteous="yes", explained="yes")
    lost = [finding_alone(item=code) for code in ("punctual", "consent", "badge")]
    sheet = sheets(story, *lost)["T"]
    assert (sheet.assessed, sheet.earned, sheet.score, sheet.award) == (92, 69, Decimal("75.0"), Decimal("225.00"))


def test_nothing_in_between_an_item_is_achieved_or_not():
    stories = [Story(f"V{n}", day=n).done("10:30" if n == 1 else "09:05") for n in range(1, 20)]
    punctual = next(item for item in sheets(*stories)["T"].items if item.code == "punctual")
    assert (punctual.met, punctual.breached, punctual.earned, punctual.lost) == (18, 1, 0, 15)


def test_without_enough_visits_the_month_is_not_assessed_and_pays_nothing():
    finding = finding_alone(item="decorum", favourable=True)
    sheet = sheets(finding)["T"]
    assert (sheet.status, sheet.judged_visits, sheet.assessed, sheet.earned) == ("not_assessed", 0, 18, 18)
    assert (sheet.score, sheet.award) == (Decimal("100.0"), Decimal("0.00"))


def test_who_is_listed():
    by_company = Story("A", "COMPANY").cancelled("07:00", cause="plan")
    by_customer = Story("B", "CUSTOMER").cancelled("07:00", asked_by="customer")
    pending = Story("C", "PENDING").begun()
    nobody = Story("D", None)
    missed = Story("E", "MISSED")
    waiting = finding_alone("WAITING", discipline="abuse")
    listed = sheets(by_company, by_customer, pending, nobody, missed, waiting)
    assert sorted(listed) == ["COMPANY", "MISSED"]
    assert (listed["COMPANY"].status, listed["MISSED"].status) == ("not_assessed", "assessed")


def test_missed_comes_by_the_clock():
    story = Story()
    assert sheets(story, now=at("12:00")) == {}
    assert sheets(story, now=at("12:00") + timedelta(microseconds=1))["T"].judged_visits == 1


def test_a_month_counts_its_own_visits_only():
    november = promise(at("09:00", 31) + timedelta(days=1), at("10:00", 31) + timedelta(days=1))
    stories = [Story("A", day=31).done(), Story("B", **november)]
    sheet = sheets(*stories)["T"]
    assert (sheet.judged_visits, sheet.pending_visits) == (1, 0)
    assert sheets(*stories, month=Month("2026-11"))["T"].judged_visits == 1


def test_a_veto_names_each_code_once_in_order():
    findings = [finding_alone(discipline=code) for code in ("gifts", "abuse", "gifts")]
    sheet = sheets(Story().done(), *findings, *(decision(one) for one in findings))["T"]
    assert (sheet.veto, sheet.score, sheet.award) == (("abuse", "gifts"), Decimal("100.0"), Decimal("0.00"))


def test_of_two_arrivals_at_one_moment_the_one_that_judges_is_the_one_that_turns_the_visit():
    nine = at("09:00")
    came = as_events([line("visit.arrived", "WO-1", nine, who, gps={"status": "denied"}) for who in ("T001", "T002")])
    lesser, greater = sorted(came, key=lambda one: one.id)
    later = nine + timedelta(days=60)
    assert turned_to(greater.actor, [(nine, lesser), (later, greater)]) == later
    assert turned_to(lesser.actor, [(nine, lesser), (later, greater)]) == nine
