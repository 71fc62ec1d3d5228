"""The sample month as events, and its expected scores, from tests/data."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fieldapp.domain.ids import BranchCode, EventId, visit_id
from fieldapp.domain.scoring.engine import ItemScore, ScoreSheet
from fieldapp.domain.visits.codec import read_data
from fieldapp.domain.visits.events import Event

DATA = Path(__file__).parents[2] / "data"
NOW = datetime.fromisoformat("2026-11-20T00:00:00+08:00")


@cache
def history() -> tuple[Event, ...]:
    lines = (DATA / "history-2026-10.jsonl").read_text("utf-8").splitlines()
    return tuple(_event(json.loads(line)) for line in lines)


@cache
def expected() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads((DATA / "scores-2026-10.json").read_text("utf-8"))["technicians"]
    return listed


def _event(line: dict[str, Any]) -> Event:
    visit = line.get("visit")
    return Event(
        id=EventId(line["id"]),
        type=line["type"],
        visit=visit_id(BranchCode("main"), visit) if visit else None,
        effective_at=datetime.fromisoformat(line["at"]),
        actor=line["actor"],
        data=read_data(line["type"], line["data"]),
    )


def as_listed(sheet: ScoreSheet) -> dict[str, Any]:
    """A sheet in the shape of the expected file."""
    return {
        "technician": sheet.technician,
        "status": sheet.status,
        "judged_visits": sheet.judged_visits,
        "assessed": sheet.assessed,
        "earned": sheet.earned,
        "commendations": sheet.commendations,
        "score": str(sheet.score),
        "veto": list(sheet.veto),
        "award": str(sheet.award),
        "items": [_item(item) for item in sheet.items],
    }


def _item(item: ItemScore) -> dict[str, Any]:
    counts = {"met": item.met, "breached": item.breached} if item.kind == "rate" else {"adverse": item.adverse}
    return {"code": item.code, "kind": item.kind, "points": item.points, **counts, "status": item.status}
