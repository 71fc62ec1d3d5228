"""Spot checks of a month: a seed is committed to, the draw follows from it, and what was done is held against it.

Owns the one step that chooses anything, and who may see the draw when. The draw itself is `domain.spot_checks`'.
"""

import contextlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from fieldapp.domain import call_backs
from fieldapp.domain import spot_checks as rules
from fieldapp.domain.access import OPERATOR, Actor, Permission, may, own_branch, require
from fieldapp.domain.calendar import Month, day_bounds, month_of, shifted
from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.domain.ids import BranchCode, StaffCode
from fieldapp.domain.spot_checks import Check, State
from fieldapp.domain.visits.events import FindingRecorded
from fieldapp.domain.visits.lifecycle import ENDED
from fieldapp.services.branches import zone_of
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, branches, events, planning, spot_checks, visits
from fieldapp.storage.planning import Technician
from fieldapp.storage.spot_checks import Draw
from fieldapp.storage.visits import Visit

__all__ = ["Board", "Draw", "Lane", "Own"]
#: So long before a month the server seals its draw, where quality staff have not: a server that is off for a day or two
#: is still in time.
AHEAD = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Lane:
    """One technician's month: the drawn checks, spot checks beside the draw, and, where one is due, the visits of
    today that are not over, in the order in which the draw wants them tried."""

    technician: Technician
    checks: Sequence[Check]
    states: Sequence[State]
    extra: int
    visits: Sequence[Visit]

    @property
    def left(self) -> int:
        """How many drawn checks are still to be done."""
        return sum(state != "done" for state in self.states)

    @property
    def due_since(self) -> date | None:
        """Since when a check is due, if one is."""
        return next((one.day for one, state in zip(self.checks, self.states, strict=True) if state == "due"), None)


@dataclass(frozen=True, slots=True)
class Board:
    """A month as quality staff work it off. Without a draw (None), `lanes` is empty. `committed_by`: None where it was
    the server."""

    month: Month
    today: date
    draw: Draw | None
    committed_by: str | None
    is_late: bool
    lanes: Sequence[Lane]
    next_month: Month
    next_draw: Draw | None

    @property
    def due(self) -> Sequence[Lane]:
        """Who is to be checked now, whoever waits longest first."""
        return sorted((one for one in self.lanes if one.due_since), key=lambda one: str(one.due_since))

    @property
    def done(self) -> int:
        return sum(state == "done" for lane in self.lanes for state in lane.states)

    @property
    def left(self) -> int:
        return sum(lane.left for lane in self.lanes)


@dataclass(frozen=True, slots=True)
class Own:
    """What a technician learns of the draw: the commitment at once; seed and own days when the month is over."""

    commitment: str
    committed_on: date
    quota: int
    is_late: bool
    seed: str | None
    checks: Sequence[Check]


def commit(
    work: Work, actor: Actor, branch: BranchCode, month: Month, quota: int = rules.QUOTA, share: int = call_backs.SHARE
) -> Draw:  # fmt: skip
    """Make the seed of a month and write its commitment into the audit chain; the draw follows from both, for good.

    Call-backs are drawn from the same seed: `share` percent of the signed visits. Only for this month or the next.
    Raises `Invalid` spot_month, spot_quota, call_share; `Conflict` spot_committed.
    """
    require(actor, "findings.write", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        this = month_of(now, zone_of(db, branch))
        if month not in (this, shifted(this, 1)):
            raise Invalid("spot_month", field="month")
        seed = secrets.token_hex(16)
        wanted = rules.check_quota(quota), call_backs.check_share(share)
        draw = Draw(branch, month, seed, rules.commitment(seed), wanted[0], now, actor.login, wanted[1])
        if not spot_checks.add(db, draw):
            raise Conflict("spot_committed")
        audit.append(
            db, branch, entry_id=work.new_id(), now=now, actor=actor.login, action="spot_checks.committed",
            subject=month, facts={"commitment": draw.commitment, "quota": quota, "share": share},
        )  # fmt: skip
        return draw


def seal_in_time(work: Work) -> None:
    """Seal, in every branch, what nobody has: the draw of this month, and near its end the next one's. Asked again, it
    does nothing again; quota and share stay those of the draw before."""
    now = work.now()
    with work.read() as db:
        zones = {one.code: zone_of(db, one.code) for one in branches.every(db)}
    for code, zone in zones.items():
        for month in sorted({month_of(now, zone), month_of(now + AHEAD, zone)}):
            with work.read() as db:
                last = spot_checks.last(db, code, month)
            if last is None:
                _seal(work, BranchCode(code), month, rules.QUOTA, call_backs.SHARE)
            elif last.month != month:
                _seal(work, BranchCode(code), month, last.quota, last.share)


def _seal(work: Work, branch: BranchCode, month: Month, quota: int, share: int) -> None:
    with contextlib.suppress(Conflict):  # another process was faster
        commit(work, OPERATOR, branch, month, quota, share)


def board(work: Work, actor: Actor, month: Month) -> Board:
    """Who is to be checked, what was done, what is left; for quality staff and managers of the branch."""
    branch, now = own_branch(actor, "findings.decide"), work.now()
    with work.read() as db:
        zone = zone_of(db, branch)
        draw, today = spot_checks.find(db, branch, month), now.astimezone(zone).date()
        following = shifted(month_of(now, zone), 1)
        names = planning.names(db, branch)
        return Board(
            month=month,
            today=today,
            draw=draw,
            committed_by=_who(names, draw.committed_by) if draw else None,
            is_late=draw is not None and _is_late(draw, zone),
            lanes=_lanes(db, draw, zone, today) if draw else [],
            next_month=following,
            next_draw=spot_checks.find(db, branch, following),
        )


def own(work: Work, actor: Actor, branch: BranchCode, technician: str, month: Month) -> Own | None:
    """What is known of the draw about one technician, for them and for who reads the team's scores; None without one.

    Raises `Forbidden`, `NotFound`.
    """
    whole: Permission = "scores.team" if may(actor, "scores.team") else "scores.own"
    require(actor, whole, branch=branch, technician=StaffCode(technician))
    with work.read() as db:
        draw, zone = spot_checks.find(db, branch, month), zone_of(db, branch)
        if draw is None:
            return None
        is_open = rules.is_over(month, work.now().astimezone(zone).date())
        done = _done(db, draw, technician)[technician] if is_open else []
        return Own(
            commitment=draw.commitment,
            committed_on=draw.committed_at.astimezone(zone).date(),
            quota=draw.quota,
            is_late=_is_late(draw, zone),
            seed=draw.seed if is_open else None,
            checks=rules.follow(_drawn(draw, technician, zone), done) if is_open else (),
        )


def _lanes(db: Db, draw: Draw, zone: ZoneInfo, today: date) -> list[Lane]:
    done, planned = _done(db, draw), _visits(db, draw, zone, today)
    lanes = []
    for one in planning.technicians(db, draw.branch):
        checks = rules.follow(_drawn(draw, one.code, zone), done[one.code])
        states = [check.state(today) for check in checks]
        if not one.is_active and "done" not in states:
            continue
        numbers = {visit.external_id: visit for visit in planned.get(one.code, ())} if "due" in states else {}
        extra = len(done[one.code]) - states.count("done")
        order = rules.drawn_visits(draw.seed, numbers)
        lanes.append(Lane(one, checks, states, extra, [numbers[number] for number in order]))
    return lanes


def _who(names: Mapping[str, str], login: str) -> str | None:
    return None if login == OPERATOR.login else names.get(login, login)


def _is_late(draw: Draw, zone: ZoneInfo) -> bool:
    return month_of(draw.committed_at, zone) == draw.month


def _drawn(draw: Draw, technician: str, zone: ZoneInfo) -> tuple[date, ...]:
    choice = rules.days(draw.month, draw.committed_at.astimezone(zone).date())
    return rules.drawn_days(draw.seed, technician, choice, draw.quota)


def _done(db: Db, draw: Draw, technician: str | None = None) -> Mapping[str, list[date]]:
    """The days of each technician's spot checks of the month; several findings about one visit are one check.

    Whether somebody came in time is also judged at a desk (`arrivals`): what says nothing else is no look at anybody.
    """
    found: Iterable[str] = spot_checks.findings_of(db, draw.branch, draw.month, technician)
    looks = {
        (event.data.technician, event.visit or "", event.data.occurred_on)
        for event in events.by_ids(db, draw.branch, found)
        if isinstance(event.data, FindingRecorded) and event.data.item != "punctual"
    }
    done: dict[str, list[date]] = defaultdict(list)
    for who, _, day in looks:
        done[who].append(day)
    return done


def _visits(db: Db, draw: Draw, zone: ZoneInfo, today: date) -> Mapping[str, list[Visit]]:
    start, end = day_bounds(today, zone)
    found: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits.between(db, draw.branch, start, end):
        if visit.technician and visit.state not in ENDED:
            found[visit.technician].append(visit)
    return found
