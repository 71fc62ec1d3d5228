"""A deterministic demo company: three branches, a month of history, today relative to now. Same arguments, same data.

Refuses a database in which anybody lives already; what it writes goes through the same door as any import.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from random import Random
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Role
from fieldapp.domain.calendar import localise, month_of_day
from fieldapp.domain.errors import Conflict
from fieldapp.domain.ids import AccountId, BranchCode, StaffCode, TeamCode
from fieldapp.domain.spot_checks import QUOTA, commitment
from fieldapp.domain.visits.events import Event, FindingDecided
from fieldapp.services import recording
from fieldapp.services.demo import appeals, calendars, call_backs, cases, causes, company, findings
from fieldapp.services.demo.company import BranchPlan, Worker
from fieldapp.services.demo.proofs import Proofs
from fieldapp.services.demo.stories import Ending, Story, choose_ending, tell
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, audit, branches, server, spot_checks
from fieldapp.storage.accounts import Account
from fieldapp.storage.findings import Statement, add_statement
from fieldapp.storage.spot_checks import Draw

_PEOPLE = UUID("2f9c5b8e-7a3d-4a51-8c6e-9b1d2e3f4a5b")
SLOTS = (time(9), time(10, 30), time(13, 30), time(15), time(16, 30))
#: One login of each role is told to whoever starts the demo.
TOLD: tuple[tuple[Role, str], ...] = (
    ("technician", "T001"), ("dispatcher", "D001"), ("quality", "Q001"), ("manager", "M001"), ("admin", "A001"),
)  # fmt: skip
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Wish:
    """What was asked for. `moment`: the now that the demo is built around; months are first days, oldest first."""

    seed: str
    moment: datetime
    visits: int
    months: tuple[date, ...]


@dataclass(frozen=True)
class Login:
    """How to sign in as one role."""

    role: Role
    login: str
    password: str


def logins(seed: str) -> list[Login]:
    """The told logins; their passwords follow from the seed."""
    rng = Random(f"passwords {seed}")  # noqa: S311 - a demo, and meant to be known
    return [
        Login(role, login, f"{'-'.join(rng.sample(company.PASSWORD_WORDS, 2))}-{rng.randint(10, 99)}")
        for role, login in TOLD
    ]


def load_demo(work: Work, wish: Wish, progress: Progress = lambda done, total: None) -> list[Login]:
    """Fill an empty installation; raises `Conflict("demo_refused")` when somebody lives in it."""
    rng = Random(f"company {wish.seed}")  # noqa: S311
    found = logins(wish.seed)
    hashes = {one.role: work.passwords.hash(one.password) for one in found}
    with work.write() as db:
        if accounts.count(db):
            raise Conflict("demo_refused")
        server.save(db, "demo_seed", wish.seed)
        for plan in company.BRANCHES:
            _move_in(db, plan, hashes, wish)
        _hire(db, *company.ADMIN, "admin", None, None, hashes["admin"], wish)
        done = 0
        for plan in company.BRANCHES:
            events: list[Event] = []
            for story in (*_history(rng, plan, wish), *_today(rng, plan, wish)):
                events.extend(story)
                done += 1
                progress(done, wish.visits)
            judged = list(findings.invent(rng, plan, events, wish.moment))
            events += [event for event, _ in judged]
            events += appeals.invent(wish.seed, plan, events, wish.moment)
            _record(db, plan, events, wish)
            _answer(db, plan, judged)
            for first in wish.months:
                rng_causes = Random(f"causes {wish.seed} {plan.code} {first}")  # noqa: S311
                causes.say(db, plan, month_of_day(first), wish.moment, rng_causes)
            for draw in _seal_draws(work, db, plan, wish):
                call_backs.call(db, plan, draw, events, wish.moment, Random(f"calls {wish.seed} {plan.code}"))  # noqa: S311
            calendars.keep(db, plan, wish.moment, Random(f"calendars {wish.seed} {plan.code}"))  # noqa: S311
            cases.report(db, plan, events, wish.moment, Random(f"cases {wish.seed} {plan.code}"))  # noqa: S311
        audit.append(db, None, entry_id=work.new_id(), now=wish.moment, actor="office", action="demo.loaded",
                     subject=wish.seed, facts={"visits": done})  # fmt: skip
    return found


def existing(work: Work) -> list[Login] | None:
    """The logins of the demo that is already loaded; None when it is no demo."""
    with work.read() as db:
        seed = server.find(db, "demo_seed")
    return None if seed is None else logins(seed)


def _move_in(db: Db, plan: BranchPlan, hashes: dict[Role, str], wish: Wish) -> None:
    if branches.find(db, plan.code):
        branches.rename(db, plan.code, plan.name)
    else:
        branches.add(db, plan.code, name=plan.name, timezone=plan.timezone, currency=plan.currency, now=_long_ago(wish))
    branches.set_phone(db, plan.code, plan.office_phone)
    for code, name in plan.teams:
        branches.add_team(db, plan.code, code, name=name)
    for login, name, role in plan.office:
        _hire(db, login, name, role, plan, None, hashes[role], wish)
    for worker in plan.workers:
        _hire(db, worker.login, worker.name, "technician", plan, worker.team, hashes["technician"], wish)


def _hire(
    db: Db, login: str, name: str, role: Role, plan: BranchPlan | None, team: str | None, hashed: str, wish: Wish
) -> None:
    account = Account(
        account_id=AccountId(str(uuid5(_PEOPLE, f"{wish.seed} {login}"))), login=StaffCode(login), name=name, role=role,
        branch=BranchCode(plan.code) if plan else None, team=TeamCode(team) if team else None, locale=None,
        created_at=_long_ago(wish),
    )  # fmt: skip
    accounts.add(db, account, hashed)


def _long_ago(wish: Wish) -> datetime:
    return wish.moment - timedelta(days=120)


def _history(rng: Random, plan: BranchPlan, wish: Wish) -> Iterator[list[Event]]:
    """The past: working days of the months, until yesterday."""
    zone = ZoneInfo(plan.timezone)
    today = wish.moment.astimezone(zone).date()
    days = [day for month in wish.months for day in _working_days(month) if day < today]
    places = [(day, worker, slot) for day in days for worker in plan.workers for slot in SLOTS]
    chosen = sorted(rng.sample(places, min(round(wish.visits * plan.share), len(places))), key=lambda place: place[0])
    for number, (day, worker, slot) in enumerate(chosen, 1):
        start = localise(datetime.combine(day, slot), zone)
        order = f"WO-{plan.code.upper()}-{day:%y%m}{number:04}"
        yield tell(Story(rng, plan, order, worker, start, rng.choice((60, 90)), wish.moment), choose_ending(rng))


def _working_days(month: date) -> list[date]:
    days = (month + timedelta(days=number) for number in range(31))
    return [day for day in days if day.month == month.month and day.weekday() < 6]


def _today(rng: Random, plan: BranchPlan, wish: Wish) -> Iterator[list[Event]]:
    """Today around now, and the days to come: done, under way, next, unassigned."""
    number = 0

    def story(worker: Worker | None, hours: float, ending: Ending, until: datetime | None = None) -> list[Event]:
        nonlocal number
        number += 1
        start = wish.moment + timedelta(hours=hours)
        order = f"WO-{plan.code.upper()}-T{number:03}"
        return tell(Story(rng, plan, order, worker, start, 60, until or wish.moment), ending)

    for place, worker in enumerate(plan.workers):
        first = place == 0
        yield story(worker, -3.5, "completed")
        yield story(worker, -2.0, "completed" if first or place % 4 else "no_access")
        if first:
            yield story(worker, -0.25, "plan")  # to be done at once by whoever tries the demo
        elif place % 3 == 1:
            yield story(worker, -0.75, "completed")  # somewhere between the door and the signature
        yield story(worker, 1.25 + 0.25 * (place % 3), "plan")
        yield story(worker, 3.5, "plan")
        for day in (1, 2, 3):
            yield story(worker, 24 * day + rng.choice((-1.0, 0.5, 2.0)), "plan")
    for hours in (2.0, 5.0, 26.0, 27.5):
        yield story(None, hours, "plan")


def _seal_draws(work: Work, db: Db, plan: BranchPlan, wish: Wish) -> Iterator[Draw]:
    """Each month's draw of spot checks and call-backs, sealed a week before it began."""
    quality = next(login for login, _, role in plan.office if role == "quality")
    for month in wish.months:
        seed = sha256(f"draw {wish.seed} {plan.code} {month}".encode()).hexdigest()[:32]
        sealed = localise(datetime.combine(month - timedelta(days=7), time(10)), ZoneInfo(plan.timezone))
        draw = Draw(plan.code, month_of_day(month), seed, commitment(seed), QUOTA, sealed, quality)
        spot_checks.add(db, draw)
        audit.append(db, plan.code, entry_id=work.new_id(), now=sealed, actor=quality,
                     action="spot_checks.committed", subject=draw.month,
                     facts={"commitment": draw.commitment, "quota": draw.quota, "share": draw.share})  # fmt: skip
        yield draw


def _answer(db: Db, plan: BranchPlan, judged: list[tuple[Event, Statement | None]]) -> None:
    """What technicians said before it was decided."""
    for event, said in judged:
        if said is not None and isinstance(event.data, FindingDecided):
            add_statement(db, plan.code, event.data.finding, said)


def _record(db: Db, plan: BranchPlan, events: list[Event], wish: Wish) -> None:
    proofs = Proofs(wish.seed, plan, wish.moment)
    recording.record(db, plan.code, [proofs.record(event) for event in events], wish.moment, is_news=False)
