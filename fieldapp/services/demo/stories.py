"""One demo visit from order to goodbye, as events. Owns what goes wrong how often; the norm sheet says its price."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal
from uuid import UUID

from fieldapp.domain import ids
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.signoff import BOX, statement_hash
from fieldapp.services.demo import company
from fieldapp.services.demo.company import BranchPlan, Worker

Ending = Literal[
    "completed", "not_completed", "no_access", "cancelled_by_customer", "cancelled_by_us", "missed", "plan"
]
#: How history's visits end, of 1000; the rest are completed.
ENDINGS: tuple[tuple[Ending, int], ...] = (
    ("no_access", 35), ("not_completed", 35), ("cancelled_by_customer", 30), ("cancelled_by_us", 8), ("missed", 6),
)  # fmt: skip
#: Chance that an item goes wrong on one visit, for who is weak in it and for everybody else.
WEAK, OTHERS = 0.16, 0.0015
KINDS: tuple[ev.JobType, ...] = ("install", "install", "repair", "repair", "move")


@dataclass
class Story:
    """A visit being told. `until`: nothing after this moment has happened yet."""

    rng: Random
    plan: BranchPlan
    order: str
    worker: Worker | None
    start: datetime
    minutes: int
    until: datetime
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.visit = ids.visit_id(ids.BranchCode(self.plan.code), self.order)
        self.kind = self.rng.choice(KINDS)
        self.language = self.rng.choice(self.plan.languages)
        self.customer = self._customer()
        done, label = company.WORK[self.kind][self.language]
        self.done, self.charge = done, ev.Charge(label=label, amount=company.AMOUNTS[self.kind])

    def say(self, moment: datetime, actor: str, data: ev.Data) -> Event | None:
        """Add an event, unless its time has not come yet."""
        if moment > self.until:
            return None
        event = Event(
            id=new_id(self.rng, moment), type=data.event_type, visit=self.visit, effective_at=moment,
            actor=ids.StaffCode(actor), data=data,
        )  # fmt: skip
        self.events.append(event)
        return event

    def fails(self, item: str) -> bool:
        """Whether the technician gets this item wrong here."""
        weak = self.worker is not None and item in self.worker.weak
        return self.rng.random() < (WEAK if weak else OTHERS)

    def _customer(self) -> ev.Customer:
        plan, rng = self.plan, self.rng
        street, lat, lon, district = rng.choice(plan.streets)
        address = street.format(n=rng.randint(1, 880), b=rng.randint(2, 24), r=rng.randint(101, 2604))
        digits = 11 - len(plan.phone) if plan.currency == "CNY" else 8 - len(plan.phone)
        return ev.Customer(
            name=plan.customer_name(rng.choice(plan.surnames), rng.choice(plan.given)),
            phone=plan.phone + "".join(str(rng.randint(0, 9)) for _ in range(digits)), address=address,
            lat=round(lat + rng.uniform(-0.01, 0.01), 6), lon=round(lon + rng.uniform(-0.01, 0.01), 6),
            language=self.language, district=district,
        )  # fmt: skip


def new_id(rng: Random, moment: datetime) -> ids.EventId:
    """A UUIDv7 whose random part comes from the seed."""
    stamp = int(moment.timestamp() * 1000)
    return ids.EventId(str(UUID(int=stamp << 80 | 7 << 76 | rng.getrandbits(12) << 64 | 2 << 62 | rng.getrandbits(62))))


def choose_ending(rng: Random) -> Ending:
    """How a visit of the past ended."""
    drawn = rng.randrange(1000)
    for ending, share in ENDINGS:
        if drawn < share:
            return ending
        drawn -= share
    return "completed"


def tell(story: Story, ending: Ending) -> list[Event]:
    """The whole visit; events later than `story.until` are left out."""
    _schedule(story)
    if ending == "plan" or story.worker is None:
        return story.events
    if ending.startswith("cancelled"):
        _cancel(story, by_us=ending == "cancelled_by_us")
    elif ending != "missed":
        _change_of_plan(story)
        arrived = _travel(story, story.worker)
        if ending == "no_access":
            _nobody(story, story.worker, arrived)
        elif ending == "not_completed":
            _unfinished(story, story.worker, _enter(story, story.worker, arrived))
        else:
            _finish(story, story.worker, _enter(story, story.worker, arrived))
    return story.events


def _schedule(story: Story) -> None:
    late_booking = story.fails("booked")
    told = story.start - (timedelta(minutes=40) if late_booking else timedelta(days=story.rng.randint(1, 4), hours=2))
    promise = _promise(story, told)
    note = story.rng.choice(company.NOTES[story.language]) if story.rng.random() < 0.3 else None
    technician = story.worker.login if story.worker else None
    story.say(min(told, story.until), "office", ev.VisitScheduled(
        external_id=story.order, job_type=story.kind, customer=story.customer, promise=promise, technician=technician,
        charges=[story.charge], note=note,
    ))  # fmt: skip


def _promise(story: Story, told: datetime) -> ev.Promise:
    end = story.start + timedelta(minutes=story.minutes)
    channel = story.rng.choice(("phone", "sms", "phone"))
    return ev.Promise(start=story.start, end=end, agreed=True, told_at=told, channel=channel)


def _change_of_plan(story: Story) -> None:
    """Now and then the customer asks for another hour, or the plan does."""
    drawn = story.rng.random()
    if drawn > 0.06:
        return
    told = story.start - timedelta(hours=story.rng.randint(3, 20))
    story.start += timedelta(minutes=30)
    by_customer = drawn < 0.045
    story.say(told, "office", ev.PromiseChanged(
        asked_by="customer" if by_customer else "company", promise=_promise(story, told), apology=not by_customer,
        cause="customer" if by_customer else "earlier_visit",
    ))  # fmt: skip


def _cancel(story: Story, *, by_us: bool) -> None:
    told = story.start - timedelta(hours=story.rng.randint(4, 24))
    party: ev.Party = "company" if by_us else "customer"
    story.say(told, "office", ev.VisitCancelled(
        asked_by=party, told_at=told, apology=by_us, cause="plan" if by_us else "customer",
    ))  # fmt: skip


def _travel(story: Story, worker: Worker) -> datetime:
    """Prepare, call, drive, arrive; returns the arrival."""
    rng = story.rng
    if story.fails("punctual"):
        arrived = story.start + timedelta(minutes=story.minutes + rng.randint(4, 50))
    else:
        arrived = story.start + timedelta(
            minutes=rng.randint(0, max(1, story.minutes - 25)), seconds=rng.randint(0, 59)
        )
    story.say(arrived - timedelta(minutes=55), worker.login, ev.KitChecked(
        uniform=not story.fails("uniform"), badge=not story.fails("badge"), shoe_covers=True,
        kit=not story.fails("kit"),
    ))  # fmt: skip
    story.say(arrived - timedelta(minutes=32), worker.login, ev.VisitDeparted())
    story.say(arrived - timedelta(minutes=30), worker.login, ev.CustomerCalled(outcome="agreed"))
    story.say(arrived, worker.login, ev.VisitArrived(gps=_fix(story, arrived)))
    return arrived


def _fix(story: Story, moment: datetime) -> ev.Fix:
    if story.rng.random() < 0.08 or story.customer.lat is None or story.customer.lon is None:
        return ev.Fix(status=story.rng.choice(("denied", "timeout")))
    return ev.Fix(
        lat=round(story.customer.lat + story.rng.uniform(-3e-4, 3e-4), 6),
        lon=round(story.customer.lon + story.rng.uniform(-3e-4, 3e-4), 6),
        acc=float(story.rng.randint(5, 40)), ts=int(moment.timestamp() * 1000), src="gps",
    )  # fmt: skip


def _enter(story: Story, worker: Worker, arrived: datetime) -> datetime:
    """At the door: who I am, covers on, may I come in; returns when the work begins."""
    story.say(arrived + timedelta(seconds=50), worker.login, ev.DoorChecked(
        introduced=not story.fails("introduction"), shoe_covers=not story.fails("shoe_covers"),
    ))  # fmt: skip
    if not story.fails("consent"):
        story.say(arrived + timedelta(seconds=80), worker.login, ev.ConsentGiven(by="customer", method="spoken"))
    return arrived + timedelta(minutes=3)


def _nobody(story: Story, worker: Worker, arrived: datetime) -> None:
    waited = story.rng.randint(10, 20)
    story.say(arrived + timedelta(minutes=waited), worker.login, ev.AccessFailed(
        reason=story.rng.choice(("absent", "absent", "not_ready")), call_attempts=story.rng.randint(2, 4),
        waited_minutes=waited,
    ))  # fmt: skip


def _unfinished(story: Story, worker: Worker, begun: datetime) -> None:
    stopped = begun + timedelta(minutes=story.rng.randint(15, 40))
    again = (story.start + timedelta(days=1)).replace(minute=0, second=0)
    agreed = not story.fails("follow_up")
    span = ev.Span(start=again, end=again + timedelta(hours=2)) if agreed else None
    story.say(stopped, worker.login, ev.VisitNotCompleted(agreed=agreed, reason="part missing", return_=span))
    story.say(stopped + timedelta(minutes=4), worker.login, ev.VisitLeft())


def _finish(story: Story, worker: Worker, begun: datetime) -> None:
    """The work, the clean-up, the hand-over, the signature, goodbye."""
    done = begun + timedelta(minutes=story.rng.randint(18, 55))
    if story.kind == "install":
        serial = f"GW{story.rng.randrange(16**8):08X}"
        story.say(
            begun + timedelta(minutes=9), worker.login, ev.EquipmentUsed(kind="gateway", quantity=1, serial=serial)
        )
    clean = not story.fails("cleanup")
    story.say(done, worker.login, ev.SiteChecked(cleanup=clean, belongings=True))
    doc = company.STATEMENT[story.language].format(
        done=story.done, order=story.order, address=story.customer.address, label=story.charge.label,
        amount=story.charge.amount, currency=story.plan.currency, name=worker.name,
    )  # fmt: skip
    shown = done + timedelta(minutes=2)
    story.say(shown, worker.login, ev.StatementPresented(doc_hash=statement_hash(doc), doc=doc))
    story.say(shown + timedelta(seconds=70), "customer", _answers(story, clean))
    signed = shown + timedelta(seconds=95)
    if story.fails("sign_off"):
        story.say(signed, worker.login, ev.SignatureRefused(reason="no time"))
    else:
        story.say(signed, "customer", ev.SignatureCaptured(
            doc_hash=statement_hash(doc), signer=ev.Signer(name=story.customer.name, relation="self"),
            shown_ms=story.rng.randint(9_000, 80_000), strokes=scribble(story.rng), box=list(BOX),
        ))  # fmt: skip
    story.say(signed + timedelta(seconds=15), worker.login, ev.VisitCompleted())
    linger = story.rng.randint(22, 40) if story.fails("departure") else story.rng.randint(2, 9)
    story.say(signed + timedelta(minutes=linger), worker.login, ev.VisitLeft())


def _answers(story: Story, clean: bool) -> ev.AnswersGiven:
    def said(item: str) -> ev.Answer:
        if story.rng.random() < 0.12:
            return "none"
        return "no" if story.fails(item) else "yes"

    courteous, explained = said("courtesy"), said("explained")
    happy = clean and courteous != "no" and explained != "no"
    comment = story.rng.choice(company.COMMENTS[story.language][happy]) if story.rng.random() < 0.25 else ""
    return ev.AnswersGiven(
        badge="yes", introduced="yes", courteous=courteous, explained=explained, cleanup="yes" if clean else "no",
        shoe_covers="none", supplied_tools="no", rating=story.rng.choice((5, 5, 5, 4) if happy else (2, 3, 4)),
        comment=comment,
    )  # fmt: skip


def scribble(rng: Random) -> list[list[list[float]]]:
    """Two strokes that look like a hand in a hurry."""
    strokes = []
    x, base = 60.0 + rng.random() * 60, 150.0
    for _ in range(rng.randint(2, 3)):
        waves, height, width = rng.uniform(1.5, 3.5), rng.uniform(30, 75), rng.uniform(90, 150)
        points = [
            [round(x + width * t / 24, 1), round(base + height * math.sin(waves * math.tau * t / 24) * (1 - t / 40), 1),
             float(t * 18), round(0.35 + 0.3 * rng.random(), 2)]
            for t in range(25)
        ]  # fmt: skip
        strokes.append(points)
        x += width + 14
    return strokes
