"""`/visits`: the branch's work orders, read and changed by other programs."""

from typing import Any

from flask import Response, url_for
from msgspec import UNSET

from fieldapp.domain.errors import Invalid
from fieldapp.domain.ids import is_external_id
from fieldapp.domain.messages import masked_email
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.codec import plain
from fieldapp.services import orders
from fieldapp.services.orders import Change, Entry, Order, Slot, Wish
from fieldapp.services.scheduling import Order as NewOrder
from fieldapp.web.api.v1 import paging, shapes
from fieldapp.web.api.v1.operations import operation, tell
from fieldapp.web.context import current_actor, current_work

NOT_THERE = {404: "The branch has no such visit."}
CHANGING = {
    409: "The visit is over, or under way, or the technician has other work then: `code` says which.",
    412: "The visit is not at the revision that `If-Match` names.",
}


@operation("GET", "/visits", "visits:read", shapes.Visit, query=shapes.VisitQuery, is_list=True)
def list_visits(query: shapes.VisitQuery) -> Response:
    """Visits of the branch.

    By order number, so that every visit comes once however much changes while the pages are read.
    """
    wish = Wish(
        states=query.state, technician=query.technician or None, first=query.first or None, last=query.last or None,
        changed_since=query.changed_since or None,
    )  # fmt: skip
    after = paging.read(query.cursor)
    if after and not is_external_id(after):
        raise Invalid("cursor_unknown", field="cursor")
    found = orders.list_orders(current_work(), current_actor(), wish, after=after, limit=query.limit + 1)
    more = found[query.limit - 1].visit.external_id if len(found) > query.limit else None
    return paging.tell([_visit(one, masked=True) for one in found[: query.limit]], more)


@operation("GET", "/visits/<order:external_id>", "visits:read", shapes.Visit, refusals=NOT_THERE)
def get_visit(external_id: str) -> Response:
    """One visit."""
    return _tell(orders.get_order(current_work(), current_actor(), external_id))


@operation(
    "GET", "/visits/<order:external_id>/events", "visits:read", shapes.Event, query=shapes.Paged, is_list=True,
    refusals=NOT_THERE,
)  # fmt: skip
def list_events(external_id: str, query: shapes.Paged) -> Response:
    """What was recorded about a visit.

    In the order in which it came to the server. What customers answered, findings and appeals are there for tokens with
    `scores:read` only; the strokes of signatures never are.
    """
    entries = orders.list_events(current_work(), current_actor(), external_id)
    page, more = paging.cut(entries, query, lambda one: one.event.id)
    return paging.tell([_event(one, external_id) for one in page], more)


@operation(
    "POST", "/visits", "visits:write", shapes.Visit, body=shapes.NewVisit, status=201, keyed=True,
    refusals={409: "There is such an order already, or the technician has other work then."},
)  # fmt: skip
def create_visit(body: shapes.NewVisit) -> Response:
    """Schedule a visit.

    With an `Idempotency-Key` the same request again creates nothing and gets the same answer, for 48 hours.
    """
    slot = Slot(
        technician=body.technician, start=body.planned_start, minutes=body.duration, override=body.override
    )  # fmt: skip
    order = NewOrder(
        customer=body.customer, promise=body.promise, job_type=body.job_type, slot=slot,
        external_id=body.external_id or "", charges=body.charges, note=body.note or "",
    )  # fmt: skip
    created = orders.create_order(current_work(), current_actor(), order)
    response = _tell(created, 201)
    response.headers["Location"] = url_for(".get_visit", external_id=created.visit.external_id)
    return response


@operation(
    "PATCH", "/visits/<order:external_id>", "visits:write", shapes.Visit, body=shapes.VisitChange, matched=True,
    refusals={**NOT_THERE, **CHANGING},
)  # fmt: skip
def change_visit(external_id: str, body: shapes.VisitChange, rev: int | None) -> Response:
    """Change, assign or move a visit: all of it or nothing."""
    moved = None
    if body.promise is not UNSET:
        moved = ev.PromiseChanged(
            asked_by=body.asked_by, promise=body.promise, apology=body.apology, reason=body.reason or None,
            cause=_cause(body),
        )  # fmt: skip
    change = Change(
        amended=ev.VisitAmended(
            customer=body.customer, charges=body.charges, job_type=body.job_type, note=body.note
        ),
        moved=moved, technician=body.technician, start=body.planned_start or None,
        minutes=None if body.duration is UNSET else body.duration, override=body.override, reason=body.reason,
    )  # fmt: skip
    return _tell(orders.change_order(current_work(), current_actor(), external_id, rev, change))


@operation(
    "DELETE", "/visits/<order:external_id>", "visits:write", shapes.Visit, query=shapes.Cancellation, matched=True,
    refusals={**NOT_THERE, **CHANGING},
)  # fmt: skip
def cancel_visit(external_id: str, query: shapes.Cancellation, rev: int | None) -> Response:
    """Call a visit off. It stays, as cancelled, with all that is on record about it."""
    work = current_work()
    cancelled = ev.VisitCancelled(
        asked_by=query.asked_by, told_at=query.told_at or work.now(), apology=query.apology, cause=_cause(query),
        reason=query.reason or None,
    )  # fmt: skip
    return _tell(orders.cancel_order(work, current_actor(), external_id, rev, cancelled))


def _tell(order: Order, status: int = 200) -> Response:
    """The visit with its revision as ETag."""
    response = tell(_visit(order), status)
    response.set_etag(str(order.visit.rev))
    return response


def _cause(said: shapes.VisitChange | shapes.Cancellation) -> ev.Cause:
    """Why, unless it is said: whoever wants another window has the reason."""
    return said.cause or ("customer" if said.asked_by == "customer" else "plan")


def _visit(order: Order, *, masked: bool = False) -> shapes.Visit:
    one = order.visit
    phone = f"…{one.phone[-4:]}" if masked and one.phone else one.phone
    email = masked_email(one.email) if masked else one.email
    return shapes.Visit(
        external_id=one.external_id, rev=one.rev, state=order.state, job_type=one.job_type, technician=one.technician,
        promise=shapes.Span(one.window.start, one.window.end),
        planned=shapes.Span(one.planned.start, one.planned.end),
        customer=ev.Customer(
            name=one.customer_name, phone=phone, address=one.address, lat=one.lat, lon=one.lon, language=one.language,
            district=one.district or UNSET, email=email or UNSET,
        ),
        charges=[ev.Charge(label=each.label, amount=f"{each.amount:.2f}") for each in one.charges], note=one.note,
        held=one.held, signed=one.signed, updated_at=one.updated_at,
    )  # fmt: skip


def _event(entry: Entry, external_id: str) -> dict[str, Any]:
    event = entry.event
    return {
        "id": event.id, "type": event.type, "visit": external_id, "at": event.effective_at, "actor": event.actor,
        "data": _data(event.data), "received_at": entry.received_at, "origin": entry.origin, "grade": event.grade,
        "held": entry.held_code,
    }  # fmt: skip


def _data(data: ev.Data) -> dict[str, Any]:
    return {name: value for name, value in plain(data).items() if name != "strokes"}
