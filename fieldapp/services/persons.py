"""A customer, as far as they can be found: by order number, by visit, by telephone number; and everything that is
stored about them, for themselves.

Owns which things these are. What is kept of an employee is `stored_file`'s and `leavers`'.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from fieldapp.domain import numbers
from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.visits.codec import plain
from fieldapp.domain.visits.signoff import BOX, svg_paths
from fieldapp.services import photos
from fieldapp.services.work import Db, Unreadable, Work
from fieldapp.storage import (
    access_notes,
    approvals,
    audit,
    branches,
    call_backs,
    cases,
    erasures,
    links,
    messages,
    planning,
    quarantine,
    visits,
)
from fieldapp.storage.visits import Visit

#: What a fact says of its technician, not of its customer.
_THEIRS = ("finding.", "appeal.")


def by_order(work: Work, actor: Actor, branch: str | None, number: str) -> list[Visit]:
    """The visit of an order, in this branch or in whichever has it. Raises `NotFound`."""
    return _found(work, actor, branch, lambda db, code: filter(None, [visits.find_by_external_id(db, code, number)]))


def by_visit(work: Work, actor: Actor, branch: str | None, visit: str) -> list[Visit]:
    """The visit with this id. Raises `NotFound`."""
    return _found(work, actor, branch, lambda db, code: filter(None, [visits.find(db, code, visit)]))


def by_phone(work: Work, actor: Actor, branch: str | None, phone: str) -> list[Visit]:
    """Every visit whose customer has this number, however it is written. Raises `NotFound`."""

    def look(db: Db, code: str) -> Iterator[Visit]:
        wanted = [visit for visit, number in visits.phones(db, code) if numbers.is_same(number, phone)]
        return (visits.get(db, code, visit) for visit in wanted)

    return _found(work, actor, branch, look)


def _found(work: Work, actor: Actor, branch: str | None, look: Any) -> list[Visit]:
    require(actor, "persons.export", branch=BranchCode(branch) if branch else None)
    with work.read() as db:
        found = [one for code in branches.codes(db) if branch in (None, code) for one in look(db, code)]
    if not found:
        raise NotFound()
    return found


def everything(work: Work, actor: Actor, visit: Visit) -> dict[str, Any]:
    """All that is stored about one visit's customer, as plain values; that it was asked for is audited."""
    branch = BranchCode(visit.branch)
    require(actor, "persons.export", branch=branch)
    with work.write(branch) as db:
        found = _everything(work, db, visit)
        audit.append(
            db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="person.exported",
            subject=visit.external_id,
        )  # fmt: skip
    return found


def _everything(work: Work, db: Db, visit: Visit) -> dict[str, Any]:
    branch, visit_id = visit.branch, visit.visit_id
    entries = [one for one in planning.timeline(db, branch, visit_id) if not one.event.type.startswith(_THEIRS)]
    reports = cases.of_visit(db, branch, visit_id)
    histories = cases.histories(db, branch, [one.case_id for one in reports])
    found = {
        "order": visit,
        "promises": visits.ledger(db, branch, visit_id),
        "facts": [
            {"id": one.event.id, "type": one.event.type, "recorded_at": one.event.effective_at, "by": one.event.actor,
             "received_at": one.received_at, "waits": one.held_code, "data": plain(one.event.data)}
            for one in entries
        ],
        "photos": sorted(erasures.photos_of(db, branch, visit_id)),
        "requests": approvals.of_visit(db, branch, visit_id),
        "calls": call_backs.attempts(db, branch, [visit_id]).get(visit_id, []),
        "cases": [{"case": one, "history": histories[one.case_id]} for one in reports],
        "links": [
            {"kind": one.kind, "created_at": one.created_at, "expires_at": one.expires_at, "revoked_at": one.revoked_at}
            for one in links.of_visit(db, branch, visit_id)
        ],
        "access": access_notes.find(db, work.vault, branch, visit_id),
        "acts": links.acts(db, branch, visit_id),
        "messages": messages.of_visit(db, branch, visit_id),
        "unreadable": list(_unreadable(work, db, branch, visit_id)),
        "done_about_it": audit.about(db, branch, {visit_id, visit.external_id, *(one.case_id for one in reports)}),
    }  # fmt: skip
    plain_values: dict[str, Any] = msgspec.to_builtins(found)
    return plain_values


def _unreadable(work: Work, db: Db, branch: str, visit_id: str) -> Iterator[dict[str, Any]]:
    """What was sent about the visit and nobody could read, as far as it opens."""
    for kept in quarantine.of_visit(db, branch, visit_id):
        try:
            content = quarantine.content(work.vault, branch, kept)
            reason = quarantine.reason(work.vault, branch, kept)
        except Unreadable:
            continue
        if content is not None:
            yield {"received_at": kept.received_at, "raw": content.raw.decode("utf-8", "replace"), "reason": reason}


def signatures(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each drawn signature among the facts of `everything`: the fact's id, and the drawing as SVG."""
    for fact in found["facts"]:
        strokes = fact["data"].get("strokes")
        if strokes:
            box: Sequence[float] = fact["data"].get("box") or BOX
            paths = "".join(f'<path d="{one}"/>' for one in svg_paths(strokes, box))
            yield (
                fact["id"],
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {box[0]:g} {box[1]:g}" fill="none" '
                f'stroke="#000" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">{paths}</svg>',
            )


def pictures(work: Work, visit: Visit, found: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Each photo of `everything` that is here and readable: its hash, and a JPEG without metadata."""
    for sha256 in found["photos"]:
        try:
            yield sha256, photos.render(work, visit.branch, sha256)
        except NotFound:
            continue
