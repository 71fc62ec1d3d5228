"""Nasty input gives an answer of its own and never a 5xx (security.md 28, 33)."""

import pytest

from tests import builders
from tests.sync.phone import Phone, new_id, plan


@pytest.fixture
def phone(clock, sign_in):
    return Phone(clock, sign_in("T001"), "T001")


@pytest.fixture
def visit(work, clock):
    return plan(work, builders.scheduled("WO-1", clock()))[0]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("photo.added", {"slot": "other", "blob": "a" * 64 + "\n", "bytes": 1, "w": 1, "h": 1}),
        ("visit.completed", {"manifest": ["a" * 64 + "\n"]}),
        ("event.corrects", {"target": new_id() + "\n", "reason": "slip", "data": {}}),
        ("charge.added", {"label": "cable", "amount": "5\n"}),
        ("charge.added", {"label": "cable", "amount": "٥"}),
    ],
)
def test_28_a_line_break_after_a_code_or_a_foreign_digit_is_quarantined_and_blocks_nobody(phone, visit, kind, data):
    bad = phone.append(kind, visit, data=data)
    good = phone.append("note.added", visit)
    assert phone.fates(bad, good) == [("quarantined", "schema_invalid"), ("accepted", None)]


def test_28_a_line_break_after_an_event_s_own_id_is_quarantined(phone, visit):
    entry = phone.append("note.added", visit)
    assert phone.fates({**entry, "id": entry["id"] + "\n"}) == [("quarantined", "schema_invalid")]
    assert phone.post(phone.batch([], device_id=phone.device_id + "\n")).status_code == 422
