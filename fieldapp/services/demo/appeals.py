"""Invented appeals: of each branch one that waits, one that was confirmed, one that was overturned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from fieldapp.domain.appeals import Outcome, filing_ends
from fieldapp.domain.calendar import localise
from fieldapp.domain.ids import EventId, StaffCode
from fieldapp.domain.scoring.engine import judge_all
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event, Language
from fieldapp.services.demo.company import BranchPlan
from fieldapp.services.demo.stories import new_id
from fieldapp.services.rulebooks import shipped_rulebooks

SAYS: dict[Language, tuple[str, str]] = {
    "en": ("The customer ticked the wrong line; we spoke about it on the phone afterwards.",
           "The lift was out of order, the caretaker knows it. I was in the lobby in time."),
    "zh-Hans": ("客户点错了选项，事后我们在电话里说明过。", "电梯故障，物业可以证明，我按时到了大堂。"),
    "zh-Hant": ("客戶點錯了選項，事後我們在電話裡說明過。", "升降機故障，管理處可以證明，我準時到了大堂。"),
}  # fmt: skip
ANSWERS: dict[Language, tuple[str, str]] = {
    "en": ("I called the customer: the answer was meant as it stands.",
           "The caretaker's log names the time and the technician."),
    "zh-Hans": ("已致电客户，客户确认回答无误。", "物业记录写明了时间和技术员姓名。"),
    "zh-Hant": ("已致電客戶，客戶確認回答無誤。", "管理處記錄寫明了時間和技術員姓名。"),
}  # fmt: skip
#: How long ago the open appeal was filed; how many days after a breach the others were, and how many they waited.
WAITED, FILED, ANSWERED = timedelta(hours=20), 1, 3


@dataclass(frozen=True, slots=True)
class _Breach:
    judgement: Judgement
    code: str
    zone: ZoneInfo

    def days_later(self, days: int, clock: time) -> datetime:
        """That time of a day after the visit."""
        day = self.judgement.promised_end.astimezone(self.zone).date() + timedelta(days=days)
        return localise(datetime.combine(day, clock), self.zone)

    @property
    def filed(self) -> datetime:
        return self.days_later(FILED, time(12, 20))

    @property
    def answered(self) -> datetime:
        return self.days_later(FILED + ANSWERED, time(10, 5))

    @property
    def end(self) -> datetime:
        """When everybody knows of it, at the latest."""
        return self.judgement.promised_end + timedelta(hours=6)


def invent(seed: str, plan: BranchPlan, events: Sequence[Event], moment: datetime) -> Iterator[Event]:
    """The appeals against some breaches of the branch, and what became of them."""
    rng = Random(f"appeals {seed} {plan.code}")  # noqa: S311 - a demo
    confirmed, overturned, waiting = _choose(plan, _breaches(plan, events, moment), moment)
    says, answers = SAYS[plan.languages[0]], ANSWERS[plan.languages[0]]
    manager = [login for login, _, role in plan.office if role == "manager"][-1]
    ends: tuple[tuple[_Breach | None, Outcome], ...] = ((confirmed, "confirmed"), (overturned, "overturned"))
    for number, (breach, outcome) in enumerate(ends):
        if breach is not None:
            yield _say(rng, breach, breach.filed, ev.AppealFiled(text=says[number], item=breach.code))
            decided = ev.AppealDecided(outcome=outcome, item=breach.code, reason=answers[number])
            yield _say(rng, breach, breach.answered, decided, manager)
    if waiting is not None:
        yield _say(rng, waiting, moment - WAITED, ev.AppealFiled(text=says[0], item=waiting.code))


def _breaches(plan: BranchPlan, events: Sequence[Event], moment: datetime) -> list[_Breach]:
    """What is breached otherwise than by a finding, oldest first."""
    zone = ZoneInfo(plan.timezone)
    judged = judge_all(events, shipped_rulebooks(), zone)[0]
    return [
        _Breach(one, verdict.code, zone)
        for one in sorted(judged, key=lambda one: (one.promised_start, one.visit))
        for verdict in one.counted(moment)
        if not verdict.met and verdict.source != "finding"
    ]


def _choose(
    plan: BranchPlan, breaches: Sequence[_Breach], moment: datetime
) -> tuple[_Breach | None, _Breach | None, _Breach | None]:
    """What was confirmed, what was overturned, what waits."""
    old = [one for one in breaches if one.answered <= moment]
    confirmed = next(iter(_of_first(plan, old)), None)
    others = (one for one in old if confirmed and one.judgement.technician != confirmed.judgement.technician)
    filed = moment - WAITED
    recent = [
        one
        for one in reversed(breaches)
        if one.end <= filed < filing_ends(one.judgement.month, one.end, 7, one.zone) and one is not confirmed
    ]
    overturned = next(others, None)
    waiting = next((one for one in _of_first(plan, recent) if one is not overturned), None)
    return confirmed, overturned, waiting


def _of_first(plan: BranchPlan, breaches: Sequence[_Breach]) -> list[_Breach]:
    """Those of the first technician of the plan who has any."""
    for worker in plan.workers:
        own = [one for one in breaches if one.judgement.technician == worker.login]
        if own:
            return own
    return []


def _say(rng: Random, breach: _Breach, when: datetime, data: ev.Data, actor: str | None = None) -> Event:
    who = StaffCode(actor or breach.judgement.technician or "")
    return Event(
        id=EventId(new_id(rng, when)), type=data.event_type, visit=breach.judgement.visit, effective_at=when, actor=who,
        data=data,
    )  # fmt: skip
