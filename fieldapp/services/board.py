"""The dispatcher's board: a day or a week by technicians, what stands how, and whether anything is new since.

Reads only, page by page of technicians; moving a visit is `services.scheduling`'s.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, require
from fieldapp.domain.board import Seen, Standing, standings
from fieldapp.domain.calendar import Window, day_bounds
from fieldapp.domain.calendars import Absence
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.places import ByGreatCircle, Travel
from fieldapp.services.branches import zone_of
from fieldapp.services.risks import Alarm, Alert, look_out
from fieldapp.services.rulebooks import missed_after, rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import board, branches, calendars, pins
from fieldapp.storage.board import Happened, Heard, Planned
from fieldapp.storage.branches import Team
from fieldapp.storage.planning import WAITING, Technician

__all__ = ["Absence", "Alert", "Asked", "Bar", "Board", "Heard", "Row", "Show", "Team", "Technician"]

#: Only the rows with something of that kind.
Show = Literal["", "at_risk", "held", "late", "waiting", "planned"]
#: More of the pool than this is no help on a board; the list has them all.
POOL = 60
#: What the clock alone changes (late, missed) and what phones say without a fact is looked at anew this often.
TICK = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which part of the board: so many days from `first`, rows narrowed by team, text (code or name) and `show`, and
    of these a page of `size`."""

    first: date
    days: int = 1
    team: str = ""
    text: str = ""
    show: Show = ""
    page: int = 1
    size: int = 25


@dataclass(frozen=True, slots=True)
class Bar:
    """One visit: as planned, its state as of now, how it stands, what happened, whether it is held there, and how long
    the way to it from the visit before will take (None: it is the day's first, or they have set out)."""

    visit: Planned
    state: str
    standings: tuple[Standing, ...]
    happened: Happened
    pinned: bool
    way: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One technician with their bars, when their phone was heard last, and when they are away."""

    technician: Technician
    heard: Heard | None
    bars: Sequence[Bar]
    away: Sequence[Absence]


@dataclass(frozen=True, slots=True)
class Board:
    """One page of the board. `pool` are the first so many of `pool_total` visits that nobody was given; `total` counts
    the rows of all pages. `alarm` is what needs somebody now, on the day that it is."""

    bounds: Window
    rows: Sequence[Row]
    pool: Sequence[Bar]
    pool_total: int
    page: int
    pages: int
    total: int
    alarm: Alarm | None


def look(
    work: Work, actor: Actor, branch: BranchCode, asked: Asked, known: str | None = None
) -> tuple[str, Board | None]:
    """The mark of what is asked for, and the board; None when it is what `known` is the mark of."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.read() as db:
        zone = zone_of(db, branch)
        bounds = Window(day_bounds(asked.first, zone)[0], day_bounds(asked.first + timedelta(asked.days - 1), zone)[1])
        return _Look(work, db, branch, bounds, now, zone, ByGreatCircle()).board(asked, known)


def list_teams(work: Work, actor: Actor, branch: BranchCode) -> Sequence[Team]:
    """The branch's teams."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        return branches.teams(db, branch)


@dataclass(frozen=True)
class _Look:
    """One look at the board in one transaction."""

    work: Work
    db: Db
    branch: BranchCode
    bounds: Window
    now: datetime
    zone: ZoneInfo
    travel: Travel

    @cached_property
    def people(self) -> Sequence[Technician]:
        return board.technicians(self.db, self.branch)

    @cached_property
    def alarm(self) -> Alarm | None:
        """On the day that it is; a week shows none, and of other days nothing is known yet."""
        if not self.is_today:
            return None
        codes = [one.code for one in self.people if one.is_active]
        return look_out(self.work, self.db, self.branch, self.bounds, self.whole, codes, self.zone)

    @property
    def is_today(self) -> bool:
        return self.bounds.start <= self.now < self.bounds.end <= self.bounds.start + timedelta(hours=26)

    @cached_property
    def absences(self) -> Sequence[Absence]:
        return calendars.absences(self.db, self.branch, None, self.bounds)

    @cached_property
    def pinned(self) -> frozenset[str]:
        return pins.within(self.db, self.branch, self.bounds)

    def _away(self, technician: str) -> Sequence[Absence]:
        return [one for one in self.absences if one.technician == technician]

    @cached_property
    def heard(self) -> Mapping[str, Heard]:
        return board.heard(self.db, self.branch)

    def board(self, asked: Asked, known: str | None) -> tuple[str, Board | None]:
        gone = [one.code for one in self.people if not one.is_active]
        busy = {one.technician for one in self._planned(gone)} if gone else set()
        wanted = [one for one in self.people if (one.is_active or one.code in busy) and _is_wanted(one, asked)]
        if asked.show:
            # Which rows there are depends on every visit of the days.
            every = self._bars(None)
            matching = {one.visit.technician for one in every if asked.show in (*one.standings, one.state)}
            wanted = [one for one in wanted if one.code in matching]
        size = asked.size
        pages = max(1, -(-len(wanted) // size))
        page = min(asked.page, pages)
        shown = wanted[(page - 1) * size : page * size]
        mark = self._mark(asked, shown)
        if mark == known:
            return mark, None
        alarm = self.alarm
        bars: dict[str | None, list[Bar]] = defaultdict(list)
        for one in self._bars([*(one.code for one in shown), None]):
            bars[one.visit.technician].append(one)
        pool = [one for one in bars[None] if one.state in WAITING or one.standings]
        rows = [
            Row(one, self.heard.get(one.code), self._with_ways(bars[one.code]), self._away(one.code)) for one in shown
        ]
        return mark, Board(self.bounds, rows, pool[:POOL], len(pool), page, pages, len(wanted), alarm)

    def _mark(self, asked: Asked, shown: Sequence[Technician]) -> str:
        day = board.mark(self.db, self.branch, self.bounds.start, self.bounds.end, [*(one.code for one in shown), None])
        tick = int(self.now.timestamp()) // TICK
        seen = asked, shown, len(self.people), self.absences, sorted(self.pinned), day, tick
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]

    def _bars(self, technicians: Sequence[str | None] | None) -> list[Bar]:
        found = self._planned(technicians)
        begun = [one.visit_id for one in found if one.state != "planned"] if technicians is not None else []
        happened = board.happened(self.db, self.branch, begun)
        missed = self._missed(found)
        return [self._bar(one, missed, happened.get(one.visit_id, Happened())) for one in found]

    def _with_ways(self, bars: Sequence[Bar]) -> Sequence[Bar]:
        """One technician's bars in the order of their plan, with the ways that are still ahead."""
        found: list[Bar] = []
        for one in sorted(bars, key=lambda bar: bar.visit.planned.start):
            last = found[-1].visit if found else None
            if last and one.visit.state == "planned" and self._day(last) == self._day(one.visit):
                one = replace(one, way=self.travel(last.place, one.visit.place))
            found.append(one)
        return found

    def _day(self, visit: Planned) -> date:
        return visit.planned.start.astimezone(self.zone).date()

    def _planned(self, technicians: Sequence[str | None] | None) -> Sequence[Planned]:
        """The visits of these technicians; of what was read already nothing is read again."""
        if technicians is None or "whole" in self.__dict__:
            return [one for one in self.whole if technicians is None or one.technician in technicians]
        return board.planned(self.db, self.branch, self.bounds.start, self.bounds.end, technicians)

    @cached_property
    def whole(self) -> Sequence[Planned]:
        return board.planned(self.db, self.branch, self.bounds.start, self.bounds.end)

    def _bar(self, visit: Planned, missed: Collection[str], happened: Happened) -> Bar:
        state = "missed" if visit.visit_id in missed else visit.state
        phone = self.heard.get(visit.technician or "")
        seen = Seen(
            state=state, held=visit.held > 0, window=visit.window, planned=visit.planned, arrived=happened.arrived,
            heard_at=phone.seen_at if phone else None, unsent=phone.outbox if phone else 0,
        )  # fmt: skip
        standing = standings(seen, self.now)
        if self.alarm and visit.visit_id in self.alarm.at_risk and "late" not in standing:
            standing = (*standing, "at_risk")
        return Bar(visit, state, standing, happened, visit.visit_id in self.pinned)

    def _missed(self, found: Sequence[Planned]) -> set[str]:
        """Visits that nobody came to, as of now."""
        books = rulebooks(self.db)
        return {
            one.visit_id
            for one in found
            if one.state in WAITING
            and one.window.end < self.now
            and self.now > one.window.end + missed_after(books, one.window.start, self.zone)
        }


def _is_wanted(one: Technician, asked: Asked) -> bool:
    text = asked.text.casefold()
    return (not asked.team or one.team == asked.team) and (
        not text or text in one.code.casefold() or text in one.name.casefold()
    )
