"""Call-backs: who is drawn, when an entry is over, what differs and where that leads."""

import hashlib
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldapp.domain.call_backs import (
    ASKED,
    Attempt,
    attempt,
    check_share,
    compare,
    days_tried,
    draft,
    drawn,
    state_of,
)
from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.domain.visits.events import AnswersGiven
from tests import cast

ZONE = ZoneInfo(cast.ZONE)
WELL = {code: "no" if code == "supplied_tools" else "yes" for code in ASKED}
SIGNED = AnswersGiven(
    badge="yes", introduced="yes", courteous="none", explained="no", shoe_covers="yes", cleanup="yes",
    supplied_tools="no",
)  # fmt: skip


def call(before=(), outcome="no_answer", answers=None, comment="", *, day=0, hours=0, seen=None):
    return attempt(
        before, outcome, answers or {}, comment, caller="Q001", now=cast.NOW + timedelta(days=day, hours=hours),
        zone=ZONE, seen=len(before) if seen is None else seen,
    )  # fmt: skip


def lines(answers, *, signed=True, **said):
    made = call(outcome="reached", answers={**WELL, **said})
    return {one.question: one for one in compare(answers, signed, [made])}


def test_whoever_has_the_seed_can_repeat_the_draw_by_hand():
    numbers = [f"WO-{number}" for number in range(21)]
    by_hand = sorted(numbers, key=lambda one: hashlib.sha256(f"seed\ncall\n{one}".encode()).hexdigest())[:3]
    assert drawn("seed", numbers, 10) == tuple(by_hand)
    assert drawn("another", numbers, 10) != tuple(by_hand)


@given(st.integers(0, 60), st.integers(1, 100))
def test_the_share_is_kept_and_whoever_has_a_signed_visit_has_a_call(count, share):
    numbers = {f"WO-{number}" for number in range(count)}
    found = drawn("seed", numbers, share)
    assert len(found) * 100 >= len(numbers) * share > (len(found) - 1) * 100 or not numbers
    assert set(found) <= numbers


@pytest.mark.parametrize("share", [0, 101, -1])
def test_there_is_no_share_beyond_all_or_none(share):
    with pytest.raises(Invalid, match="call_share"):
        check_share(share)


def test_three_days_without_an_answer_end_an_entry_and_several_calls_of_a_day_are_one():
    calls: list[Attempt] = []
    for day, hours in ((0, 0), (0, 3), (1, 0), (1, 1)):
        calls.append(call(calls, day=day, hours=hours))
        assert state_of(calls, ZONE) == "open"
    calls.append(call(calls, day=2))
    assert (state_of(calls, ZONE), len(days_tried(calls, ZONE)), [one.number for one in calls]) == (
        "unreachable", 3, [1, 2, 3, 4, 5],
    )  # fmt: skip
    with pytest.raises(Conflict, match="call_over"):
        call(calls, day=3)


@pytest.mark.parametrize("outcome", ["refused", "reached"])
def test_whoever_talked_or_refused_to_is_not_called_again(outcome):
    calls = [call(outcome=outcome, answers=WELL)]
    assert state_of(calls, ZONE) == outcome
    with pytest.raises(Conflict, match="call_over"):
        call(calls)


@pytest.mark.parametrize(
    ("given_", "kind", "code"),
    [
        ({"outcome": "reached"}, Invalid, "call_nothing"),
        ({"outcome": "reached", "answers": {"badge": "perhaps", "rating": "yes"}}, Invalid, "call_nothing"),
        ({"outcome": "asleep"}, Invalid, "call_outcome"),
        ({"comment": "x" * 2001}, Invalid, "text_too_long"),
        ({"seen": 1}, Conflict, "call_changed"),
    ],
)
def test_what_is_no_call_is_refused(given_, kind, code):
    with pytest.raises(kind, match=code):
        call(**given_)


def test_answers_of_somebody_who_was_not_reached_are_not_kept():
    assert call(outcome="refused", answers=WELL).answers == {}
    assert call(outcome="reached", answers={**WELL, "rating": "5"}).answers == WELL


def test_only_what_was_signed_otherwise_differs():
    found = lines(SIGNED, shoe_covers="no", courteous="no", explained="yes", badge="")
    assert {code for code, one in found.items() if one.differs} == {"shoe_covers", "courteous", "explained"}
    assert (found["badge"].signed, found["badge"].called) == ("yes", "none")
    assert {code for code, one in lines(SIGNED).items() if one.differs} == {"explained"}


def test_where_nothing_was_signed_only_what_was_bad_differs():
    found = lines(None, signed=False, cleanup="no", supplied_tools="yes")
    assert {code for code, one in found.items() if one.differs} == {"cleanup", "supplied_tools", "signed"}
    assert found["signed"].about == ""


def test_nothing_is_compared_before_somebody_was_reached():
    assert compare(SIGNED, True, [call(), call(outcome="refused")]) == ()


@pytest.mark.parametrize(
    ("question", "said", "item", "favourable"),
    [
        ("shoe_covers", "no", "shoe_covers", False),
        ("introduced", "no", "introduction", False),
        ("explained", "yes", "explained", True),
        ("supplied_tools", "yes", "kit", False),
    ],
)
def test_a_difference_leads_to_a_finding_on_its_item(question, said, item, favourable):
    made = draft(lines(SIGNED, **{question: said})[question], "why")
    assert (made.source, made.item, made.discipline, made.favourable) == ("call_back", item, "", favourable)


def test_a_customer_who_did_not_sign_what_is_signed_leads_to_a_forgery():
    said = call(outcome="reached", answers={**WELL, "signed": "no"})
    line = compare(SIGNED, True, [said])[-1]
    made = draft(line, "why")
    assert (made.item, made.discipline, made.favourable) == ("", "forgery", False)
