"""When a technician is away: whose visits that leaves open, who could take each over, and doing so in one act.

Owns that either every visit of the list gets what was decided for it or none does. What speaks against a technician is
`services.claims`'s, what a change is recorded as `services.scheduling`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Absence, Job
from fieldapp.domain.day_plans import LEAD, rounded_up_to
from fieldapp.domain.errors import Conflict, DomainError, Invalid
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.risks import Stop, keeps_away
from fieldapp.domain.roster import Free, Roster, share_out
from fieldapp.domain.scheduling import Plan
from fieldapp.domain.visits import events as ev
from fieldapp.services import scheduling
from fieldapp.services.branches import zone_of
from fieldapp.services.claims import Slot
from fieldapp.services.free_windows import roster
from fieldapp.services.message_forecast import Forecast, forecast, way_of_move
from fieldapp.services.message_sending import Channels
from fieldapp.services.rulebooks import missed_after, rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import calendars, pins, planning, visits
from fieldapp.storage.planning import Technician
from fieldapp.storage.visits import Visit

__all__ = ["Absence", "ByMessage", "Cover", "Decision", "Left", "Told"]

#: How far ahead another window is looked for.
AHEAD = timedelta(days=10)


@dataclass(frozen=True)
class Left:
    """A visit that the absence leaves open: when work could begin, who could take it over as promised then, who is
    proposed; when nobody can, the next window that somebody can keep."""

    visit: Visit
    start: datetime
    able: Sequence[Technician]
    proposed: str | None
    instead: Free | None
    pinned: bool
    #: What the customer would be told by itself; None where messages are not set up.
    told: Forecast | None = None


@dataclass(frozen=True)
class Cover:
    """An absence with every visit that it leaves open, by planned start."""

    absence: Absence
    technician: Technician | None
    left: Sequence[Left]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of one visit, as seen at `rev`: it goes to `technician` (None: to the pool), from `start` on (None:
    as planned so far), in another window where one is given. `override` says why a pinned one moves."""

    visit: str
    rev: int
    technician: str | None
    window: Window | None = None
    start: datetime | None = None
    override: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """When and how the customers whose window moves were told of it in talk, and whether with an apology."""

    told_at: datetime
    channel: str
    apology: bool


@dataclass(frozen=True, kw_only=True)
class ByMessage:
    """The customers whose window moves are told of it by the message that follows at once."""

    channels: Channels
    apology: bool


class CannotCover(DomainError):
    """One visit's decision was refused, so none was carried out; `refusal` says why."""

    code = "cannot_cover"

    def __init__(self, visit: Visit, refusal: DomainError) -> None:
        super().__init__(number=visit.external_id)
        self.visit, self.refusal = visit.visit_id, refusal


def look(
    work: Work, actor: Actor, branch: BranchCode, absence_id: str, channels: Channels | None = None
) -> Cover:  # fmt: skip
    """The absence and what it leaves open from now on, what is overdue and not yet missed among it, with what customers
    would be told where there are `channels`; raises `NotFound`."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.read() as db:
        absence = calendars.get_absence(db, branch, absence_id)
        people = [one for one in planning.technicians(db, branch) if one.is_active]
        names = {str(one.code): one for one in people}
        span = Window(max(absence.span.start, now), max(absence.span.end, now))
        open_ones = _left_open(db, branch, absence, now)
        known = roster(db, branch, [one.code for one in people], Window(now, span.end + AHEAD))
        who = planning.find_technician(db, branch, absence.technician)
        held = pins.within(db, branch, span)
        jobs = {one.visit_id: _job(one, now) for one in open_ones}
        kept = {one.visit_id: jobs[one.visit_id] for one in open_ones if _is_in_time(one, now)}
        shared, then = share_out(known, kept.items())
        left = []
        for one in open_ones:
            job, proposed, instead = jobs[one.visit_id], shared.get(one.visit_id), None
            able = [names[code] for code in known.who(job, one.visit_id)] if one.visit_id in kept else []
            if proposed is None and (instead := _later(then, one, now)):
                length = one.planned.end - one.planned.start
                work_then = Window(instead.window.start, instead.window.start + length)
                then = then.taking(Plan(one.visit_id, "", instead.technician, work_then), one.place)
            told = forecast(db, channels, one, instead.window if instead else None, now) if channels else None
            left.append(Left(one, job.work.start, able, proposed, instead, one.visit_id in held, told))
    return Cover(absence, who, left)


def cover(
    work: Work, actor: Actor, branch: BranchCode, absence_id: str, decisions: Sequence[Decision],
    told: Told | ByMessage | None,
) -> Sequence[Visit]:  # fmt: skip
    """Give every visit to whom, and move it to when, was decided: all of them or none. `told`: how the customers of
    other windows are told; None where there are none.

    Raises `NotFound` for the absence, `CannotCover` with the first visit that cannot be changed so.
    """
    require(actor, "visits.plan", branch=branch)
    with work.write(branch) as db:
        calendars.get_absence(db, branch, absence_id)
        changed = []
        for one in decisions:
            seen = visits.get(db, branch, one.visit)
            try:
                changed.append(_carry_out(work.within(db), actor, branch, seen, one, told))
            except DomainError as refusal:
                raise CannotCover(seen, refusal) from refusal
        return changed


def _carry_out(
    work: Work, actor: Actor, branch: BranchCode, seen: Visit, wanted: Decision, told: Told | ByMessage | None
) -> Visit:  # fmt: skip
    start = wanted.start if wanted.window is None else None
    slot = Slot(technician=wanted.technician, start=start, override=wanted.override)
    if wanted.window is None:
        return scheduling.assign_visit(work, actor, branch, wanted.visit, wanted.rev, slot)
    if told is None:
        raise Invalid("told_missing", field="told_at")
    told_at, channel = _when_told(work, seen, wanted.window, told)
    promise = ev.Promise(
        start=wanted.window.start, end=wanted.window.end, agreed=False, told_at=told_at, channel=channel
    )
    change = ev.PromiseChanged(asked_by="company", promise=promise, apology=told.apology, cause="technician")
    return scheduling.move_visit(work, actor, branch, seen.visit_id, wanted.rev, change, slot)


def _when_told(work: Work, seen: Visit, window: Window, told: Told | ByMessage) -> tuple[datetime, str]:
    """What the ledger says of it. Whom no message reaches at once was not told: that is refused."""
    if isinstance(told, Told):
        return told.told_at, told.channel
    now = work.now()
    with work.read() as db:
        way = way_of_move(db, told.channels, seen, window, now)
    if way is None:
        raise Conflict("no_message_now", number=seen.external_id)
    return now, way.channel


def _left_open(db: Db, branch: BranchCode, absence: Absence, now: datetime) -> list[Visit]:
    """What the absence keeps its technician from, until the norm calls it missed."""
    waiting = planning.waiting_of(
        db, branch, absence.technician, begins_before=absence.span.end, ends_after=now,
        promised_after=now - missed_after(rulebooks(db), now, zone_of(db, branch)),
    )  # fmt: skip
    return [one for one in waiting if keeps_away(absence.span, _stop(one), now)]


def _stop(visit: Visit) -> Stop:
    return Stop(
        visit=visit.visit_id, state=visit.state, job_type=visit.job_type, window=visit.window, planned=visit.planned
    )


def _start(visit: Visit, now: datetime) -> datetime:
    """As planned; where that is over, as soon as somebody can be told, and not before they are awaited."""
    return visit.planned.start if visit.planned.start > now else max(rounded_up_to(now + LEAD), visit.window.start)


def _is_in_time(visit: Visit, now: datetime) -> bool:
    """Whether who takes it over keeps the promise, as far as the plan did."""
    return _start(visit, now) <= max(visit.window.end, visit.planned.start)


def _job(visit: Visit, now: datetime) -> Job:
    """What is still to be done."""
    start = _start(visit, now)
    work = Window(start, start + (visit.planned.end - visit.planned.start))
    return Job(work, visit.job_type, visit.district, visit.place)


def _later(known: Roster, visit: Visit, now: datetime) -> Free | None:
    """The next window as wide as the promised one that somebody can keep, not before the promised one."""
    start = max(visit.window.start, now)
    wanted = replace(_job(visit, now), work=Window(start, start + (visit.planned.end - visit.planned.start)))
    width = visit.window.end - visit.window.start
    return next(known.free_windows(wanted, width, start + AHEAD, visit.visit_id), None)
