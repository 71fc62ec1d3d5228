"""Planning visits: schedule, assign, move, cancel, amend.

Owns the optimistic check (two people changing one visit) and that one technician's planned work never overlaps unless
somebody says why. What a change does to a score is `domain.scoring`'s; reading lists is `services.planning`'s; what
becomes of facts that a phone sent against the plan is `services.rulings`'.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar, cast

from msgspec import UNSET

from fieldapp.domain import approvals, numbers, scheduling
from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Window, month_of
from fieldapp.domain.errors import Conflict, Forbidden, Invalid
from fieldapp.domain.ids import BranchCode, EventId, StaffCode, VisitId, is_external_id, visit_id
from fieldapp.domain.messages import is_email
from fieldapp.domain.punctuality import keep_ledger
from fieldapp.domain.scheduling import Plan
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.amending import amended_customer
from fieldapp.domain.visits.codec import plain, read_data
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.lifecycle import ENDED
from fieldapp.services.branches import zone_of
from fieldapp.services.claims import Claim, Slot, claim_time, hold
from fieldapp.services.recording import record
from fieldapp.services.rulebooks import missed_after, rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, events, links, planning, visits
from fieldapp.storage.events import Record
from fieldapp.storage.visits import Visit

__all__ = [
    "Order",
    "Slot",
    "Visit",
    "amend_visit",
    "assign_visit",
    "cancel_visit",
    "move_visit",
    "schedule_visit",
]

#: What changes what a planner decides on; notes and photos that came in meanwhile do not.
_PLAN_CHANGES = (ev.BY_OFFICE - {"event.corrects"}) | {
    "visit.departed", "visit.arrived", "access.failed", "visit.completed", "visit.not_completed",
}  # fmt: skip
_INSIDE = frozenset({"arrived", "admitted", "signed"})

Data = TypeVar("Data", bound=ev.Data)


@dataclass(frozen=True, kw_only=True)
class Order:
    """A new appointment as entered by a person. Without `external_id` the order gets a number of ours."""

    customer: ev.Customer
    promise: ev.Promise
    job_type: ev.JobType
    slot: Slot = field(default_factory=Slot)
    external_id: str = ""
    charges: Sequence[ev.Charge] = ()
    note: str = ""


def schedule_visit(work: Work, actor: Actor, branch: BranchCode, order: Order) -> Visit:
    """A new visit with its first promise.

    Raises `Invalid` (window_*, told_future, technician_unknown, technician_left, duration_out_of_range,
    external_id_malformed), `Conflict` (external_id_taken; technician_busy with the other visit, technician_absent,
    off_shift, skill_missing, district_foreign, outside_promise: `OVERRIDABLE`).
    """
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    scheduling.promised(order.promise.start, order.promise.end, now)
    scheduling.told(order.promise.told_at, now)
    _check_email(order.customer)
    with work.write(branch) as db:
        number = order.external_id or _own_number(work, now)
        if not is_external_id(number):
            raise Invalid("external_id_malformed", field="external_id")
        if visits.find_by_external_id(db, branch, number):
            raise Conflict("external_id_taken", field="external_id", number=number)
        data = ev.VisitScheduled(
            external_id=number, job_type=order.job_type, customer=order.customer, promise=order.promise,
            technician=order.slot.technician or None, charges=list(order.charges), note=order.note or None,
            planned_start=order.slot.start, duration=order.slot.minutes,
        )  # fmt: skip
        visit = visit_id(branch, number)
        planned = order.slot.start or order.promise.start
        window = Window(order.promise.start, order.promise.end)
        wanted = Claim(visit, number, order.job_type, planned, order.slot, order.customer.district or "", window)
        claim_time(work, db, actor.login, branch, wanted, now)
        return say_audited(work, db, actor, branch, visit, number, [data], order.slot)


def assign_visit(
    work: Work, actor: Actor, branch: BranchCode, visit: str, rev: int, slot: Slot, reason: str = "",
    *, together: Sequence[Plan] = (),
) -> Visit:  # fmt: skip
    """Give the visit to a technician (or back to the pool), with a planned start and length.

    `rev` is what the planner saw, `together` what `services.rearranging` plans in the same act. Raises what
    `schedule_visit` does, and `Conflict` visit_changed, visit_over, visit_started.
    """
    require(actor, "visits.plan", branch=branch)
    with work.write(branch) as db:
        seen = get_open(db, branch, visit, rev)
        minutes = length(seen) if slot.minutes is None else slot.minutes
        start = slot.start or seen.planned.start
        wanted = Claim(
            seen.visit_id, seen.external_id, seen.job_type, start, replace(slot, minutes=minutes), seen.district,
            None if start == seen.planned.start else seen.window, together,
        )  # fmt: skip
        claim_time(work, db, actor.login, branch, wanted, work.now())
        data = ev.VisitAssigned(
            technician=slot.technician or None, reason=reason or None, planned_start=start, duration=minutes
        )
        return say_audited(work, db, actor, branch, seen.visit_id, seen.external_id, [data], slot)


def move_visit(
    work: Work, actor: Actor, branch: BranchCode, visit: str, rev: int, change: ev.PromiseChanged, slot: Slot
) -> Visit:
    """A new promise, told to the customer, and the plan that goes with it; both or neither.

    Raises what `assign_visit` does; `Forbidden("visit_own")`; `Invalid` told_afterwards, and needs_second_person when
    the customer asked so late that a second person has to approve it: `services.approvals` takes such a request.
    """
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        seen = movable(db, branch, visit, rev, change, now)
        be_movable_by(db, actor, seen, change, now)
        said = plan_move(work, db, actor.login, seen, change, slot, now)
        return say_audited(work, db, actor, branch, seen.visit_id, seen.external_id, said, slot)


def cancel_visit(
    work: Work, actor: Actor, branch: BranchCode, visit: str, rev: int, cancellation: ev.VisitCancelled
) -> Visit:
    """Call the visit off. Raises `Invalid` told_future, told_afterwards, `Conflict` visit_changed, visit_over,
    visit_started, `Forbidden("visit_own")`."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    scheduling.told(cancellation.told_at, now)
    with work.write(branch) as db:
        seen = get_open(db, branch, visit, rev)
        be_others(actor, seen)
        _told_in_time(db, seen, cancellation, now)
        return say_audited(work, db, actor, branch, seen.visit_id, seen.external_id, [cancellation])


def amend_visit(work: Work, actor: Actor, branch: BranchCode, visit: str, rev: int, wanted: ev.VisitAmended) -> Visit:
    """Correct what is written about the order; only what differs is recorded, and nothing when nothing does."""
    require(actor, "visits.plan", branch=branch)
    with work.write(branch) as db:
        seen = unchanged(db, branch, visit, rev)
        change = amendment(seen, wanted)
        if change is None:
            return seen
        end_link(db, seen, change, work.now())
        return say_audited(work, db, actor, branch, seen.visit_id, seen.external_id, [change])


def end_link(db: Db, seen: Visit, change: ev.VisitAmended, now: datetime) -> None:
    """Whoever was sent a link opens nothing with it where the number or address it went to is put right: it may have
    been a stranger's."""
    if change.customer is UNSET:
        return
    email = change.customer.email or ""
    is_number = numbers.bare(seen.phone) in {"", numbers.bare(change.customer.phone)}
    if not (is_number and seen.email.casefold() in {"", email.casefold()}):
        links.end(db, seen.branch, seen.visit_id, "own", now)


def amendment(seen: Visit, wanted: ev.VisitAmended) -> ev.VisitAmended | None:
    """What of `wanted` differs from the visit as it stands; None when nothing does."""
    charges = [ev.Charge(label=one.label, amount=f"{one.amount:.2f}") for one in seen.charges]
    customer = ev.Customer(
        name=seen.customer_name, phone=seen.phone, address=seen.address, lat=seen.lat, lon=seen.lon,
        language=seen.language, district=seen.district or UNSET, email=seen.email or UNSET,  # type: ignore[arg-type]
    )  # fmt: skip
    change = ev.VisitAmended(
        customer=amended_customer(customer, wanted.customer),
        charges=UNSET if wanted.charges == charges else wanted.charges,
        job_type=UNSET if wanted.job_type == seen.job_type else wanted.job_type,
        note=UNSET if (wanted.note or "") == seen.note else wanted.note,
    )
    if change.customer is not UNSET:
        _check_email(change.customer)
    return change if plain(change) else None


def _check_email(customer: ev.Customer) -> None:
    if customer.email and not is_email(customer.email):
        raise Invalid("email_malformed", field="email")


# --- Shared with `services.approvals` and `services.rulings` -------------------------------------------------------


def movable(db: Db, branch: BranchCode, visit: str, rev: int, change: ev.PromiseChanged, now: datetime) -> Visit:
    """The visit as the planner saw it, open to this change; raises what `move_visit` says."""
    scheduling.promised(change.promise.start, change.promise.end, now)
    scheduling.told(change.promise.told_at, now)
    return get_open(db, branch, visit, rev)


def unchanged(db: Db, branch: BranchCode, visit: str, rev: int) -> Visit:
    """The visit; `Conflict` visit_changed when its plan is not any more what the planner saw at `rev`."""
    seen = visits.get(db, branch, visit)
    if seen.rev == rev:
        return seen
    since = [one for one in planning.timeline(db, branch, visit)[rev:] if one.event.type in _PLAN_CHANGES]
    if rev > seen.rev or since:
        last = since[-1] if since else None
        raise Conflict(
            "visit_changed",
            number=seen.external_id,
            changes=",".join(one.event.type for one in since),
            by=last.event.actor if last else "",
            when=last.received_at.isoformat() if last else "",
        )
    return seen


def be_others(actor: Actor, seen: Visit, *whose: str | None) -> None:
    """Nobody decides about a visit of their own: whoever was its technician, and plans by now. `whose` it may turn out
    to be besides."""
    if actor.login in (seen.technician, *whose):
        raise Forbidden("visit_own", number=seen.external_id)


def get_open(db: Db, branch: BranchCode, visit: str, rev: int) -> Visit:
    """The unchanged visit, and only while there is something left to plan."""
    seen = unchanged(db, branch, visit, rev)
    be_open(seen)
    return seen


def be_open(seen: Visit) -> None:
    """Raises `Conflict` visit_over, visit_started, visit_disputed where there is nothing left to plan."""
    if seen.state in ENDED:
        raise Conflict("visit_over", number=seen.external_id)
    if seen.state in _INSIDE:
        raise Conflict("visit_started", number=seen.external_id)
    if seen.held:
        raise Conflict("visit_disputed", number=seen.external_id)


def be_movable_by(db: Db, actor: Actor, seen: Visit, change: ev.PromiseChanged, now: datetime) -> None:
    """Raises what `move_visit` says of a promise that one person alone may not change now."""
    be_others(actor, seen)
    _told_in_time(db, seen, change, now)
    notice = late_by(db, seen.branch, seen.visit_id, change, now)
    if notice is not None:
        raise Invalid("needs_second_person", field="asked_by", minutes=_minutes(notice))


def late_by(
    db: Db, branch: str, visit: VisitId, change: ev.PromiseChanged, now: datetime
) -> timedelta | None:  # fmt: skip
    """The notice that entering this change now would undercut; None when nobody else needs to agree.

    Counted from the promise in force: a window that the company moved too late shields nobody (scoring.md 4).
    """
    in_force, notice = _in_force(db, branch, visit)
    return notice if approvals.is_late(change.asked_by, in_force.start, now, notice) else None


def _in_force(db: Db, branch: str, visit: VisitId) -> tuple[ev.Promise, timedelta]:
    """The promise that the visit is held to, and the notice of its month's norm."""
    history = events.histories(db, branch, [visit])[0][visit]
    first = next(
        one.data.promise
        for one in sorted(history, key=lambda one: one.order)
        if isinstance(one.data, ev.VisitScheduled)
    )
    books, zone = rulebooks(db), zone_of(db, branch)
    notice = books.in_force(month_of(first.start, zone)).parameters.notice
    in_force = keep_ledger(first, history, None, notice).in_force
    return in_force, books.in_force(month_of(in_force.start, zone)).parameters.notice


def plan_move(
    work: Work, db: Db, planner: str | None, seen: Visit, change: ev.PromiseChanged, slot: Slot, now: datetime
) -> list[ev.Data]:
    """What has to be said to move the visit and its plan; a free technician is required, an override audited as
    `planner`'s (None: only looked at)."""
    minutes = length(seen) if slot.minutes is None else slot.minutes
    start = slot.start or change.promise.start
    slotted, window = replace(slot, minutes=minutes), Window(change.promise.start, change.promise.end)
    wanted = Claim(seen.visit_id, seen.external_id, seen.job_type, start, slotted, seen.district, window)
    claim_time(work, db, planner, BranchCode(seen.branch), wanted, now)
    technician = slot.technician or None
    if technician == seen.technician and start == change.promise.start and minutes == length(seen):
        return [change]
    assigned = ev.VisitAssigned(
        technician=technician, reason=change.reason, planned_start=start, duration=minutes
    )  # fmt: skip
    return [change, assigned]


def say(
    work: Work, db: Db, author: str, branch: BranchCode, visit: VisitId, said: Sequence[ev.Data], now: datetime,
    slot: Slot | None = None,
) -> list[Event]:  # fmt: skip
    """Record what the office says about the visit in the name of `author`, and claim the time of the `slot` that it
    gives; auditing it is the caller's."""
    records = [Record(event=event(work, author, visit, data, now), origin="office", received_at=now) for data in said]
    record(db, branch, records, now)
    if slot is not None and not slot.override.strip():
        hold(db, branch, visit)
    return [one.event for one in records]


def say_audited(
    work: Work, db: Db, actor: Actor, branch: BranchCode, visit: VisitId, number: str, said: Sequence[ev.Data],
    slot: Slot | None = None,
) -> Visit:  # fmt: skip
    """Record what the office says about the visit, with one audit row for each; the visit as it stands then."""
    now = work.now()
    for one in say(work, db, actor.login, branch, visit, said, now, slot):
        audit.append(
            db, branch, entry_id=work.new_id(), now=now, actor=actor.login, action=one.type, subject=number,
            facts={"event": one.id},
        )  # fmt: skip
    return visits.get(db, branch, visit)


def length(seen: Visit) -> int:
    """For how many minutes the visit is planned."""
    return _minutes(seen.planned.end - seen.planned.start)


# --- Inside -------------------------------------------------------------------------------------------------------


def _told_in_time(db: Db, seen: Visit, change: ev.PromiseChanged | ev.VisitCancelled, now: datetime) -> None:
    """Whether one person may say now that the customer was told then; raises `Invalid("told_afterwards")`. What the
    company changes counts by its notice, a cancellation while the visit is not yet missed (scoring.md 4). Of what a
    customer asked to move, a second person judges that (`late_by`)."""
    if isinstance(change, ev.PromiseChanged) and change.asked_by == "customer":
        return
    in_force, notice = _in_force(db, seen.branch, seen.visit_id)
    told_at = change.promise.told_at if isinstance(change, ev.PromiseChanged) else change.told_at
    if change.asked_by == "company":
        approvals.be_told_in_time(told_at, now, in_force.start - notice)
    missed = in_force.end + missed_after(rulebooks(db), in_force.start, zone_of(db, seen.branch))
    approvals.be_told_in_time(told_at, now, missed)


def event(work: Work, author: str, visit: VisitId, data: ev.Data, now: datetime) -> Event:
    """`data` as a fact by `author`, read back strictly: what is stored can be read (else `Invalid` schema_invalid)."""
    kind, made = str(type(data).__struct_config__.tag), EventId(work.new_id())
    return Event(
        id=made, type=kind, visit=visit, effective_at=now, actor=StaffCode(author), data=checked(data)
    )  # fmt: skip


def checked(data: Data) -> Data:
    """`data` as it will be read again; raises `Invalid` schema_invalid."""
    return cast(Data, read_data(str(type(data).__struct_config__.tag), plain(data)))


def _own_number(work: Work, now: datetime) -> str:
    """A number for an order that came without one: the day, and enough of a fresh id to be nobody else's."""
    return f"V{now:%y%m%d}-{work.new_id()[-6:].upper()}"


def _minutes(duration: timedelta) -> int:
    return int(duration.total_seconds() // 60)
