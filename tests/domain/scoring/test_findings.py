"""Findings, decisions, appeals and corrections: what people say over what the system and the technician say."""

import pytest

from fieldapp.domain.scoring.findings import read_findings
from tests.domain.scoring.story import Story, at, decision, event, finding_alone, heap, sheets


def item(stories, code: str, technician: str = "T"):
    return next(item for item in sheets(*stories)[technician].items if item.code == code)


@pytest.mark.parametrize("source", ["spot_check", "call_back"])
def test_inspections_of_items_are_upheld_when_recorded(source: str):
    story = Story().done()
    finding = story.finding(source=source, item="uniform")
    assert (story.met("uniform"), story.verdict("uniform").source) == (False, "finding")
    assert story.decided(finding, "dismissed").met("uniform") is True


@pytest.mark.parametrize("source", ["complaint", "praise"])
def test_what_customers_say_waits_for_a_second_person(source: str):
    story = Story().done()
    finding = story.finding(source=source, item="uniform")
    assert story.met("uniform") is True
    assert story.decided(finding, "upheld").met("uniform") is False


@pytest.mark.parametrize("source", ["spot_check", "call_back", "complaint"])
def test_every_discipline_finding_waits_for_a_second_person(source: str):
    finding = finding_alone(source=source, discipline="abuse")
    assert "T" not in sheets(finding)
    assert sheets(finding, decision(finding, actor="Q1")).get("T") is None, "who recorded it is no second person"
    assert sheets(finding, decision(finding))["T"].veto == ("abuse",)


def test_technicians_decide_nothing_about_themselves():
    praise = finding_alone(source="praise", commendation=True, favourable=True)
    assert "T" not in sheets(praise, decision(praise, actor="T"))
    assert sheets(praise, decision(praise))["T"].commendations == 1
    story = Story().done()
    finding = story.finding(item="uniform")
    assert story.decided(finding, "dismissed", actor="T").met("uniform") is False


def test_the_latest_decision_counts():
    story = Story().done()
    finding = story.finding(source="complaint", item="uniform")
    story.decided(finding, "dismissed", "19:30").decided(finding, "upheld", "19:00")
    assert story.met("uniform") is True


def test_overturned_on_appeal_ends_a_finding_for_good():
    story = Story().kit(uniform=False).arrived().completed()
    finding = story.finding(item="uniform", favourable=True)
    assert story.met("uniform") is True
    story.appeal("confirmed", finding=finding)
    assert story.met("uniform") is True
    story.appeal(finding=finding).decided(finding, "upheld", "23:00").appeal("confirmed", "23:30", finding=finding)
    assert story.met("uniform") is False, "the next source speaks"


def test_an_overturned_item_becomes_met_where_it_was_breached():
    story = Story().done("10:30").appeal(item="punctual").appeal(item="explained")
    assert (story.met("punctual"), story.verdict("punctual").source) == (True, "appeal")
    assert story.met("explained") is None
    assert Story().done("10:30").appeal("confirmed", item="punctual").met("punctual") is False


def test_the_latest_upheld_finding_by_recording_speaks():
    story = Story().done()
    story.finding("18:00", item="uniform", favourable=True)
    story.finding("17:00", item="uniform")
    assert story.met("uniform") is True


def test_a_finding_replaces_or_supplies_the_verdict_of_a_judged_visit():
    supplied = Story().done()
    supplied.finding(item="courtesy")
    assert supplied.met("courtesy") is False
    missed = Story()
    missed.finding(item="punctual", favourable=True)
    assert missed.met("punctual") is True


@pytest.mark.parametrize("ending", ["pending", "cancelled", "void"])
def test_on_other_visits_a_finding_on_a_rate_item_is_ignored(ending: str):
    story = Story().begun()
    if ending == "cancelled":
        story = Story().cancelled("08:30", cause="plan")
    if ending == "void":
        story.completed().office("visit.voided", "12:00", reason="x")
    story.finding(item="uniform")
    story.finding(item="change_notice")
    assert (story.judged().outcome, story.judged().verdicts) == (ending, ())


def test_a_rate_finding_counts_for_the_visits_technician():
    story = Story().done()
    story.finding(item="uniform", technician="T9")
    assert item([story], "uniform").breached == 1
    assert "T9" not in sheets(story)


def test_without_a_visit_it_is_one_more_verdict_of_the_month():
    good, bad = finding_alone(item="courtesy", favourable=True), finding_alone(item="courtesy")
    counted = item([Story().done(), good, bad], "courtesy")
    assert (counted.met, counted.breached, counted.findings) == (1, 1, tuple(sorted((good.id, bad.id))))


def test_an_exception_finding_counts_for_its_technician_even_while_the_visit_is_pending():
    story = Story().begun()
    story.finding(item="decorum", technician="T9")
    assert item([story], "decorum", "T9").adverse == 1
    assert "T" not in sheets(story)


def test_favourable_findings_on_exceptions_and_discipline_count_nothing():
    kind, fair = finding_alone(item="decorum", favourable=True), finding_alone(discipline="gifts", favourable=True)
    sheet = sheets(Story().done(), kind, fair, decision(fair))["T"]
    assert (sheet.veto, sheet.earned) == ((), sheet.assessed)


def test_a_finding_goes_with_the_month_of_its_visit():
    story = Story()
    story.finding(item="decorum", occurred_on="2026-09-30")
    assert item([story], "decorum").adverse == 1
    assert "T" not in sheets(finding_alone(item="decorum", occurred_on="2026-09-30"))


def test_an_upheld_forgery_breaches_the_sign_off_of_its_visit():
    story, other = Story("A").done(), Story("B").done()
    forged = story.finding(discipline="forgery", source="complaint")
    assert story.met("sign_off") is True
    story.decided(forged, "upheld")
    assert (story.met("sign_off"), other.met("sign_off")) == (False, True)
    assert sheets(story, other)["T"].veto == ("forgery",)


def test_compensated_damage_that_the_technician_reported_is_no_adverse_finding():
    story = Story().done()
    story.finding(item="property")
    assert item([story], "property").adverse == 1
    story.add("damage.reported", "09:20", description="vase", compensation="120.00")
    assert item([story], "property").adverse == 0


def test_what_technicians_record_about_themselves_is_no_finding():
    own = event("finding.recorded", at("18:00"), "T", None, source="spot_check", technician="T", item="uniform",
                favourable=True, occurred_on="2026-10-05")  # fmt: skip
    assert read_findings([own]) == ()


def test_decisions_and_appeals_wait_for_their_finding_and_need_no_visit():
    story = Story().done()
    finding = story.finding(item="uniform", source="complaint")
    events = [one for one in heap([story]) if one.id != finding]
    recorded = next(one for one in story.events if one.id == finding)
    upheld = decision(finding)
    assert item([*events, upheld], "uniform").breached == 0
    assert item([upheld, recorded, *events], "uniform").breached == 1
    overturned = event("appeal.decided", at("20:00"), "Q3", None, finding=finding, outcome="overturned")
    assert item([overturned, upheld, recorded, *events], "uniform").breached == 0


def test_events_and_findings_of_a_visit_that_was_never_scheduled_wait():
    story = Story().done()
    story.finding(item="decorum")
    assert sheets(*story.events[1:]) == {}
    assert item(story.events, "decorum").adverse == 1


def test_unknown_codes_count_nothing():
    strange = [finding_alone(item="haircut"), finding_alone(discipline="whistling")]
    sheet = sheets(Story().done(), *strange, decision(strange[1]))["T"]
    assert (sheet.veto, sheet.earned) == ((), sheet.assessed)


def corrected(target: str, data: dict, when="18:00", **fields) -> Story:
    story = Story().kit(uniform=False).arrived().door().consent().completed()
    about = next(one for one in story.events if one.type == target)
    moment = at(when) if isinstance(when, str) else when
    return story.add("event.corrects", moment, target=about.id, reason="slip", data=data, **fields)


def test_a_correction_replaces_the_named_fields_of_a_check_and_keeps_both():
    story = corrected("kit.checked", {"uniform": True})
    verdict = story.verdict("uniform")
    assert (verdict.met, len(verdict.evidence)) == (True, 2)
    assert story.met("badge") is True, "fields that it does not name stay"


@pytest.mark.parametrize(
    ("target", "data"),
    [
        ("kit.checked", {"uniform": "yes"}),
        ("kit.checked", {"uniform": True, "hat": True}),
        ("visit.arrived", {"gps": None}),
        ("consent.given", {"by": "nobody"}),
    ],
)
def test_a_correction_of_anything_else_or_with_nonsense_changes_nothing(target: str, data: dict):
    story = corrected(target, data)
    verdicts = [(verdict.code, verdict.met, len(verdict.evidence)) for verdict in story.judged().verdicts]
    story.events.pop()
    assert verdicts == [(verdict.code, verdict.met, len(verdict.evidence)) for verdict in story.judged().verdicts]
    assert story.met("uniform") is False


def test_a_correction_is_made_within_the_day():
    assert corrected("kit.checked", {"uniform": True}, at("23:59")).met("uniform") is True
    assert corrected("kit.checked", {"uniform": True}, at("00:01", day=6)).met("uniform") is False


def test_a_corrected_photo_slot_changes_what_was_inside():
    story = Story().arrived().photo("before", "09:06").consent("09:07").completed()
    assert story.met("consent") is False
    photo = next(one for one in story.events if one.type == "photo.added")
    assert story.add("event.corrects", "10:00", target=photo.id, reason="slip", data={"slot": "door"}).met("consent")
