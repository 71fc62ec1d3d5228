"""Four eyes, by person: what needs a second one, who that may be, what has nothing left to approve."""

from datetime import UTC, datetime, timedelta

import pytest

from fieldapp.domain import approvals
from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Conflict, Forbidden, Invalid

START = datetime(2026, 10, 14, 6, tzinfo=UTC)
NOTICE = timedelta(minutes=60)
WINDOW = Window(START, START + timedelta(hours=2))


@pytest.mark.parametrize(
    ("asked_by", "minutes_before", "late"),
    [("customer", 61, False), ("customer", 60, False), ("customer", 59, True), ("customer", -30, True),
     ("company", 5, False)],
)  # fmt: skip
def test_only_the_customers_wish_under_the_notice_is_late(asked_by, minutes_before, late):
    assert approvals.is_late(asked_by, START, START - timedelta(minutes=minutes_before), NOTICE) is late


@pytest.mark.parametrize("state", ["completed", "not_completed", "no_access", "cancelled", "void"])
def test_an_ended_visit_leaves_nothing_to_approve(state):
    assert approvals.overtaken(WINDOW, WINDOW, state) == "request_visit_over"


@pytest.mark.parametrize("state", ["planned", "en_route", "arrived", "admitted", "signed", "disputed"])
def test_a_visit_under_way_can_still_be_approved_unless_its_promise_is_another(state):
    assert approvals.overtaken(WINDOW, WINDOW, state) is None
    assert approvals.overtaken(WINDOW, Window(START, START + NOTICE), state) == "request_moved"


@pytest.mark.parametrize(
    ("login", "eligible", "is_head_office", "code"),
    [("D1", 9, False, "request_own"), ("T1", 9, False, "request_benefit"), ("Q1", 2, False, "request_head_office"),
     ("D1", 2, True, "request_own")],
)  # fmt: skip
def test_author_beneficiary_and_the_few_cannot_decide(login, eligible, is_head_office, code):
    with pytest.raises(Forbidden) as refusal:
        approvals.be_second(
            login, author="D1", beneficiaries={"T1"}, eligible=eligible, is_head_office=is_head_office
        )  # fmt: skip
    assert refusal.value.code == code


@pytest.mark.parametrize(("eligible", "is_head_office"), [(3, False), (0, True)])
def test_a_third_person_or_head_office_can(eligible, is_head_office):
    approvals.be_second("Q1", author="D1", beneficiaries={"T1"}, eligible=eligible, is_head_office=is_head_office)


def test_a_decision_is_made_once_with_a_reason():
    assert approvals.settle("open", "approved", " called back ", None, None) == "called back"
    for state, outcome, reason, stale, kind, code in (
        ("approved", "declined", "x", None, Conflict, "request_decided"),
        ("open", "approved", "x", "request_moved", Conflict, "request_moved"),
        ("open", "approved", "  ", None, Invalid, "reason_missing"),
        ("open", "perhaps", "x", None, Invalid, "request_outcome"),
    ):
        with pytest.raises(kind) as refusal:
            approvals.settle(state, outcome, reason, "Q1", stale)
        assert refusal.value.code == code
    assert approvals.settle("open", "declined", "too late", None, "request_moved") == "too late"
