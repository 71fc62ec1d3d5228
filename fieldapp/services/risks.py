"""What on a running day needs somebody now: windows that will probably be missed, and visits that nobody was given.

Owns what is put before the dispatcher and the one act that is proposed for each; how likely a window is missed is
`domain.risks`'s, who can be sent `domain.roster`'s. Nothing here changes anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Window, month_of
from fieldapp.domain.calendars import Absence, Calendar, Job, obstacles
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.places import ByGreatCircle, Travel
from fieldapp.domain.risks import (
    ALARM,
    Experience,
    Forecast,
    Stop,
    is_planned_elsewhen,
    keeps_away,
    look_ahead,
    worth_an_alarm,
)
from fieldapp.domain.scoring.rulebook import Rulebooks
from fieldapp.domain.visits.lifecycle import ENDED
from fieldapp.services import experience
from fieldapp.services.rulebooks import missed_after, rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import board, calendars, pins, planning
from fieldapp.storage.board import Planned

Act = Literal["give", "swap", "move", "tell", "find"]
#: Why somebody does not come to a visit of theirs: they are absent then, work here no more, or have it planned for
#: another day than it is promised for.
Reason = Literal["absent", "gone", "other_day"]

#: Nobody's visits are urgent this long before the promise can no longer be moved.
_SOON = timedelta(hours=2)
#: What is planned so long after what is looked at counts, too, for who could be sent; and however long the notice is,
#: no alarm is about more than the next two days.
_AFTER, _FURTHEST = timedelta(hours=2), timedelta(days=2)
#: So many stand on the board, the most urgent first; the others are counted.
MOST = 12
#: Of those who are free, the nearest so many are looked at closely.
_NEAREST = 6
_STEP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Missing:
    """Why whoever was given a visit does not come, with the absence where it is one."""

    reason: Reason
    absence: Absence | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One visit that needs somebody: the expected arrival and the risk (None and 1.0: nobody comes, because nobody was
    given it or for the reason that is `missing`), until when its promise can be moved (None: no more), and what is
    proposed, with whom, for which visit in exchange, or which window."""

    visit: Planned
    expected: datetime | None
    risk: float
    movable_until: datetime | None
    act: Act
    technician: str | None = None
    other: Planned | None = None
    window: Window | None = None
    missing: Missing | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """The most urgent alerts, and how many there are in all; `at_risk` are the visits that may miss their window, those
    among them that somebody was given and does not come to."""

    alerts: Sequence[Alert]
    total: int
    at_risk: frozenset[str]


def look_out(
    work: Work, db: Db, branch: BranchCode, day: Window, visits: Sequence[Planned], technicians: Sequence[str],
    zone: ZoneInfo, travel: Travel | None = None,
) -> Alarm:  # fmt: skip
    """What needs somebody now. `day` is the one that it is, `visits` are all of it, `technicians` all who work here; of
    the days beside it, what is near enough is read here."""
    reach = _reach(db, day, work.now(), zone)
    known = [*visits, *board.open_around(db, branch, reach, day)]
    return _Lookout(
        work, db, branch, day, reach, _by_id(known), technicians, work.now(), zone, travel or ByGreatCircle()
    ).alarm()


def forecast(
    work: Work, db: Db, branch: BranchCode, day: Window, technician: str, visit: str, zone: ZoneInfo,
    travel: Travel | None = None,
) -> Forecast | None:  # fmt: skip
    """When the technician will probably come to a visit of the day that `now` is in, or of the hours before or after
    it; None once they are there, and where they do not come."""
    reach = _reach(db, day, work.now(), zone)
    known = [
        *board.planned(db, branch, day.start, day.end, [technician]),
        *board.open_around(db, branch, reach, day, [technician]),
    ]
    here = [technician] if _works_here(db, branch, technician) else []
    look = _Lookout(work, db, branch, day, reach, _by_id(known), here, work.now(), zone, travel or ByGreatCircle())
    ahead = look_ahead(look.stops.get(technician, []), look.now, look.experience, look.travel)
    return next((one for one in ahead if one.visit == visit), None)


@dataclass(frozen=True)
class _Lookout:
    """One look at what is near `now`: of `day`, and of what of other days is in `reach`."""

    work: Work
    db: Db
    branch: BranchCode
    day: Window
    reach: Window
    visits: Mapping[str, Planned]
    technicians: Sequence[str]
    now: datetime
    zone: ZoneInfo
    travel: Travel

    def alarm(self) -> Alarm:
        urgent: list[tuple[datetime | None, Planned, Forecast | None]] = [
            *((self._movable_until(one.window), one, forecast) for one, forecast in self._at_risk()),
            *((until, one, None) for one, until in self._nobodys()),
        ]
        urgent.sort(key=lambda one: (one[1].window.end, one[1].external_id))
        alerts = [self._alert(visit, forecast, until) for until, visit, forecast in urgent[:MOST]]
        return Alarm(alerts, len(urgent), frozenset(one.visit_id for _, one, _ in urgent if one.technician))

    # --- What there is --------------------------------------------------------------------------------------------

    @cached_property
    def stops(self) -> dict[str, list[Stop]]:
        """What everybody was given, and with it what they do not come to."""
        found: dict[str, list[Stop]] = defaultdict(list)
        for code, stop in self._given:
            found[code].append(replace(stop, is_deserted=True) if stop.visit in self.missing else stop)
        return found

    @cached_property
    def missing(self) -> Mapping[str, Missing]:
        """Visit -> why whoever was given it does not come."""
        away: dict[str, list[Absence]] = defaultdict(list)
        for one in self.absences:
            away[one.technician].append(one)
        here, found = set(self.technicians), {}
        for code, stop in self._given:
            if stop.state in ENDED or stop.arrived is not None:
                continue
            absence = next((one for one in away.get(code, ()) if keeps_away(one.span, stop, self.now)), None)
            if code not in here:
                found[stop.visit] = Missing("gone")
            elif absence is not None:
                found[stop.visit] = Missing("absent", absence)
            elif is_planned_elsewhen(stop, self.now, self.zone):
                found[stop.visit] = Missing("other_day")
        return found

    @cached_property
    def _given(self) -> Sequence[tuple[str, Stop]]:
        begun = [one.visit_id for one in self.visits.values() if one.state not in ENDED and one.state != "planned"]
        happened = board.happened(self.db, self.branch, begun)
        return [
            (one.technician, _stop(one, happened.get(one.visit_id, board.Happened())))
            for one in self.visits.values()
            if one.technician
        ]

    @cached_property
    def exchanged(self) -> dict[str, Planned]:
        """What was proposed to be given in exchange -> for which visit."""
        return {}

    @cached_property
    def experience(self) -> Mapping[str, Experience]:
        return experience.of(self.work, self.db, self.branch, self.day.start)

    @cached_property
    def books(self) -> Rulebooks:
        return rulebooks(self.db)

    @cached_property
    def calendars(self) -> Mapping[str, Calendar]:
        return calendars.of(self.db, self.branch, self.technicians)

    @cached_property
    def absences(self) -> Sequence[Absence]:
        return calendars.absences(self.db, self.branch, None, self.span)

    @property
    def span(self) -> Window:
        return Window(min(self.day.start, self.reach.start), max(self.day.end, self.reach.end))

    def _movable_until(self, window: Window) -> datetime | None:
        until = window.start - self._notice(window)
        return until if until >= self.now else None

    def _notice(self, window: Window) -> timedelta:
        return _notice(self.books, window.start, self.zone)

    # --- Who needs somebody ---------------------------------------------------------------------------------------

    def _at_risk(self) -> list[tuple[Planned, Forecast]]:
        found = []
        for stops in self.stops.values():
            for one in look_ahead(stops, self.now, self.experience, self.travel):
                visit = self.visits[one.visit]
                if not visit.held and worth_an_alarm(one.risk, visit.window, self.now, self._notice(visit.window)):
                    found.append((visit, one))
        return found

    def _nobodys(self) -> list[tuple[Planned, datetime | None]]:
        """Visits that nobody comes to, whose promise can soon be moved no more, or cannot any more."""
        found = []
        pool = (one for one in self.visits.values() if one.technician is None or one.visit_id in self.missing)
        for one in pool:
            until = self._movable_until(one.window)
            if one.state not in ENDED and not one.held and (until is None or until - self.now <= _SOON):
                found.append((one, until))
        return found

    # --- What to do about it --------------------------------------------------------------------------------------

    def _alert(self, visit: Planned, forecast: Forecast | None, until: datetime | None) -> Alert:
        missing = self.missing.get(visit.visit_id)
        if missing and missing.reason == "other_day":
            # The same plan is no good for anybody else, and on a promise of another day only people can agree.
            return Alert(visit, None, 1.0, until, "find", missing=missing)
        return replace(self._proposal(visit, forecast, until), missing=missing)

    def _proposal(self, visit: Planned, forecast: Forecast | None, until: datetime | None) -> Alert:
        expected, risk = (forecast.arrival, forecast.risk) if forecast else (None, 1.0)
        if mine := self.exchanged.get(visit.visit_id):
            return Alert(visit, expected, risk, until, "swap", technician=mine.technician, other=mine)
        other = self._who_could(visit)
        if other:
            # Whoever is proposed for one visit is not free for the next.
            self.stops[other].append(_stop(visit, board.Happened()))
            return Alert(visit, expected, risk, until, "give", technician=other)
        exchange = self._who_swaps(visit)
        if exchange:
            self.exchanged[exchange.visit_id] = visit
            self.stops[exchange.technician or ""].append(_stop(visit, board.Happened()))
            self.stops[visit.technician or ""].append(_stop(exchange, board.Happened()))
            return Alert(visit, expected, risk, until, "swap", technician=exchange.technician, other=exchange)
        if forecast is None and visit.window.end > self.now:
            return Alert(visit, None, risk, until, "find")
        start = _stepped(max(expected or self.now, visit.window.start))
        window = Window(start, start + (visit.window.end - visit.window.start))
        return Alert(visit, expected, risk, until, "move" if until else "tell", window=window)

    def _who_could(self, visit: Planned) -> str | None:
        """The nearest of those who can take it as planned and promised, without missing anybody else's window."""
        if visit.state != "planned" or visit.window.end < self.now:
            return None
        place = visit.place
        free = []
        for code in self.technicians:
            taken = self.stops.get(code, [])
            if code != visit.technician and not any(one.planned.overlaps(visit.planned) for one in _open(taken)):
                last = max((one for one in taken if one.planned.start < visit.planned.start), default=None,
                           key=lambda one: one.planned.start)  # fmt: skip
                free.append((self.travel(last.place if last else None, place), code))
        job = Job(visit.planned, visit.job_type, visit.district or "")
        able = (code for _, code in sorted(free) if not obstacles(self.calendars[code], self.absences, job, self.zone))
        for _, code in zip(range(_NEAREST), able, strict=False):
            if self._keeps_all(code, visit):
                return code
        return None

    def _who_swaps(self, visit: Planned) -> Planned | None:
        """The nearest visit of somebody else's that can change technicians with this one: each at its planned time, and
        no window is missed for it."""
        if visit.state != "planned" or not visit.technician or visit.window.end < self.now or self._is_held(visit):
            return None
        if visit.visit_id in self.missing:  # who does not come takes nothing in exchange either
            return None
        near = sorted(
            (self.travel(one.place, visit.place), one.external_id, one)
            for one in self.visits.values()
            if one.technician not in {None, visit.technician} and one.technician in self.technicians
            and one.state == "planned" and one.planned.overlaps(visit.planned) and not self._is_held(one)
            and one.visit_id not in self.missing
        )  # fmt: skip
        for _, _, other in near[:_NEAREST]:
            if self._takes(other.technician, visit, other) and self._takes(visit.technician, other, visit):
                return other
        return None

    def _takes(self, code: str | None, visit: Planned, gone: Planned) -> bool:
        """Whether somebody can do the visit in place of the one that goes."""
        taken = [one for one in _open(self.stops.get(code or "", [])) if one.visit != gone.visit_id]
        if any(one.planned.overlaps(visit.planned) for one in taken):
            return False
        job = Job(visit.planned, visit.job_type, visit.district or "")
        calendar = self.calendars.get(code or "")
        if calendar is None or obstacles(calendar, self.absences, job, self.zone):
            return False
        return self._keeps_all(code or "", visit, gone.visit_id)

    def _is_held(self, visit: Planned) -> bool:
        """By a pin, or because facts wait for a decision."""
        return bool(visit.held) or visit.visit_id in self.pinned

    @cached_property
    def pinned(self) -> frozenset[str]:
        return pins.within(self.db, self.branch, self.span)

    def _keeps_all(self, code: str, visit: Planned, gone: str = "") -> bool:
        stops = self.stops.get(code, [])
        before = self._risks(stops)
        after = self._risks([*(one for one in stops if one.visit != gone), _stop(visit, board.Happened())])
        return after[visit.visit_id] < ALARM / 2 and all(
            after[one] < ALARM or after[one] <= risk for one, risk in before.items() if one != gone
        )

    def _risks(self, stops: Sequence[Stop]) -> dict[str, float]:
        return {one.visit: one.risk for one in look_ahead(stops, self.now, self.experience, self.travel)}


def _reach(db: Db, day: Window, now: datetime, zone: ZoneInfo) -> Window:
    """What of other days than this one counts now: of last night what the norm does not call missed yet, and of
    tomorrow what an alarm must come for before its promise can be moved no more."""
    books = rulebooks(db)
    soon = now + _notice(books, now, zone) + _SOON
    longest = max(_notice(books, one, zone) for one in (now, soon))
    ahead = min(longest + _SOON + _AFTER, _FURTHEST)
    return Window(min(day.start, now - missed_after(books, now, zone)), now + ahead)


def _notice(books: Rulebooks, moment: datetime, zone: ZoneInfo) -> timedelta:
    return books.in_force(month_of(moment, zone)).parameters.notice


def _by_id(visits: Iterable[Planned]) -> Mapping[str, Planned]:
    return {str(one.visit_id): one for one in visits}


def _works_here(db: Db, branch: str, technician: str) -> bool:
    found = planning.find_technician(db, branch, technician)
    return found is not None and found.is_active


def _stop(visit: Planned, what: board.Happened) -> Stop:
    return Stop(
        visit=visit.visit_id, state=visit.state, job_type=visit.job_type, window=visit.window, planned=visit.planned,
        place=visit.place, departed=what.departed, arrived=what.arrived, ended=what.ended,
    )  # fmt: skip


def _open(stops: Sequence[Stop]) -> Sequence[Stop]:
    return [one for one in stops if one.state not in ENDED]


def _stepped(moment: datetime) -> datetime:
    """The next quarter of an hour: nobody promises 10:07."""
    over = timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)
    return moment - over + _STEP if over else moment
