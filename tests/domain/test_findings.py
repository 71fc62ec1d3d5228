"""What a complete finding says, when its technician is heard first, and when it can be decided."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fieldapp.domain.errors import Conflict, DomainError, Forbidden, Invalid
from fieldapp.domain.findings import (
    NOTE_LIMIT,
    Draft,
    Standing,
    check_answer,
    complete,
    counts_at_once,
    heard_until,
    hears_first,
    settle,
)
from fieldapp.domain.visits.events import FindingRecorded

TODAY = date(2026, 10, 14)
NOON = datetime(2026, 10, 14, 4, 0, tzinfo=UTC)
ITEMS, ARTICLES = {"uniform", "grooming"}, {"gifts"}


def finding(recorder: str = "Q", technician: str = "T", day: date = TODAY, **said: Any) -> FindingRecorded:
    draft = Draft(**{"source": "spot_check", "item": "uniform", "favourable": False, "note": "no cap", **said})
    return complete(
        draft, recorder=recorder, technician=technician, occurred_on=day, today=TODAY, items=ITEMS, disciplines=ARTICLES
    )


def code_of(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value.code


@pytest.mark.parametrize(
    ("said", "about"),
    [
        ({"item": "grooming", "favourable": True, "note": ""}, "grooming"),
        ({"item": "", "discipline": "gifts", "favourable": None}, "gifts"),
        ({"item": "", "commendation": True, "favourable": None, "source": "praise", "note": ""}, True),
    ],
)
def test_a_finding_is_about_an_item_an_article_or_a_commendation(said: dict[str, Any], about: object):
    found = finding(**said)
    assert (found.item or found.discipline or found.commendation) == about


def test_which_side_it_takes_follows_from_what_is_always_one_or_the_other():
    assert finding(item="", discipline="gifts", favourable=None).favourable is False
    assert finding(item="", commendation=True, favourable=None).favourable is True


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({"item": ""}, "finding_kind", "about"),
        ({"discipline": "gifts"}, "finding_kind", "about"),
        ({"commendation": True}, "finding_kind", "about"),
        ({"item": "gifts"}, "finding_item", "about"),
        ({"item": "", "discipline": "uniform"}, "finding_discipline", "about"),
        ({"source": "hearsay"}, "finding_source", "source"),
        ({"favourable": None}, "finding_side", "favourable"),
        ({"item": "", "discipline": "gifts", "favourable": True}, "finding_side_odd", "favourable"),
        ({"item": "", "commendation": True, "favourable": False}, "finding_side_odd", "favourable"),
        ({"source": "praise"}, "finding_praise", "favourable"),
        ({"day": TODAY + timedelta(days=1)}, "finding_future", "occurred_on"),
        ({"day": date(1926, 10, 14)}, "finding_day", "occurred_on"),
        ({"note": " \r\n "}, "finding_note", "note"),
        ({"note": "x" * (NOTE_LIMIT + 1)}, "text_too_long", "note"),
    ],
)
def test_what_is_incomplete_or_contradicts_itself_is_refused_at_its_field(said: Any, code: str, field: str):
    with pytest.raises(Invalid) as refused:
        finding(**said)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_nobody_records_a_finding_about_themselves():
    with pytest.raises(Forbidden, match="finding_own"):
        finding(recorder="T")


def test_only_inspections_of_items_count_at_once():
    assert counts_at_once(finding())
    assert counts_at_once(finding(source="call_back"))
    assert not counts_at_once(finding(source="complaint"))
    assert not counts_at_once(finding(item="", discipline="gifts", favourable=None))
    assert not counts_at_once(finding(item="", commendation=True, favourable=None))


def test_before_a_breach_of_discipline_the_technician_is_heard():
    assert hears_first(finding(item="", discipline="gifts", favourable=None))
    assert not hears_first(finding())


def test_the_days_to_answer_are_whole_days_of_the_branch():
    late_evening = datetime(2026, 10, 14, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
    last, until = heard_until(late_evening, 7, ZoneInfo("Asia/Shanghai"))
    assert last == date(2026, 10, 21)
    assert until == datetime(2026, 10, 21, 16, 0, tzinfo=UTC)


def standing(state: Any = "waiting", decisions: int = 0, *, first: bool = True, answered: bool = False) -> Standing:
    return Standing(state, decisions, first, date(2026, 10, 21), NOON + timedelta(days=7), answered)


def decide(at: datetime = NOON, outcome: str = "upheld", reason: str = "because", seen: int = 0, **stands: Any) -> str:
    return settle(standing(**stands), outcome, reason, seen=seen, now=at)


def test_nobody_decides_before_the_technician_was_heard():
    with pytest.raises(Conflict) as refused:
        decide()
    assert (refused.value.code, refused.value.facts) == ("finding_unheard", {"until": "2026-10-21"})
    assert code_of(lambda: decide(outcome="dismissed")) == "finding_unheard"
    assert decide(answered=True) == "because"
    assert decide(at=NOON + timedelta(days=7)) == "because"
    assert decide(first=False) == "because"


def test_once_decided_it_can_be_reversed_without_hearing_again():
    assert decide(state="upheld", decisions=1, seen=1, outcome="dismissed") == "because"
    assert code_of(lambda: decide(state="upheld", decisions=1, seen=1)) == "finding_same"


def test_who_saw_an_older_state_is_told():
    assert code_of(lambda: decide(state="upheld", decisions=1, outcome="dismissed")) == "finding_decided"


def test_an_appeal_ends_it_for_good():
    assert code_of(lambda: decide(state="overturned", decisions=1, seen=1)) == "finding_overturned"


def test_a_decision_wants_an_outcome_and_a_reason():
    assert code_of(lambda: decide(answered=True, outcome="perhaps")) == "finding_outcome"
    assert code_of(lambda: decide(answered=True, reason="  ")) == "reason_missing"
    assert code_of(lambda: decide(answered=True, reason="x" * (NOTE_LIMIT + 1))) == "text_too_long"


def test_the_technician_can_answer_while_it_waits_and_in_time():
    check_answer(standing(), NOON)
    check_answer(standing(first=False), NOON)
    assert code_of(lambda: check_answer(standing(), NOON + timedelta(days=7))) == "finding_late"
    assert code_of(lambda: check_answer(standing("upheld"), NOON)) == "finding_settled"
