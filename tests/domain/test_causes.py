"""Causes of lateness: said, said again, confirmed by somebody else, and settled then."""

from datetime import UTC, datetime

import pytest

from fieldapp.domain import causes
from fieldapp.domain.causes import Saying
from fieldapp.domain.errors import DomainError

NOW = datetime(2026, 10, 14, tzinfo=UTC)
SAID = Saying(1, "plan", "two visits at once", "D001", NOW, confirms=False)
SETTLED = Saying(2, "plan", "", "Q001", NOW, confirms=True)


def code_of(act, *args, **more) -> str:
    with pytest.raises(DomainError) as refused:
        act(*args, **more)
    return refused.value.code


def record(said=(), seen=None, cause="plan", note="", login="T001"):
    return causes.record(said, seen=len(said) if seen is None else seen, cause=cause, note=note, login=login, now=NOW)


def confirm(said=(SAID,), seen=None, cause="plan", note="", login="Q001"):
    seen = len(said) if seen is None else seen
    return causes.confirm(said, seen=seen, cause=cause, note=note, login=login, technician="T001", now=NOW)


def test_where_it_stands_follows_from_what_was_said_last():
    states = [causes.state_of(said) for said in ([], [SAID], [SAID, SETTLED])]
    assert states == ["missing", "recorded", "confirmed"]


def test_a_cause_may_be_said_again_until_it_is_confirmed():
    assert record([SAID], cause="customer", note=" was out ").note == "was out"
    assert code_of(record, [SAID, SETTLED]) == "cause_settled"


def test_a_second_person_confirms_or_says_another_with_words():
    assert confirm().confirms
    assert code_of(confirm, cause="system") == "reason_missing"
    assert confirm(cause="system", note="the plan was not on the phone").cause == "system"


@pytest.mark.parametrize("login", ["D001", "T001"])
def test_who_said_it_and_who_was_late_do_not_confirm(login):
    assert code_of(confirm, login=login) == "cause_own"


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda: record(cause="laziness"), "cause_missing"),
        (lambda: record(note="x" * 1001), "text_too_long"),
        (lambda: record([SAID], seen=0), "cause_overtaken"),
        (lambda: confirm(said=[]), "cause_nothing"),
        (lambda: confirm(said=[SAID, SETTLED]), "cause_settled"),
    ],
)
def test_what_cannot_be_said_is_refused(act, code):
    assert code_of(act) == code
