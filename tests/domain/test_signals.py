"""What makes a visit worth a second look, and what does not."""

from datetime import UTC, datetime, timedelta

import pytest

from fieldapp.domain.signals import read_signals
from tests.builders import as_events, perfect_visit

START = datetime(2026, 10, 5, 1, tzinfo=UTC)
#: A degree of latitude is 111 km; the builders' customer lives at 31.23, 121.47.
HUNDRED_METRES = 0.0009


def visit(gps=None, **signature):
    entries = perfect_visit("WO-1", START)
    for entry in entries:
        if entry["type"] == "visit.arrived" and gps:
            entry["data"]["gps"] = gps
        if entry["type"] == "signature.captured":
            entry["data"].update({name: value for name, value in signature.items() if name != "at"})
            entry["at"] = signature.get("at", entry["at"])
    return entries


def kinds(entries):
    return [(one.kind, one.number) for one in read_signals(as_events(entries))]


def fix(hundreds, acc=10):
    return {"lat": 31.23 + hundreds * HUNDRED_METRES, "lon": 121.47, "acc": acc, "ts": 0, "src": "gps"}


def test_a_visit_as_it_should_be_raises_nothing():
    assert kinds(visit()) == []
    assert kinds([]) == []


@pytest.mark.parametrize(
    ("gps", "found"),
    [(fix(4), []), (fix(20), [("far_away", 2002)]), (fix(20, acc=1800), []), ({"status": "timeout"}, []),
     ({"lat": 31.23, "lon": 121.49, "acc": None}, [("far_away", 1902)])],
)  # fmt: skip
def test_an_arrival_far_from_the_address_is_told_in_metres(gps, found):
    assert kinds(visit(gps)) == found


def test_an_address_that_nobody_placed_raises_nothing():
    entries = visit(fix(20))
    entries[0]["data"]["customer"] |= {"lat": None, "lon": None}
    assert kinds(entries) == []


def test_a_signature_before_the_arrival_or_after_no_time_is_told():
    assert kinds(visit(shown_ms=2_999)) == [("signed_fast", 3)]
    assert kinds(visit(shown_ms=3_000)) == []
    early = (START + timedelta(minutes=4)).isoformat()
    assert kinds(visit(at=early)) == [("signed_before_arrival", None)]


def test_order_and_duplicates_change_nothing():
    events = as_events(visit(fix(20), shown_ms=1))
    assert read_signals([*reversed(events), *events]) == read_signals(events)
