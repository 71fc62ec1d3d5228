"""A technician's time: what a planner wants of it, what speaks against that, and saying why it is taken all the same.

Owns the refusals of planning and their audit; what is recorded of the visit is `services.scheduling`'s.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fieldapp.domain import scheduling
from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Job, Obstacle
from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.domain.ids import BranchCode, VisitId
from fieldapp.domain.scheduling import Plan
from fieldapp.domain.visits.lifecycle import DURATIONS
from fieldapp.services.calendars import speaks_against
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, claims, pins, planning, visits
from fieldapp.storage.planning import BUSY
from fieldapp.storage.visits import Visit

#: What a planner may overrule with a reason -> how the audit calls it.
_OVERRIDES = {
    "technician_busy": "visit.double_booked", "technician_absent": "visit.planned_in_absence",
    "off_shift": "visit.planned_off_shift", "skill_missing": "visit.planned_without_skill",
    "district_foreign": "visit.planned_outside_district", "visit_pinned": "visit.moved_from_pin",
    "outside_promise": "visit.planned_outside_promise",
}  # fmt: skip
#: Where a reason is one for this absence or window, and for no other.
_OWN = frozenset({"technician_absent", "outside_promise"})
OVERRIDABLE = frozenset(_OVERRIDES)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Who works when: `start` None means the start of the promise, `minutes` None the usual length of the job.

    `override` says why the technician is sent although other work, their calendar or the promise speaks against it.
    """

    technician: str | None = None
    start: datetime | None = None
    minutes: int | None = None
    override: str = ""


@dataclass(frozen=True)
class Claim:
    """What a planner wants of a technician's day."""

    visit: VisitId
    number: str
    job_type: str
    start: datetime
    slot: Slot
    district: str
    #: The window that the start has to be in; None where it stays what it was.
    promise: Window | None = None
    #: What is planned anew in the same act, this visit among it: where those visits stood until then is free.
    together: Sequence[Plan] = ()


def claim_time(work: Work, db: Db, planner: str | None, branch: BranchCode, claim: Claim, now: datetime) -> None:
    """Check that nobody pinned the visit elsewhere, that work begins when the customer was promised, and that the
    technician exists, is free and fits; an override is audited with its reason, unless nobody plans yet (`planner`
    None)."""
    interval = scheduling.job(claim.start, _length(claim))
    code, against = claim.slot.technician or "", _pinned(db, branch, claim)
    if claim.promise is not None:
        against += outside_promise(claim.promise, claim.start)
    if code:
        _check_is_here(db, branch, code)
        against += _runs_into(db, branch, claim, Plan(claim.visit, claim.number, code, interval))
    if not against:
        return
    if not claim.slot.override.strip():
        field = "planned_start" if against[0].code == "outside_promise" else "technician"
        raise Conflict(against[0].code, field=field, technician=code, **against[0].facts)
    if planner is not None:
        for one in against:
            audit.append(
                db, branch, entry_id=work.new_id(), now=now, actor=planner, action=_OVERRIDES[one.code],
                subject=claim.number,
                facts={"technician": code, **one.facts, "reason": claim.slot.override.strip()},
            )  # fmt: skip


def outside_promise(promise: Window, start: datetime) -> list[Obstacle]:
    """That work would begin outside the window: before it nobody need be at home, and after it is late."""
    if promise.start <= start <= promise.end:
        return []
    return [Obstacle("outside_promise", {"start": promise.start.isoformat(), "end": promise.end.isoformat()})]


def overruled(db: Db, branch: BranchCode, found: Mapping[str, tuple[str, Sequence[Obstacle]]]) -> frozenset[str]:
    """Which of these visits (number -> technician, and what speaks against them) somebody planned so all the same, with
    a reason for each thing. Of another absence or window than the one that they knew of it is no reason."""
    codes = sorted({one.code for _, against in found.values() for one in against})
    said = {code: audit.with_action(db, branch, _OVERRIDES[code], found) for code in codes}
    return frozenset(
        number for number, (technician, against) in found.items()
        if against and all(any(_is_reason(row, number, technician, one) for row in said[one.code]) for one in against)
    )  # fmt: skip


def _is_reason(row: audit.Told, number: str, technician: str, obstacle: Obstacle) -> bool:
    """Hours and skills may have been entered anew since then."""
    is_same = obstacle.code not in _OWN or obstacle.facts.items() <= row.facts.items()
    return is_same and (row.subject, row.facts.get("technician")) == (number, technician)


def hold(db: Db, branch: BranchCode, visit: VisitId) -> None:
    """Claim the time that the visit is planned for now, so that the database itself gives it to no other. After a check
    and without an override; raises `Conflict` technician_busy where another act was faster all the same."""
    if not claims.are_kept(db):
        return
    seen = visits.get(db, branch, visit)
    if seen.technician is None or seen.state not in BUSY:
        return
    other = claims.take(db, branch, visit, seen.technician, seen.planned)
    if other is not None:
        facts = _busy(visits.get(db, branch, other))
        raise Conflict("technician_busy", field="technician", technician=seen.technician, **facts)


def let_go(db: Db, branch: BranchCode, found: Iterable[VisitId]) -> None:
    """These visits claim nothing while they are planned anew."""
    if claims.are_kept(db):
        for one in found:
            claims.release(db, branch, one)


def _busy(other: Visit) -> dict[str, str]:
    return {
        "other": other.external_id, "other_visit": other.visit_id, "start": other.planned.start.isoformat(),
        "end": other.planned.end.isoformat(),
    }  # fmt: skip


def _check_is_here(db: Db, branch: BranchCode, code: str) -> None:
    technician = planning.find_technician(db, branch, code)
    if technician is None:
        raise Invalid("technician_unknown", field="technician", technician=code)
    if not technician.is_active:
        raise Invalid("technician_left", field="technician", technician=code)


def _pinned(db: Db, branch: BranchCode, claim: Claim) -> list[Obstacle]:
    """That somebody holds the visit elsewhere."""
    pin = pins.find(db, branch, claim.visit)
    if pin is None or (pin.technician, pin.start) == (claim.slot.technician, claim.start):
        return []
    facts = {"number": claim.number, "holder": pin.technician, "by": pin.by, "since": pin.since.isoformat()}
    return [Obstacle("visit_pinned", facts)]


def _runs_into(db: Db, branch: BranchCode, claim: Claim, plan: Plan) -> list[Obstacle]:
    """What speaks against the plan: other work of the technician on the whole interval, and their calendar."""
    moving = {one.visit for one in claim.together}
    there = planning.plans(db, branch, [plan.technician], plan.work.start, plan.work.end)
    other = scheduling.first_collision(plan, [*claim.together, *(one for one in there if one.visit not in moving)])
    job = Job(plan.work, claim.job_type, claim.district)
    calendar = speaks_against(db, branch, [plan.technician], job)[plan.technician]
    if other is None:
        return list(calendar)
    facts = {
        "other": other.label, "other_visit": other.visit, "start": other.work.start.isoformat(),
        "end": other.work.end.isoformat(),
    }  # fmt: skip
    return [Obstacle("technician_busy", facts), *calendar]


def _length(claim: Claim) -> timedelta:
    """How long the work is planned to take; numbers beyond any day stay beyond it without breaking the arithmetic."""
    minutes = claim.slot.minutes
    return DURATIONS[claim.job_type] if minutes is None else timedelta(minutes=max(0, min(minutes, 100_000)))
