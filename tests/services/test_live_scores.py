"""Live = recount, exactly: random months through the product's own services on a real database, judged after every
step, and once more from the same facts in another order, with some of them twice, in another database.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.event import listen

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.appeals import Subject
from fieldapp.domain.calendar import Month
from fieldapp.domain.closing import figure_of
from fieldapp.domain.errors import Conflict, DomainError
from fieldapp.domain.findings import Draft
from fieldapp.domain.ids import visit_id
from fieldapp.domain.scoring.engine import recount
from fieldapp.services import (
    adjustment_views,
    adjustments,
    appeals,
    closing,
    doctor,
    findings,
    histories,
    recording,
    recounting,
    scoring,
)
from fieldapp.services import appeal_views as filed_appeals
from fieldapp.services.work import Work
from fieldapp.storage import events
from fieldapp.storage import scoring as stored
from fieldapp.storage.events import Record
from tests import builders, cast
from tests.cast import M001, M002, MAIN, Q001
from tests.closing import NINE, SEPTEMBER, as_jsonl
from tests.conftest import make_test_work
from tests.domain.scoring.story import BOOKS
from tests.fakes import Clock
from tests.sync.stage import careless

MONTHS = (SEPTEMBER, Month("2026-10"))
ORDERS = {"WO-1": NINE, "WO-2": NINE + timedelta(days=1), "WO-3": NINE + timedelta(days=30, hours=3),
          "WO-4": NINE + timedelta(days=23, hours=22)}  # fmt: skip
ABOUT = ({"item": "punctual"}, {"item": "cleanup"}, {"item": "decorum"}, {"discipline": "gifts"},
         {"discipline": "forgery"}, {"commendation": True, "favourable": True})  # fmt: skip
#: More with FIELDAPP_PLAYS=500, where somebody has the time.
PLAYS = int(os.environ.get("FIELDAPP_PLAYS", "8"))

_which, _orders = st.integers(0, 30), st.sampled_from(tuple(ORDERS))
_people = st.sampled_from(("T001", "T002"))
_STEPS: dict[str, tuple[int, dict[str, Any]]] = {
    "visit": (6, {"order": _orders, "who": _people, "late": st.integers(-30, 90), "seed": _which,
                 "most": st.sampled_from((3, 8, 13, 13, 13))}),
    "plan": (2, {"order": _orders, "kind": st.sampled_from(("cancelled", "reinstated", "voided", "moved", "assigned")),
                 "hours": st.integers(-60, 3), "who": _people}),
    "find": (4, {"order": st.sampled_from((None, *ORDERS)), "who": _people, "about": st.sampled_from(ABOUT),
                 "good": st.booleans(), "source": st.sampled_from(("spot_check", "complaint"))}),
    "answer": (2, {"which": _which}),
    "decide": (4, {"which": _which, "outcome": st.sampled_from(("upheld", "upheld", "dismissed"))}),
    "appeal": (3, {"which": _which, "order": _orders, "who": _people,
                   "item": st.sampled_from((None, "punctual", "sign_off", "cleanup"))}),
    "judge": (3, {"which": _which, "outcome": st.sampled_from(("overturned", "confirmed"))}),
    "wait": (2, {"days": st.sampled_from((1, 9))}),
    "uncover": (6, {"order": st.sampled_from(("WO-1", "WO-2")), "about": st.sampled_from(ABOUT)}),
    "contest": (4, {"outcome": st.sampled_from(("overturned", "overturned", "confirmed"))}),
    "put_off": (5, {"order": _orders, "who": _people, "most": st.sampled_from((1, 8, 13))}),
    "adjust": (8, {"who": _people}),
}  # fmt: skip
_steps = st.sampled_from([name for name, (often, _) in _STEPS.items() for _ in range(often)]).flatmap(
    lambda name: st.fixed_dictionaries({"step": st.just(name), **_STEPS[name][1]})
)
#: Some of it happens before September is closed, most of it afterwards.
_plays = st.tuples(
    st.lists(_steps, min_size=2, max_size=7), st.just([{"step": "close"}]), st.lists(_steps, min_size=8, max_size=14),
    st.just([{"step": "adjust", "who": who} for who in ("T001", "T002")]),
).map(lambda parts: [step for part in parts for step in part])  # fmt: skip


class Play:
    """One company and what happens to it; what the product refuses does not happen."""

    def __init__(self, work: Work, clock: Clock) -> None:
        self.work, self.clock = work, clock
        #: How often each step was no refusal.
        self.done = Counter[str]()
        self.found: list[str] = []
        for order in ("WO-1", "WO-2"):
            self.visit(order, "T001", 70, 0, 13)
        self.find("WO-1", "T001", ABOUT[3], good=False, source="complaint")

    def act(self, step: dict[str, Any]) -> None:
        given_to = dict(step)
        name = given_to.pop("step")
        try:
            getattr(self, name)(**given_to)
        except DomainError:
            return
        self.done[name] += 1

    def bring(self, *lines: dict[str, Any]) -> None:
        file = BytesIO(as_jsonl([*lines, *lines[:1]]))
        report = histories.import_events(self.work, OPERATOR, MAIN, file, source="play")
        assert report.faults == ()

    def visit(self, order: str, who: str, late: int, seed: int, most: int) -> None:
        """Some facts of a visit, out of order, one of them twice."""
        lines = builders.perfect_visit(order, ORDERS[order], who)
        for one in lines[1:]:
            one["at"] = (datetime.fromisoformat(one["at"]) + timedelta(minutes=late)).isoformat()
        Random(seed).shuffle(lines)
        self.bring(*lines[:most])

    def plan(self, order: str, kind: str, hours: int, who: str) -> None:
        start = ORDERS[order]
        told = start + timedelta(hours=hours)
        said: dict[str, Any] = {"reason": "x"}
        if kind == "cancelled":
            said |= {"asked_by": "company", "told_at": told.isoformat(), "apology": True, "cause": "technician"}
        if kind == "assigned":
            said |= {"technician": who}
        if kind == "moved":
            window = builders.promise(start + timedelta(hours=4)) | {"told_at": told.isoformat()}
            said |= {"asked_by": "company", "promise": window, "apology": False, "cause": "technician"}
        name = "promise.changed" if kind == "moved" else f"visit.{kind}"
        self.bring(builders.line(name, order, told, "office", **said))

    def put_off(self, order: str, who: str, most: int) -> None:
        """Only now it is heard that the customer had asked for another month; perhaps it was done then."""
        start, later = ORDERS[order], ORDERS[order] + timedelta(days=25)
        promise = builders.promise(later) | {"told_at": (start - timedelta(days=1)).isoformat()}
        self.bring(builders.line("promise.changed", order, start - timedelta(days=1), "office", asked_by="customer",
                                 promise=promise, apology=False, cause="customer"))  # fmt: skip
        told = [one for one in builders.perfect_visit(order, later, who)[1:most] if self.is_past(one)]
        if told:
            self.bring(*told)
        with self.work.read() as db:
            judged = stored.find_judgement(db, MAIN, visit_id(MAIN, order))
        if judged and judged.month == SEPTEMBER and judged.promised_start == later:
            self.done["kept"] += 1

    def is_past(self, line: dict[str, Any]) -> bool:
        return datetime.fromisoformat(line["at"]) <= self.clock()

    def find(self, order: str | None, who: str, about: dict[str, Any], good: bool, source: str) -> None:
        draft = Draft(**{"source": source, "technician": "" if order else who, "note": "seen",
                         "favourable": good if "item" in about else None, **about})  # fmt: skip
        self.found.append(
            findings.record(self.work, Q001.actor, draft, order=order or "", finding_id=self.work.new_id())
        )

    def answer(self, which: int) -> None:
        if self.found:
            for who in (cast.T001, cast.T002):
                self.act_as(lambda: findings.answer(self.work, who.actor, self._one(which), "No."))  # noqa: B023

    def decide(self, which: int, outcome: Any) -> None:
        for seen in range(3) if self.found else ():
            decide = findings.decide, self.work, M001.actor, MAIN, self._one(which), outcome, "looked at"
            if self.act_as(lambda: decide[0](*decide[1:], seen=seen)):  # noqa: B023
                self.done["finding decided"] += 1

    def appeal(self, which: int, order: str, who: str, item: str | None) -> None:
        subject = Subject(visit=visit_id(MAIN, order), item=item)
        if item is None:
            if not self.found:
                return
            subject = Subject(finding=self._one(which))  # type: ignore[arg-type]
        appeals.file(self.work, cast.BY_LOGIN[who].actor, MAIN, subject, "It was not like that.")

    def judge(self, which: int, outcome: Any) -> None:
        waiting = filed_appeals.list_waiting(self.work, M002.actor)
        if waiting:
            one = waiting[which % len(waiting)].filed
            # Where too few people are left who had no hand in it, head office decides.
            for actor in (M002.actor, OPERATOR):
                if self.act_as(partial(appeals.decide, self.work, actor, MAIN, one.appeal.id, outcome, "looked at")):
                    self.done["appeal decided"] += 1
                    return

    def uncover(self, order: str, about: dict[str, Any]) -> None:
        """A finding about a visit of September, from its record to its decision."""
        self.find(order, "T001", about, good=False, source="complaint")
        self.answer(len(self.found) - 1)
        self.wait(9)
        self.decide(len(self.found) - 1, "upheld")

    def contest(self, outcome: Any) -> None:
        """The latest finding that can be appealed is, and that is answered."""
        for which in reversed(range(len(self.found))):
            if self.act_as(partial(self.appeal, which, "", "T001", None)):
                return self.judge(0, outcome)

    def wait(self, days: int) -> None:
        self.clock.advance(days=days)

    def close(self) -> None:
        """Whatever still waits in the month is done first."""
        for order in ("WO-1", "WO-2", "WO-4"):
            self.visit(order, "T001", 0, 0, 13)
        seen = closing.preview(self.work, M001.actor, MAIN, SEPTEMBER).fingerprint
        closing.propose(self.work, M001.actor, MAIN, SEPTEMBER, seen)
        closing.confirm(self.work, Q001.actor, MAIN, SEPTEMBER, seen)

    def adjust(self, who: str) -> None:
        """Two people take over what later facts changed of the closed month: then a recount says the same."""
        seen = adjustment_views.look(self.work, M001.actor, MAIN, SEPTEMBER, who).seen
        try:
            asked = adjustments.propose(self.work, M001.actor, MAIN, SEPTEMBER, who, seen, "found out later")
        except Conflict as refusal:
            if refusal.code == "adjust_nothing":
                self.agrees(who)
            raise
        adjustments.decide(self.work, M002.actor, MAIN, asked.proposal_id, "confirmed", seen, "looked at")
        self.agrees(who)

    def agrees(self, who: str) -> None:
        """The figure that stands of the closed month is the one that is counted from the bare events."""
        ask = partial(scoring.month_scores, self.work, OPERATOR, MAIN, SEPTEMBER, technician=who, now=self.clock())
        [shown], [counted] = ask().technicians, ask(recount=True).technicians
        assert shown.standing is not None
        assert shown.standing.figure == figure_of(counted.sheet)
        self.done["agreed"] += 1

    def _one(self, which: int) -> str:
        return self.found[which % len(self.found)]

    @staticmethod
    def act_as(act: Callable[[], object]) -> bool:
        """Whether it was no refusal."""
        try:
            act()
        except DomainError:
            return False
        return True


def sheets(work: Work, now: datetime, *, recount: bool) -> dict[str, Any]:
    """Every number of the months that are open; a closed one is shown from its seal, and counted anew beside it."""
    found = [scoring.month_scores(work, OPERATOR, MAIN, month, now=now, recount=recount) for month in MONTHS]
    return {one.month: [each.sheet for each in one.technicians] for one in found if recount or not one.sealed}


def drift(work: Work) -> list[str]:
    with work.read() as db:
        return [*recounting.drift(db, MAIN), *doctor.visits_drift(db, MAIN), *appeals.drift(db, MAIN)]


def facts_of(work: Work) -> list[Record]:
    with work.read() as db:
        return [Record(event=one, origin="import", received_at=work.now()) for one in events.all_events(db, MAIN)]


@pytest.fixture
def company(tmp_path: Path, _template: Path) -> Iterator[Callable[[], tuple[Work, Clock]]]:
    """A company on its first day, again and again: each play has two."""
    opened: list[Work] = []

    def fresh() -> tuple[Work, Clock]:
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        shutil.copyfile(_template, folder / "fieldapp.db")
        clock = Clock(cast.NOW)
        work = make_test_work(folder, clock)
        listen(work.database.engine, "connect", careless)
        opened.append(work)
        return work, clock

    yield fresh
    for work in opened:
        work.database.dispose()


@settings(
    max_examples=PLAYS, deadline=None, derandomize=True, database=None, print_blob=False,
    suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
)  # fmt: skip
@given(_plays, st.randoms(use_true_random=False), st.sampled_from((timedelta(0), timedelta(days=40))))
def _live_equals_recount(done, company, steps, random, later) -> None:
    work, clock = company()
    play = Play(work, clock)
    for step in steps:
        play.act(step)
        assert drift(work) == [], step
    done.update(play.done)
    now = clock() + later
    counted = sheets(work, now, recount=True)
    live = sheets(work, now, recount=False)
    assert live == {month: counted[month] for month in live}
    assert [fault for check in doctor.examine(work) for fault in check.faults] == []

    other, _ = company()
    facts = facts_of(work)
    mixed = [*facts, *random.sample(facts, len(facts) // 3)]
    random.shuffle(mixed)
    while mixed:
        size = random.randint(1, 9)
        part, mixed = mixed[:size], mixed[size:]
        with other.write(MAIN) as db:
            assert recording.record(db, MAIN, part, other.now()).conflicts == ()
    assert drift(other) == []
    # There no month is closed that might keep a visit.
    heap = [one.event for one in facts]
    bare = {month: list(recount(heap, BOOKS, ZoneInfo(cast.ZONE), month, now)) for month in MONTHS}
    assert sheets(other, now, recount=False) == sheets(other, now, recount=True) == bare
    assert play.done["kept"] or bare == counted


def test_live_equals_recount_in_any_order_and_with_duplicates(company) -> None:
    done = Counter[str]()
    _live_equals_recount(done, company)
    # They are no plays of refusals.
    often = {"close": PLAYS, "adjust": PLAYS // 2, "finding decided": PLAYS // 2, "appeal decided": PLAYS // 8}
    assert all(done[what] >= least for what, least in often.items()), done
    assert done["agreed"] > PLAYS, done
    assert done["kept"], done
