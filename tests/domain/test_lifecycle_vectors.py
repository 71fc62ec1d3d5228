"""The state machine says the same as the phone's mirror of it: both read tests/vectors/lifecycle.json."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.visits.codec import read_data
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.lifecycle import NEXT, may_follow, replay

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "lifecycle.json").read_text("utf-8"))
START = datetime(2026, 12, 1, tzinfo=UTC)


def history(types: list[str]) -> list[Event]:
    return [
        Event(
            id=EventId(str(UUID(int=number + 1))), type=kind, visit=VisitId(str(UUID(int=0))), actor="T001",
            effective_at=START + timedelta(minutes=number), data=read_data(kind, VECTORS["data"][kind]),
        )
        for number, kind in enumerate(types)
    ]  # fmt: skip


def test_every_state_allows_what_the_vectors_say() -> None:
    assert {name: set(kinds) for name, kinds in VECTORS["next"].items()} == NEXT


@pytest.mark.parametrize("case", VECTORS["histories"], ids=lambda case: case["name"])
def test_a_history_leads_to_its_state_in_any_order(case: dict[str, Any]) -> None:
    events = history(case["types"])
    for order in (events, events[::-1], events + events):
        state = replay(order)
        assert state is not None
        assert state.name == case["state"]


@pytest.mark.parametrize("case", VECTORS["histories"], ids=lambda case: case["name"])
def test_each_event_of_a_history_may_follow_the_one_before(case: dict[str, Any]) -> None:
    events = history(case["types"])
    for number, event in enumerate(events):
        before = replay(events[:number])
        if before is not None and any(event.type in kinds for kinds in NEXT.values()):
            assert may_follow(before.name, event.type), f"{event.type} after {case['types'][:number]}"
