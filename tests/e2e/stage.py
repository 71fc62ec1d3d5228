"""The demo company on a live server at a fixed moment: what screenshots and the accessibility tour walk through."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw

from fieldapp.app import create_app
from fieldapp.domain import ids
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.domain.call_backs import ASKED
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.services import (
    accounts,
    adjustment_views,
    adjustments,
    approvals,
    arrivals,
    calendars,
    call_backs,
    cases,
    closing,
    demo,
    finding_views,
    findings,
    installation,
    invitations,
    link_acts,
    links,
    recording,
    rulebook_drafts,
    second_factors,
    sign_ins,
    simulations,
    tokens,
)
from fieldapp.services.findings import Draft
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from fieldapp.storage import appeals, causes, quarantine, visits
from fieldapp.storage.events import Record
from fieldapp.storage.quarantine import Quarantined
from tests import alike, cast
from tests.conftest import make_test_work
from tests.e2e import outgoing_stage
from tests.fakes import Clock
from tests.live import serving

#: Wednesday 14 October 2026, one in the afternoon in Shanghai.
MOMENT = datetime(2026, 10, 14, 5, 0, tzinfo=UTC)
DONE, BREACHED, NOW_DUE, NEXT, LATER, HELD, ENDED = (
    "WO-MAIN-T001",
    "WO-MAIN-T002",
    "WO-MAIN-T003",
    "WO-MAIN-T004",
    "WO-MAIN-T005",
    "WO-MAIN-T012",
    "WO-MAIN-26100176",
)


@dataclass(frozen=True)
class Stage:
    """A running demo: where it is, how to sign in, and the places that pages need."""

    url: str
    work: Work
    passwords: dict[str, str]
    places: dict[str, str]


@contextmanager
def stage(folder: Path, moment: datetime = MOMENT, *, sealed: bool = True) -> Iterator[Stage]:
    """Set the stage below `folder`; everything on it is the same each time. Its clock stands still at `moment`; at
    another one than the pictures' it is the bare demo company. Not `sealed`: what people wrote can be altered."""
    work = make_test_work(folder, Clock(moment))
    _fix_seal_key(folder)
    installation.upgrade(work, timezone=cast.ZONE)
    if not sealed:
        cast.as_before_sealing(work)
    this = moment.astimezone(ZoneInfo(cast.ZONE)).date().replace(day=1)
    wish = demo.Wish("screens", moment, 400, ((this - timedelta(days=1)).replace(day=1), this))
    by_role = {one.role: one.password for one in demo.load_demo(work, wish)}
    passwords = {one.login: by_role[one.role] for one in accounts.list_accounts(work, OPERATOR)}
    settings = Settings(
        instance=folder, database_url=str(work.database.url), secret_key=cast.SECRET, data_key=cast.DATA_KEY,
        blobs=folder / "blobs", timezone=cast.ZONE, locale="en", demo=True,
        **outgoing_stage.MAIL,
    )  # fmt: skip
    alike.share()
    app = create_app(settings, work=work)
    with serving(app) as url:
        places = _places(work, f"{wish.months[0]:%Y-%m}") if moment == MOMENT else _visits()
        second_factors.give(work, OPERATOR, "M201")
        places["invited"] = invitations.make(work, OPERATOR, "Q101")
        earlier = replace(work, clock=lambda: moment - timedelta(hours=1))
        stale = sign_ins.sign_in(earlier, login="A001", password=passwords["A001"], agent="", browser=None, old=None)
        places["stale"] = stale.secret
        yield Stage(url, work, passwords, places | {"password_of_m201": passwords["M201"]})
    work.database.dispose()


def _fix_seal_key(folder: Path) -> None:
    """The same key each time, so that pictures of seals stay the same."""
    key = Ed25519PrivateKey.from_private_bytes(b"a key for pictures only, 32 byte")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "seal-key.pem").write_bytes(key.private_bytes(*form))


def _visits() -> dict[str, str]:
    """Ids of the demo's visits that pages show."""
    orders = {"done": DONE, "breached": BREACHED, "due": NOW_DUE, "next": NEXT, "later": LATER}
    return {name: ids.visit_id(ids.BranchCode(cast.MAIN), order) for name, order in orders.items()}


def _places(work: Work, month: str) -> dict[str, str]:
    """Ids and links that the tour's addresses name."""
    branch, places = ids.BranchCode(cast.MAIN), _visits()
    _let_programs_in(work)
    outgoing_stage.tell_customer(work, places["next"])
    own_done = links.create_own_link(work, OPERATOR, branch, places["done"])
    own_next = links.create_own_link(work, OPERATOR, branch, places["next"])
    link = links.open_link(work, own_done)
    link_acts.report(work, link, "commend", "Very polite, and left everything clean. 谢谢师傅！")
    link_acts.report(work, link, "complain", "The new socket in the bedroom is loose.")
    places["held"] = _dispute(work, branch)
    places["asked"] = places["due"]
    places["approval"] = _ask(work, branch, places["asked"])
    places["draft"], places["proposal"] = _drafts(work)
    _close(work, Month(month))
    places["quarantined"] = _quarantine(work, branch, places["due"])
    with work.read() as db:
        places["appeal"] = appeals.waiting(db, [branch])[0].appeal.id
    unsigned = _unsigned(work, branch)
    places["unsigned"] = unsigned
    places["called"] = _call(work)
    [places["absence"]] = [
        absence.absence_id
        for person in calendars.list_people(work, OPERATOR, branch)
        for absence in person.absences
    ]  # fmt: skip
    places["arrival"] = _arrival(work, branch)
    places["own_unsigned"] = links.create_own_link(work, OPERATOR, branch, unsigned)
    places |= _findings(work)
    places["late"], places["said"] = (_late(work, Month(month), state) for state in ("missing", "recorded"))
    return {
        **places,
        "own_ended": links.create_own_link_by_order(work, OPERATOR, branch, ENDED),
        "own_done": own_done,
        "own_next": own_next,
        "case": _newest_case(work),
        "month": month,
        "this_month": f"{work.now():%Y-%m}",
    }


def _late(work: Work, month: Month, state: Any) -> str:
    """A visit that was late, by where its cause stands."""
    with work.read() as db:
        return causes.late(db, cast.MAIN, month, work.now(), state, offset=0, limit=1)[0][0].visit


def _close(work: Work, month: Month) -> None:
    """One branch has closed the month, in another one it waits for the second person."""
    for branch, people in (("hk", ("M101", "Q101")), ("sg", ("M201",))):
        for login in people:
            closing.step(work, accounts.acting_as(work, OPERATOR, login), ids.BranchCode(branch), month)
    _adjust(work, month)


def _adjust(work: Work, month: Month) -> None:
    """What was found in hk after the close: of one technician it was adjusted, of another it waits, of a third nobody
    proposed it yet."""
    hk = ids.BranchCode("hk")
    manager, quality, second = (accounts.acting_as(work, OPERATOR, login) for login in ("M101", "Q101", "M001"))
    for technician, item, note in (
        ("T103", "decorum", "Walked across the new carpet with the old cable drum."),
        ("T102", "composure", "Raised their voice when the customer asked twice."),
        ("T101", "guidance", "Told the customer to ask somebody else, but not whom."),
    ):
        found = Draft(source="spot_check", technician=technician, item=item, favourable=False, note=note,
                      occurred_on=date.fromisoformat(f"{month}-17"))  # fmt: skip
        findings.record(work, quality, found, finding_id=work.new_id())
    for technician, reason in (
        ("T103", "The spot check was made in time, but its sheet lay in the van until the month was closed."),
        ("T102", "The customer was reached for the call-back only after the close."),
    ):
        seen = adjustment_views.look(work, manager, hk, month, technician).seen
        asked = adjustments.propose(work, manager, hk, month, technician, seen, reason)
        if technician == "T103":
            why = "I have read the sheet; it is dated the 17th and signed by both."
            adjustments.decide(work, second, hk, asked.proposal_id, "confirmed", seen, why)


def _let_programs_in(work: Work) -> None:
    """One that was used just now, one whose year ends soon, one that is out."""
    for name, scopes, days in (
        ("order-desk", ["visits:write"], None),
        ("reports", ["scores:read", "visits:read"], 40),
        ("old-crm", ["visits:read", "webhooks:write"], None),
    ):
        expires = work.now() + timedelta(days=days) if days else None
        token = tokens.add_token(work, OPERATOR, branch=cast.MAIN, name=name, scopes=scopes, expires_at=expires)
        if name == "order-desk":
            tokens.recognise(work, token)
        if name == "old-crm":
            outgoing_stage.tell_in_vain(work, tokens.recognise(work, token).actor)
    tokens.revoke_named(work, OPERATOR, cast.MAIN, "old-crm")


def _findings(work: Work) -> dict[str, str]:
    """One with a photo and an answer that waits for a second person, and one whose technician is still heard."""
    logins = {one.login: one.actor for one in accounts.list_accounts(work, OPERATOR)}
    draft = Draft(source="complaint", item="property", favourable=False, note="A scratch on the new cabinet, 10 cm.")
    finding = findings.record(work, logins["Q001"], draft, order=DONE, finding_id=work.new_id())
    stream = io.BytesIO()
    ImageDraw.Draw(picture := Image.new("RGB", (640, 480), "#b98d5a")).line((90, 340, 520, 150), "#f3e3cf", 9)
    picture.save(stream, "JPEG")
    findings.add_photos(work, logins["Q001"], finding, [stream.getvalue()])
    findings.answer(work, logins["T001"], finding, "It was there before I came; my photo shows it.")
    proposed = next(one for one in finding_views.list_to_answer(work, logins["T001"]) if one.standing.hears_first)
    return {"finding": f"{cast.MAIN}/{finding}", "proposed": proposed.finding.id}


def _ask(work: Work, branch: ids.BranchCode, visit: str) -> str:
    """The customer of a visit that begins shortly asked for another window: it waits for a second person."""
    now, logins = work.now(), {one.login: one.actor for one in accounts.list_accounts(work, OPERATOR)}
    with work.read() as db:
        seen = visits.get(db, branch, visit)
    start = now.replace(minute=0) + timedelta(hours=5)
    promise = ev.Promise(
        start=start, end=start + timedelta(hours=1), agreed=True, told_at=now - timedelta(minutes=4), channel="phone"
    )
    change = ev.PromiseChanged(
        asked_by="customer",
        promise=promise,
        apology=False,
        cause="customer",
        reason="Her train is late.",
    )
    slot = Slot(technician=seen.technician, override="the later visit is in the same house")
    asked = approvals.ask(work, logins["D001"], branch, visit, seen.rev, change, slot)
    return f"{asked.branch}/{asked.approval_id}"


def _dispute(work: Work, branch: ids.BranchCode) -> str:
    """A visit that the office cancelled and a phone without signal set out for: it waits for the dispatcher."""
    visit, now = ids.visit_id(branch, HELD), work.now()
    cancelled = ev.VisitCancelled(asked_by="customer", told_at=now, apology=False, cause="customer")

    def record(kind: str, actor: str, data: ev.Data, held: str | None = None) -> Record:
        event = Event(id=ids.EventId(work.new_id()), type=kind, visit=visit, effective_at=now, actor=actor, data=data)
        return Record(event=event, origin="push" if held else "office", received_at=now, held_code=held)

    with work.write() as db:
        facts = [
            record("visit.cancelled", "office", cancelled),
            record("visit.departed", "T002", ev.VisitDeparted(), held="visit_cancelled"),
        ]
        recording.record(db, branch, facts, now)
    return visit


def _drafts(work: Work) -> tuple[str, str]:
    """Two versions of the norm in the making: one that M001 drafts, one that M002 proposed and M001 may confirm."""
    logins = {one.login: one.actor for one in accounts.list_accounts(work, OPERATOR)}
    wishes = {
        "M001": (
            {
                "punctual.points": "17",
                "cleanup.points": "6",
                "cleanup.target": "0.95",
                "sign_off.target": "0.98",
                "award_base": "320.00",
            },
            "Being on time is what customers ask for most; cleaning up is done well by nearly everybody.",
        ),
        "M002": (
            {"grace_minutes": "5", "kit.use": "", "consent.points": "9"},
            "The ring road is closed until spring. Tools are checked at the depot now, consent matters more.",
        ),
    }
    made = []
    for login, (changes, why) in wishes.items():
        form = rulebook_drafts.blank(work, logins[login])
        made.append(rulebook_drafts.create(work, logins[login], {**form.typed, **changes}, why))
    simulations.go_on(work, logins["M001"], made[0].draft_id, for_at_most=timedelta(days=1))
    rulebook_drafts.propose(work, logins["M002"], made[1].draft_id, made[1].rev)
    return made[0].draft_id, made[1].draft_id


def _quarantine(work: Work, branch: ids.BranchCode, visit: str) -> str:
    """What an app that is newer than the server wrote."""
    payload = {
        "v": 2,
        "type": "note.added",
        "visit_id": visit,
        "actor": "T001",
        "data": {"text": "门口有狗", "mood": 4},
    }
    entry = {"id": work.new_id(), "seq": 7, "prev": "0" * 64, "hash": "a" * 64, "payload": json.dumps(payload)}
    thing = Quarantined(
        code="schema_invalid", origin="push", raw=json.dumps(entry).encode(), received_at=work.now(), actor="T001",
        problem="version_unknown {'version': 2, 'current': 1}", event_id=entry["id"], device_id=work.new_id(), seq="7",
        visit_id=visit,
    )  # fmt: skip
    with work.write() as db:
        quarantine.keep(db, work.vault, branch, [thing])
        return quarantine.listed(db, branch)[0].digest


def _unsigned(work: Work, branch: ids.BranchCode) -> str:
    """A completed visit of this week that nobody signed."""
    with work.read() as db:
        found = visits.between(db, branch, work.now() - timedelta(days=6), work.now())
    return next(one.visit_id for one in found if one.state == "completed" and not one.signed)


def _arrival(work: Work, branch: ids.BranchCode) -> str:
    """Two visits of this week to which a phone says, with clocks in doubt, that they came earlier; one is decided."""
    with work.read() as db:
        week = visits.between(db, branch, work.now() - timedelta(days=6), work.now() - timedelta(days=1))
    for visit in [one for one in week if one.state == "completed" and one.signed and one.lat and one.lon][:2]:
        at = visit.window.start - timedelta(minutes=3)
        fix = ev.Fix(
            lat=visit.lat or 0, lon=(visit.lon or 0) + 0.0004, acc=18, ts=int(at.timestamp() * 1000) + 1_380_000
        )
        event = Event(
            id=ids.EventId(work.new_id()), type="visit.arrived", visit=visit.visit_id, effective_at=at,
            actor=visit.technician or "", data=ev.VisitArrived(gps=fix), grade="C",
        )  # fmt: skip
        record = Record(
            event=event, origin="push", received_at=at + timedelta(minutes=95), proven_at=at - timedelta(minutes=40),
            flags=("clock_slept", "gps_differs"),
        )  # fmt: skip
        with work.write() as db:
            recording.record(db, branch, [record], work.now())
    quality = next(one.actor for one in accounts.list_accounts(work, OPERATOR) if one.login == "Q001")
    shown, other = arrivals.board(work, quality, Month("2026-10")).waiting
    reason = "The photo of the door shows the clock in the hall: six minutes before the window ended."
    arrivals.decide(
        work, quality, other.judgement.visit, in_time=True, basis="evidence", reason=reason, finding_id=work.new_id()
    )
    return shown.judgement.visit


def _call(work: Work) -> str:
    """A customer of this week who says on the phone something else than what they signed."""
    quality = next(one.actor for one in accounts.list_accounts(work, OPERATOR) if one.login == "Q001")
    entry = next(one for one in call_backs.board(work, quality, Month("2026-10")).open if one.reason == "drawn")
    answers = {**dict.fromkeys(ASKED, "yes"), "shoe_covers": "no", "supplied_tools": "no", "signed": "no"}
    said = "He kept his boots on; my husband was at work, so nobody here has signed."
    call_backs.save(work, quality, entry.visit.visit_id, "reached", answers, said, seen=len(entry.attempts))
    return entry.visit.visit_id


def _newest_case(work: Work) -> str:
    quality = next(one for one in accounts.list_accounts(work, OPERATOR) if one.login == "Q001")
    return next(iter(cases.desk(work, quality.actor, "open"))).case.case_id


def enter(page: Any, stage: Stage, login: str) -> None:
    """Sign in through the real form."""
    page.goto(f"{stage.url}/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", stage.passwords[login])
    with page.expect_navigation():
        page.press("[name=password]", "Enter")
