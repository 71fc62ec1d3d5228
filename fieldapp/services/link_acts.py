"""What a customer does through their own link: confirm, sign, rate, commend, complain, *this was not me*. Each works
once; an appointment is confirmed once for each window. Moving and cancelling it is `link_moves`'s.

Only the own link can act; the read-only receipt answers as if the act did not exist.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fieldapp.domain.complaints import Kind
from fieldapp.domain.errors import Conflict, Invalid, NotFound
from fieldapp.domain.ids import EventId
from fieldapp.domain.visits import codec
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.signoff import BOX, statement_hash
from fieldapp.domain.words import checked
from fieldapp.services import cases, receipts, recording, scheduling
from fieldapp.services.cases import TEXT_LIMIT
from fieldapp.services.links import LinkGone
from fieldapp.services.receipts import LinkView
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, links
from fieldapp.storage.events import Record
from fieldapp.storage.links import Act, Link

#: Acts that open a case, and of which kind.
REPORTS: dict[str, Kind] = {"commend": "commendation", "complain": "complaint", "repudiate": "repudiation"}


def confirm(work: Work, link: Link, act: str) -> None:
    """`confirm_visit`: the appointment stands. `confirm`: what was signed is right; the statement's hash is kept."""
    if act not in {"confirm_visit", "confirm"}:
        raise NotFound()
    with work.write(link.branch) as db:
        view = begin(db, work, link, act)
        _note(db, work, link, view.key(act), (view.receipt.statement_hash or "") if act == "confirm" else "")


def rate(work: Work, link: Link, stars: int, comment: str) -> None:
    """One to five stars, and a few words if they like: read by the office, no part of a score.

    Raises `Invalid` stars_missing, text_too_long.
    """
    if stars not in range(1, 6):
        raise Invalid("stars_missing", field="stars")
    words = _words(comment, "comment")
    with work.write(link.branch) as db:
        begin(db, work, link, "rate")
        _note(db, work, link, "rate", f"{stars}\n{words}".strip())


def report(work: Work, link: Link, act: str, text: str) -> None:
    """Commend, complain or repudiate: opens a case. Raises `Invalid("text_missing")` for a complaint without words."""
    if act not in REPORTS:
        raise NotFound()
    words = _words(text, "text")
    if not words and act == "complain":
        raise Invalid("text_missing", field="text")
    with work.write(link.branch) as db:
        begin(db, work, link, act)
        case_id = cases.open_by_customer(db, work, link.branch, link.visit_id, REPORTS[act], words)
        _note(db, work, link, act, case_id)


def sign(
    work: Work, link: Link, *, doc: str, doc_hash: str, name: str, strokes: Sequence[Any], shown_ms: int
) -> None:  # fmt: skip
    """Sign later: the signature is recorded for the statement that was on the page (`doc`, by its hash).

    Where the phone had shown a statement, it is that very one; else the one made for this page is recorded with the
    signature. Raises `Invalid` (name, strokes), `Conflict` when it is too late, done, or the statement has changed.
    """
    signer = " ".join(name.replace("\x00", "").split())
    if not signer:
        raise Invalid("signer_missing", field="name")
    if len(signer) > 200:
        raise Invalid("text_too_long", field="name", limit=200)
    with work.write(link.branch) as db:
        receipt = begin(db, work, link, "sign").receipt
        text = receipt.statement if receipt.statement is not None else doc
        if doc_hash != statement_hash(text):
            raise Conflict("statement_changed")
        now = work.now()
        records = []
        if receipt.statement is None:
            shown = {"doc_hash": doc_hash, "doc": text}
            records.append(_record(work, link, "statement.presented", shown, now))
        signature = {
            "doc_hash": doc_hash, "signer": {"name": signer, "relation": None}, "shown_ms": shown_ms,
            "box": list(BOX), **({"strokes": strokes} if any(strokes) else {"typed": signer}),
        }  # fmt: skip
        records.append(_record(work, link, "signature.captured", signature, now))
        recording.record(db, link.branch, records, now)
        _note(db, work, link, "sign", doc_hash)


def begin(db: Db, work: Work, link: Link, act: str) -> LinkView:
    """The view when the act is offered now; the link is asked again, it may have ended since the page was opened.

    Raises `LinkGone`, `NotFound` (a read-only link), `Conflict` act_done, act_closed.
    """
    known = links.find(db, link.branch, link.secret_hash)
    if known is None or not known.is_good(work.now()):
        raise LinkGone()
    view = receipts.load(db, link, work.now())
    if not view.is_own:
        raise NotFound()
    if act not in view.offers:
        raise Conflict("act_done" if act in view.acts else "act_closed")
    return view


def say(db: Db, work: Work, link: Link, act: str, said: Sequence[ev.Data]) -> None:
    """Record what the customer says, and what the office does about it in the same moment, as an act of the link."""
    now, visit = work.now(), link.visit_id
    made = [scheduling.event(work, "office" if isinstance(one, ev.VisitAssigned) else "customer", visit, one, now)
            for one in said]  # fmt: skip
    recording.record(db, link.branch, [Record(event=one, origin="link", received_at=now) for one in made], now)
    # The facts are what may happen only once; of such acts there may be several.
    _note(db, work, link, f"{act}@{made[0].id}", "")


def _words(text: str, field: str) -> str:
    return checked(text, field, TEXT_LIMIT)


def _note(db: Db, work: Work, link: Link, key: str, text: str) -> None:
    if not links.add_act(db, link.branch, link.visit_id, Act(key, work.now(), text)):
        raise Conflict("act_done")
    act, _, about = key.partition("@")
    audit.append(
        db, link.branch, entry_id=work.new_id(), now=work.now(), actor="customer", action=f"link.{act}",
        subject=link.visit_id, facts={"about": about} if about else {},
    )  # fmt: skip


def _record(work: Work, link: Link, kind: str, data: dict[str, Any], now: datetime) -> Record:
    event = Event(
        id=EventId(work.new_id()), type=kind, visit=link.visit_id, effective_at=now, actor="customer",
        data=codec.read_data(kind, data),
    )  # fmt: skip
    return Record(event=event, origin="link", received_at=now)
