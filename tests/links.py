"""Visits for the tests of customers' links: planned, signed, completed without a signature."""

from datetime import datetime, timedelta
from typing import Any

from fieldapp.domain.ids import visit_id
from fieldapp.domain.visits.signoff import statement_hash
from fieldapp.services import links, recording
from fieldapp.services.work import Work
from fieldapp.storage.events import Record
from tests import builders, cast

KEY = "a key for derived secrets, long enough for tests"
#: What a customer read and signed; with a rare character of a name, and punctuation of both scripts.
STATEMENT = (
    "服务单\n单号：WO-1\n客户：王芳（䶮）\n工作内容：\n- 安装光纤，测速正常。\n- 更換路由器「HG-8」\n合计：¥ 120.00\n"
)
INK = [
    [[40, 160, 0, 0.5], [90, 60, 40, 0.7], [140, 200, 90, 0.6], [200, 80, 130, 0.5], [260, 180, 180, 0.4]],
    [[300, 60, 300, 0.5], [420, 90, 360, 0.6], [500, 210, 420, 0.5]],
]


def store(work: Work, lines: list[dict[str, Any]], branch: str = cast.MAIN) -> str:
    """Record the lines as imported facts; returns the visit's id."""
    now = work.now()
    records = [Record(event=event, origin="import", received_at=now) for event in builders.as_events(lines, branch)]
    with work.write() as db:
        recording.record(db, branch, records, now)
    return visit_id(branch, lines[0]["visit"])


def planned_visit(work: Work, visit: str = "WO-1", *, days: int = 1, **other: Any) -> str:
    """A visit that is still to come."""
    return store(work, [builders.scheduled(visit, work.now() + timedelta(days=days), **other)])


def done(
    work: Work, visit: str, *, signature: dict[str, Any] | None, doc: str | None = STATEMENT, language: str = "zh-Hans",
    photos: tuple[str, ...] = (), technician: str = "T001", **said: str,
) -> str:  # fmt: skip
    """A visit whose window began two hours ago and that is completed and left; `said` are other answers than good
    ones."""
    start = work.now() - timedelta(hours=2)
    charges = [{"label": "上门服务费", "amount": "120.00"}]
    first = builders.scheduled(
        visit, start, technician, charges=charges, customer=builders.customer(name="王芳", language=language)
    )
    entries = [
        first,
        builders.line("visit.arrived", visit, start + timedelta(minutes=5), technician, gps={"status": "denied"}),
        builders.line(
            "consent.given", visit, start + timedelta(minutes=6), technician, by="customer", method="spoken"
        ),
        *(
            builders.line("photo.added", visit, start + timedelta(minutes=9), technician, slot="after", blob=blob,
                          bytes=1, w=1, h=1)
            for blob in photos
        ),
    ]  # fmt: skip
    if doc is not None:
        shown = {"doc_hash": statement_hash(doc), "doc": doc}
        entries.append(builders.line("statement.presented", visit, start + timedelta(minutes=50), technician, **shown))
    answers = {**builders.ALL_WELL, "comment": "a secret word between us", **said}
    entries.append(builders.line("answers.given", visit, start + timedelta(minutes=51), "customer", **answers))
    if signature is not None:
        entries.append(
            builders.line("signature.captured", visit, start + timedelta(minutes=52), "customer", **signature)
        )
    entries.append(builders.line("visit.completed", visit, start + timedelta(minutes=53), technician, manifest=[]))
    entries.append(builders.line("visit.left", visit, start + timedelta(minutes=55), technician))
    return store(work, entries)


def signed_visit(work: Work, visit: str = "WO-1", **other: Any) -> str:
    """Completed and signed with ink."""
    signature = {"doc_hash": statement_hash(other.get("doc") or STATEMENT), "strokes": INK, "box": [600, 300],
                 "signer": {"name": "王芳", "relation": "self"}, "shown_ms": 20_000}  # fmt: skip
    return done(work, visit, signature=signature, **other)


def unsigned_visit(work: Work, visit: str = "WO-1", **other: Any) -> str:
    """Completed; nobody signed."""
    return done(work, visit, signature=None, **other)


def own_token(work: Work, visit: str) -> str:
    """A fresh link of the customer's own."""
    return links.create_own_link(work, cast.D001.actor, cast.MAIN, visit)


def local(moment: datetime) -> str:
    """Hours and minutes as the branch's people read them."""
    return (moment + timedelta(hours=8)).strftime("%H:%M")
