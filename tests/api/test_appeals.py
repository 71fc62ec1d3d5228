"""GET /appeals."""

from datetime import timedelta

import pytest

from fieldapp.domain.appeals import Subject
from fieldapp.domain.ids import visit_id
from fieldapp.services import appeals
from tests import builders, cast
from tests.sync.phone import plan


@pytest.fixture
def filed(work, clock):
    """Two appeals of T001 about shoe covers that customers missed; the first is decided."""
    start = clock() - timedelta(days=1)
    made = []
    for number, hours in (("WO-1", 0), ("WO-2", 3)):
        plan(work, *builders.perfect_visit(number, start + timedelta(hours=hours), shoe_covers="no"))
        subject = Subject(visit=visit_id(cast.MAIN, number), item="shoe_covers")
        made.append(appeals.file(work, cast.T001.actor, cast.MAIN, subject, "I wore them.").appeal)
        clock.advance(minutes=1)
    appeals.decide(work, cast.M001.actor, cast.MAIN, made[0].id, "overturned", "The photo shows them.")
    return [one.id for one in made]


def test_appeals_are_told_with_where_they_stand(program, filed):
    hr = program("appeals:read")
    first, second = hr.get("/appeals").json["items"]
    assert first == {
        "id": filed[0], "technician": "T001", "visit": "WO-1", "finding": None, "about": "shoe_covers",
        "state": "overturned", "filed_at": "2026-10-14T01:30:00Z", "due": first["due"], "decided_by": "M001",
        "decided_at": "2026-10-14T01:32:00Z",
    }  # fmt: skip
    assert (second["id"], second["state"], second["decided_by"]) == (filed[1], "open", None)
    assert second["due"] > second["filed_at"]


def test_they_come_page_by_page_and_by_state(program, filed):
    hr = program("appeals:read")
    assert [one["id"] for one in hr.pages("/appeals?limit=1")] == filed
    assert [one["id"] for one in hr.pages("/appeals?state=open&limit=1")] == filed[1:]
    assert hr.get("/appeals?state=lost").status_code == 422


def test_who_has_not_the_scope_or_is_of_another_branch_sees_none(program, filed):
    assert program("scores:read").get("/appeals").status_code == 403
    assert program("appeals:read", branch=cast.NORTH).pages("/appeals") == []
