"""What may be done with a case, and when."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fieldapp.domain import complaints
from fieldapp.domain.errors import Conflict, DomainError, Invalid

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 10, 14, 4, 0, tzinfo=UTC)


def code_of(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value.code


def test_an_answer_is_due_at_the_end_of_the_seventh_day():
    assert complaints.due_from(NOON, ZONE) == datetime(2026, 10, 21, 16, 0, tzinfo=UTC)


def test_an_open_case_can_be_taken_from_anybody_but_oneself():
    complaints.take("open", None, "Q")
    complaints.take("open", "M", "Q")
    assert code_of(lambda: complaints.take("open", "Q", "Q")) == "case_yours"
    assert code_of(lambda: complaints.take("closed", None, "Q")) == "case_closed"


def test_it_is_put_off_to_a_day_that_lies_ahead_with_a_reason():
    def put_off(day: date, reason: str = "the part is on its way", state: str = "open") -> datetime:
        return complaints.put_off(state, day, reason, NOON, ZONE)

    assert put_off(date(2026, 10, 14)) == datetime(2026, 10, 14, 16, 0, tzinfo=UTC)
    for day in (date(2026, 10, 13), date(1926, 10, 20), date(2126, 1, 1)):
        with pytest.raises(Invalid, match="case_due"):
            put_off(day)
    assert code_of(lambda: put_off(date(2026, 10, 20), " ")) == "reason_missing"
    assert code_of(lambda: put_off(date(2026, 10, 20), state="closed")) == "case_closed"


def test_only_what_is_closed_is_opened_again_and_with_a_reason():
    complaints.reopen("closed", "The socket is loose again.")
    assert code_of(lambda: complaints.reopen("closed", "")) == "reason_missing"
    with pytest.raises(Conflict, match="case_open"):
        complaints.reopen("open", "why not")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"outcome": "perhaps"}, "case_outcome"),
        ({"reply": " "}, "case_reply"),
        ({"apology": " "}, "case_apology"),
        ({"state": "closed"}, "case_closed"),
    ],
)
def test_a_case_closes_only_with_its_whole_answer(said: dict[str, str], code: str):
    whole = {"kind": "complaint", "state": "open", "outcome": "upheld", "reply": "We come.", "apology": "Sorry."}
    assert complaints.close(**whole).apology == "Sorry."
    assert code_of(lambda: complaints.close(**{**whole, **said})) == code


def test_praise_and_what_is_not_upheld_owe_no_apology():
    assert complaints.close("commendation", "open", "upheld", "Thank you.", "x").apology == ""
    assert complaints.close("complaint", "open", "dismissed", "It was there before.", "x").apology == ""
