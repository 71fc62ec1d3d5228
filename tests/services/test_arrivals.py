"""Arrivals in doubt through the services: listed with their evidence, decided by a person, at once in the score."""

from datetime import timedelta
from typing import Any

import pytest

from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.services import arrivals, closing, finding_views, findings, recording, spot_checks
from fieldapp.services.work import Work
from fieldapp.storage.events import Record
from tests import builders, links
from tests.cast import M001, MAIN, NOW, Q001, Q900, T001
from tests.services.test_findings import either, sheet  # noqa: F401 - a fixture
from tests.services.test_scheduling import refused

OCTOBER = Month("2026-10")
GPS = {"lat": 31.2302, "lon": 121.4701, "acc": 20, "ts": int((NOW - timedelta(minutes=50)).timestamp() * 1000)}


def doubtful(work: Work, number: str = "WO-1", minutes: int = 5, **gps: Any) -> str:
    """A signed visit that was worked without signal, by a phone whose clock is in doubt; returns its id."""
    start = NOW - timedelta(hours=2)
    entries = builders.perfect_visit(number, start)
    arrival = next(one for one in entries if one["type"] == "visit.arrived")
    entries.remove(arrival)
    arrival |= {"at": (start + timedelta(minutes=minutes)).isoformat(), "data": {"gps": gps or {"status": "denied"}}}
    visit, event = links.store(work, entries), builders.as_event(arrival)
    fields = {name: getattr(event, name) for name in event.__struct_fields__} | {"grade": "C"}
    made = Record(event=type(event)(**fields), origin="push", received_at=NOW, flags=("clock_slept",),
                  proven_at=start - timedelta(minutes=30))  # fmt: skip
    with work.write() as db:
        recording.record(db, MAIN, [made], work.now())
    return visit


def decided(work: Work, visit: str, in_time: bool | None = True, **other: Any) -> str:
    wish = {"basis": "evidence", "reason": "the photo of the door is of 8:05", "finding_id": work.new_id()} | other
    return arrivals.decide(work, Q001.actor, visit, in_time=in_time, **wish)


def punctual(work: Work) -> tuple[int, int]:
    return next((one.met, one.breached) for one in sheet(work).items if one.code == "punctual")


def test_an_arrival_in_doubt_is_listed_with_everything_that_is_known_of_its_time(work: Work) -> None:
    links.signed_visit(work, "WO-0")
    visit = doubtful(work, **GPS)
    board = arrivals.board(work, Q001.actor, OCTOBER)
    assert [(one.number, one.technician, one.fact.flags) for one in board.waiting] == [
        ("WO-1", "T001", ("clock_slept",))
    ]
    assert [(one.arrivals, one.in_doubt) for one in board.shares] == [(2, 1)]
    found = arrivals.detail(work, Q001.actor, visit)
    assert (found.gps_time, found.one.fact.received_at) == (NOW - timedelta(minutes=50), NOW)
    assert found.away is not None
    assert (found.away[0] < 50, found.away[1]) == (True, 20)
    assert len(found.story.timeline) == 13


@pytest.mark.parametrize("ts", ["soon", None, -5, 2**60])
def test_a_satellites_time_that_is_none_is_not_told(work: Work, ts: Any) -> None:
    assert arrivals.detail(work, Q001.actor, doubtful(work, **{**GPS, "ts": ts})).gps_time is None


@pytest.mark.parametrize(("in_time", "counts"), [(True, (1, 0)), (False, (0, 1))])
def test_a_decision_counts_at_once_and_its_technician_reads_why(work: Work, in_time: bool, counts: Any) -> None:
    visit = doubtful(work)
    assert punctual(work) == (0, 0)
    finding = decided(work, visit, in_time)
    assert punctual(work) == counts
    board = arrivals.board(work, Q001.actor, OCTOBER)
    assert (board.waiting, [one.verdict.met for one in board.decided if one.verdict]) == ([], [in_time])
    assert arrivals.detail(work, Q001.actor, visit).finding == finding
    [mine] = finding_views.list_own(work, T001.actor, MAIN, "T001", OCTOBER)
    assert (mine.about, mine.note) == ("punctual", "the photo of the door is of 8:05")


def test_the_list_is_the_same_on_each_engine(either: Work) -> None:  # noqa: F811 - the fixture
    links.signed_visit(either, "WO-0")
    visit = doubtful(either, **GPS)
    assert [one.number for one in arrivals.board(either, Q001.actor, OCTOBER).waiting] == ["WO-1"]
    decided(either, visit)
    assert [one.number for one in arrivals.board(either, Q001.actor, OCTOBER).decided] == ["WO-1"]


def test_a_second_person_who_dismisses_it_puts_it_back_on_the_list(work: Work) -> None:
    visit = doubtful(work)
    finding = decided(work, visit, False)
    findings.decide(work, M001.actor, MAIN, finding, "dismissed", "the photo is of another day", seen=0)
    assert punctual(work) == (0, 0)
    assert len(arrivals.board(work, Q001.actor, OCTOBER).waiting) == 1
    decided(work, visit)
    assert punctual(work) == (1, 0)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"in_time": None}, "arrival_side"),
        ({"basis": "a feeling"}, "arrival_basis"),
        ({"reason": " "}, "reason_missing"),
        ({"finding_id": "x"}, "finding_id"),
    ],
)
def test_a_decision_without_a_side_a_basis_or_a_reason_is_none(work: Work, wish: Any, code: str) -> None:
    visit = doubtful(work)
    refused(Invalid, code, lambda: decided(work, visit, **wish))
    assert punctual(work) == (0, 0)


def test_of_two_who_decide_at_once_the_second_is_told_and_sent_twice_it_is_one(work: Work) -> None:
    visit, key = doubtful(work), work.new_id()
    assert decided(work, visit, finding_id=key) == decided(work, visit, finding_id=key) == key
    refused(Conflict, "arrival_decided", lambda: decided(work, visit, False))
    assert punctual(work) == (1, 0)


def test_an_arrival_that_nobody_doubts_cannot_be_decided_here(work: Work) -> None:
    visit = links.signed_visit(work)
    for other in (visit, "x"):
        refused(NotFound, "not_found", lambda other=other: arrivals.detail(work, Q001.actor, other))
        refused(NotFound, "not_found", lambda other=other: decided(work, other))


def test_until_it_is_decided_it_stands_open_when_the_month_is_closed(work: Work) -> None:
    visit = doubtful(work)

    def open_ones() -> list[str]:
        ends = closing.preview(work, M001.actor, MAIN, OCTOBER).open_ends
        return [one.number for one in ends.arrivals] if ends else []

    assert open_ones() == ["WO-1"]
    decided(work, visit)
    assert open_ones() == []


def test_an_earlier_arrival_with_a_proven_time_leaves_nothing_to_decide(work: Work) -> None:
    visit = doubtful(work)
    links.store(work, [builders.line("visit.arrived", "WO-1", NOW - timedelta(hours=2, minutes=5))])
    assert punctual(work) == (1, 0)
    assert arrivals.board(work, Q001.actor, OCTOBER).waiting == []
    refused(NotFound, "not_found", lambda: arrivals.detail(work, Q001.actor, visit))


def test_who_may_decide_and_who_may_only_read(work: Work) -> None:
    visit = doubtful(work)
    assert len(arrivals.board(work, M001.actor, OCTOBER).waiting) == 1
    wish: Any = {"in_time": True, "basis": "evidence", "reason": "x", "finding_id": work.new_id()}
    for actor in (M001.actor, T001.actor):
        refused(Forbidden, "forbidden", lambda actor=actor: arrivals.decide(work, actor, visit, **wish))
    refused(Forbidden, "forbidden", lambda: arrivals.board(work, T001.actor, OCTOBER))
    refused(NotFound, "not_found", lambda: arrivals.detail(work, Q900.actor, visit))


def test_a_decision_at_the_desk_is_no_spot_check(work: Work, clock: Any) -> None:
    spot_checks.commit(work, Q001.actor, MAIN, OCTOBER)
    decided(work, doubtful(work))
    lane = next(one for one in spot_checks.board(work, Q001.actor, OCTOBER).lanes if one.technician.code == "T001")
    assert (lane.extra, "done" in lane.states) == (0, False)
