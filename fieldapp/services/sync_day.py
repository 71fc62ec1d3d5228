"""The day's snapshot for a phone: the technician's visits from yesterday to a week ahead, and those before that they
began and did not end (design: sync.md): what lies on the phone of such a visit can be reached, and the visit be ended.

Owns what a phone may know: nobody else's visits, no phone numbers and door codes of days to come, no customer's
answers, and of ended visits hardly anything.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, own_branch
from fieldapp.domain.calendar import Window, day_bounds
from fieldapp.domain.errors import Forbidden
from fieldapp.domain.ids import BranchCode, VisitId
from fieldapp.domain.visits import codec
from fieldapp.domain.visits.device_time import milliseconds
from fieldapp.domain.visits.events import BY_OFFICE, BY_PHONE, Event
from fieldapp.domain.visits.lifecycle import ENDED, VisitState, replay
from fieldapp.services import finding_views, sync_devices
from fieldapp.services.branches import zone_of
from fieldapp.services.installation import EPOCH
from fieldapp.services.work import Db, Work
from fieldapp.storage import access_notes, days, events, server

BEHIND, AHEAD = timedelta(days=1), timedelta(days=7)
#: So long after its day a visit that was begun stays on the phone for its end. Over a holiday, and not for ever.
UNFINISHED = timedelta(days=14)
#: Part of every ETag: raise it when the snapshot's shape changes, and phones fetch anew.
SHAPE = 6
_SHOWN = BY_PHONE | BY_OFFICE
#: Facts whose data goes back to a phone; of signatures and statements only what they are bound to.
_WITH_DATA = (BY_PHONE | {"visit.cancelled"}) - {"answers.given", "signature.captured", "statement.presented"}
_BOUND = frozenset({"signature.captured", "statement.presented"})
#: What the dispatcher said about held facts: whoever recorded them is told why.
_RULINGS = frozenset({"visit.reinstated", "visit.voided"})


class DeviceRevoked(Forbidden):
    """This phone was taken away; it gets no plan, but the `server_epoch`: what it still holds has to come again."""

    code = "device_revoked"

    def __init__(self, server_epoch: str | None) -> None:
        super().__init__()
        self.server_epoch = server_epoch


@dataclass(frozen=True, slots=True)
class Day:
    """A snapshot as plain JSON values; `visits` is None when the phone has it already.

    `hearings`: what was reported about the technician and waits for their answer, in whatever branch, by id, each with
    the end of the time to answer. Not what it is about: that is read where the answer is written.

    `server_epoch`: a phone that has nothing to send learns here that the server was restored, before it forgets.
    """

    etag: str
    visits: list[dict[str, Any]] | None
    hearings: list[dict[str, Any]]
    server_epoch: str | None


def look(work: Work, actor: Actor, *, device_id: str | None, known_etag: str | None) -> Day:
    """The snapshot, or only its mark when that is `known_etag`. Raises `DeviceRevoked`."""
    branch = own_branch(actor, "visits.work")
    now = work.now()
    with work.read() as db:
        epoch = server.find(db, EPOCH)
        if sync_devices.is_revoked(db, actor, device_id):
            raise DeviceRevoked(epoch)
        etag, ids, hearings = _marked(db, actor, branch, now)
        return Day(etag, None if etag == known_etag else _visits(work, db, actor, branch, ids, now), hearings, epoch)


def etag(db: Db, actor: Actor, now: datetime) -> str:
    """The mark of the snapshot that `look` would give now."""
    return _marked(db, actor, own_branch(actor, "visits.work"), now)[0]


def shown(now: datetime, zone: ZoneInfo) -> Window:
    """From when on a visit's window begins that phones show, and from when on they do not yet."""
    today = now.astimezone(zone).date()
    return Window(day_bounds(today - BEHIND, zone)[0], day_bounds(today + AHEAD, zone)[1])


def _marked(db: Db, actor: Actor, branch: BranchCode, now: datetime) -> tuple[str, list[VisitId], list[dict[str, Any]]]:
    zone = zone_of(db, branch)
    today, these = now.astimezone(zone).date(), shown(now, zone)
    since = day_bounds(today - UNFINISHED, zone)[0]
    marks = days.marks(db, branch, actor.login, these.start, these.end, since=since)
    waiting = finding_views.to_answer(db, actor, now)
    hearings = [{"finding": str(one.finding.id), "until": one.standing.until} for one in waiting]
    digest = hashlib.sha256(f"{SHAPE} {actor.login} {today} {marks} {hearings}".encode()).hexdigest()
    return digest[:32], [one[0] for one in marks], hearings


def _visits(
    work: Work, db: Db, actor: Actor, branch: BranchCode, ids: Sequence[VisitId], now: datetime
) -> list[dict[str, Any]]:  # fmt: skip
    zone = zone_of(db, branch)
    tonight, first = day_bounds(now.astimezone(zone).date(), zone)[1], shown(now, zone).start
    histories, held, revs = events.histories_with_revs(db, branch, ids)
    notes = access_notes.of_visits(db, work.vault, branch, ids)
    found = []
    for visit, history in histories.items():
        state = replay(history, held.get(visit, 0))
        if state is not None and not (state.promise.start < first and replace(state, held=0).name in ENDED):
            rev = revs[visit]
            is_near = state.promise.start < tonight
            one = _visit(visit, state, history, rev, notes.get(visit, "") if is_near else "", with_phone=is_near)
            found.append({**one, "waiting": _waiting(db, actor, branch, visit) if visit in held else []})
    return found


def _waiting(db: Db, actor: Actor, branch: BranchCode, visit: VisitId) -> list[dict[str, Any]]:
    """What the technician did at the visit and the dispatcher has not decided about: another phone of theirs, or one
    that was begun anew, must not offer it again."""
    own = [one for one in events.held_of(db, branch, visit) if one.event.actor == actor.login]
    return [{**_event(one.event, ended=False), "code": one.code} for one in own]


def _visit(
    visit: str, state: VisitState, history: list[Event], rev: int, access: str, *, with_phone: bool
) -> dict[str, Any]:
    ended = state.name in ENDED
    customer = codec.plain(state.customer)  # type: ignore[arg-type]
    if ended:
        customer = {"name": customer["name"], "language": customer["language"]}
    # Nothing on the phone writes to anybody.
    customer.pop("email", None)
    if ended or not with_phone:
        customer["phone"] = ""
    shown = sorted((event for event in history if event.type in _SHOWN), key=lambda event: event.order)
    return {
        "visit_id": visit,
        "external_id": state.external_id,
        "rev": rev,
        "state": state.name,
        "promise": codec.plain(state.promise),  # type: ignore[arg-type]
        "planned_start": state.planned_start,
        "planned_end": state.planned_end,
        "customer": customer,
        "job_type": state.job_type,
        "charges": [{"label": one.label, "amount": one.amount} for one in state.charges],
        "note": "" if ended else state.note,
        "access": "" if ended else access,
        "events": [_event(event, ended=ended) for event in shown],
    }


def _event(event: Event, *, ended: bool) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if event.type in _RULINGS or (not ended and event.type in _WITH_DATA):
        data = codec.plain(event.data)
    elif not ended and event.type in _BOUND:
        data = {"doc_hash": event.data.doc_hash}  # type: ignore[attr-defined]
    return {
        "id": event.id, "type": event.type, "at": milliseconds(event.effective_at), "actor": event.actor, "data": data,
    }  # fmt: skip
