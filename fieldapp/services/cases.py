"""Cases: what customers report, through their own link or on the phone, and how the company answers.

Append-only: a case is opened, taken, gets notes, and is closed with an outcome, a reply and, when upheld, an apology;
what was closed too early is opened again. Every step is a new entry; nobody can edit or delete one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from fieldapp.domain import complaints
from fieldapp.domain.access import Actor, own_branch, require
from fieldapp.domain.complaints import Kind
from fieldapp.domain.errors import Conflict, Forbidden, Invalid
from fieldapp.domain.findings import Draft
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.visits.personal import ERASED
from fieldapp.domain.words import needed
from fieldapp.services import contacts, findings
from fieldapp.services.branches import zone_of
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, cases, erasures, planning, scoring, visits
from fieldapp.storage.cases import KINDS, Case, Entry
from fieldapp.storage.visits import Visit

__all__ = ["KINDS", "Case", "CaseView", "Entry", "Kind"]

TEXT_LIMIT = 4000
#: What the audit calls a new line of a case's history.
ENTERED = "case.entered"
CLOSED_SHOWN, OPEN_SHOWN = 200, 1000


@dataclass(frozen=True)
class CaseView:
    """A case with its visit, its history, who is who in the branch (login -> name), and whether its time is over."""

    case: Case
    visit: Visit | None
    history: tuple[Entry, ...]
    names: Mapping[str, str]
    is_overdue: bool

    def text(self, kind: str) -> str | None:
        """The latest entry of this kind."""
        entry = self.entry(kind)
        return entry.text if entry else None

    def entry(self, kind: str) -> Entry | None:
        """The same, whole."""
        return next((entry for entry in reversed(self.history) if entry.kind == kind), None)

    @property
    def apology(self) -> str | None:
        """The apology of the last answer, if it had one."""
        since = max((place for place, entry in enumerate(self.history) if entry.kind == "outcome"), default=0)
        return next((entry.text for entry in self.history[since:] if entry.kind == "apology"), None)

    @property
    def masked_phone(self) -> str:
        """The customer's number, to tell customers apart by."""
        return contacts.masked(self.visit.phone) if self.visit else ""


# --- Opened -------------------------------------------------------------------------------------------------------


def open_by_customer(db: Db, work: Work, branch: str, visit_id: str, kind: Kind, text: str) -> str:
    """A new case in the customer's own words; returns its id."""
    return _open(db, work, branch, visit_id, kind, text, "customer")


def open_by_phone(work: Work, actor: Actor, branch: BranchCode, visit_id: str, kind: str, text: str) -> str:
    """A new case as somebody of the staff heard it on the phone; returns its id.

    Raises `NotFound`, `Invalid` case_kind, text_missing, text_too_long.
    """
    require(actor, "cases.open", branch=branch)
    if kind not in KINDS:
        raise Invalid("case_kind", field="kind")
    words = _words(text, "text")
    with work.write(branch) as db:
        visit = visits.get(db, branch, visit_id)
        return _open(db, work, branch, visit.visit_id, kind, words, actor.login)


def open_by_order(work: Work, actor: Actor, order: str, kind: str, text: str, caller: str = "") -> str:
    """The same for an order number; without one `caller` says who called and how to reach them: `link` adds the visit.

    Raises `Invalid` finding_visit, case_caller besides.
    """
    branch = own_branch(actor, "cases.open")
    visit = None
    if order.strip():
        with work.read() as db:
            visit = _visit(db, branch, order)
    if kind not in KINDS:
        raise Invalid("case_kind", field="kind")
    if visit is None and not caller.strip():
        raise Invalid("case_caller", field="caller")
    words, who = _words(text, "text"), _words(caller, "caller") if caller.strip() else ""
    with work.write(branch) as db:
        case_id = _open(db, work, branch, visit.visit_id if visit else None, kind, words, actor.login)
        if who:
            _add(db, work, branch, case_id, actor.login, "caller", who)
    return case_id


# --- Read ---------------------------------------------------------------------------------------------------------


def desk(work: Work, actor: Actor, state: str, kind: str | None = None) -> list[CaseView]:
    """The branch's cases in this state: `open` and `overdue` ones by when they are due, `closed` ones latest first."""
    branch = own_branch(actor, "cases.read")
    if state not in {"open", "overdue", "closed"} or (kind is not None and kind not in KINDS):
        raise Invalid()
    stored, limit = ("closed", CLOSED_SHOWN) if state == "closed" else ("open", OPEN_SHOWN)
    now = work.now()
    due_before = now if state == "overdue" else None
    with work.read() as db:
        return _views(db, branch, cases.of_branch(db, branch, stored, kind, due_before=due_before, limit=limit), now)


def count_overdue(work: Work, actor: Actor) -> int:
    """How many customers of the branch wait longer than they should."""
    branch = own_branch(actor, "cases.read")
    with work.read() as db:
        return cases.count_overdue(db, branch, work.now())


def detail(work: Work, actor: Actor, case_id: str) -> CaseView:
    """One case of the actor's branch; raises `NotFound`."""
    branch = own_branch(actor, "cases.read")
    with work.read() as db:
        return _views(db, branch, [cases.get(db, branch, case_id)], work.now())[0]


def of_visit(db: Db, branch: str, visit_id: str, now: datetime) -> list[CaseView]:
    """The cases about a visit, for its customer's own page."""
    return _views(db, branch, cases.of_visit(db, branch, visit_id), now)


def reveal_number(work: Work, actor: Actor, case_id: str) -> str:
    """The customer's number, to answer them; written down. Raises `NotFound`."""
    branch = own_branch(actor, "cases.write")
    with work.read() as db:
        case = cases.get(db, branch, case_id)
    return contacts.reveal(work, actor, branch, case.visit_id or "", "case")


# --- Answered -----------------------------------------------------------------------------------------------------


def take(work: Work, actor: Actor, case_id: str) -> None:
    """The actor answers for this case from now on; raises `NotFound`, `Conflict` case_closed, case_yours."""
    branch = own_branch(actor, "cases.write")
    with work.write(branch) as db:
        case = cases.get(db, branch, case_id)
        complaints.take(case.state, case.owner, actor.login)
        cases.set_owner(db, branch, case_id, actor.login)
        _add(db, work, branch, case_id, actor.login, "taken", case.owner or "")
        _audit(db, work, actor, "case.taken", case, {"from": case.owner})


def put_off(work: Work, actor: Actor, case_id: str, day: date, reason: str) -> None:
    """Give an open case another day, with the reason; raises `NotFound`, what `complaints.put_off` raises."""
    branch = own_branch(actor, "cases.write")
    with work.write(branch) as db:
        case = cases.get(db, branch, case_id)
        due_at = complaints.put_off(case.state, day, reason, work.now(), zone_of(db, branch))
        cases.set_due(db, branch, case_id, due_at)
        _add(db, work, branch, case_id, actor.login, "due", f"{day.isoformat()}\n{_words(reason, 'reason')}")
        _audit(db, work, actor, "case.put_off", case, {"day": day.isoformat()})


def link(work: Work, actor: Actor, case_id: str, order: str) -> None:
    """Say which visit an open case is about, once; raises `NotFound`, `Invalid` finding_visit, `Conflict` case_closed,
    case_linked."""
    branch = own_branch(actor, "cases.write")
    with work.write(branch) as db:
        case = cases.get(db, branch, case_id)
        if case.state != "open":
            raise Conflict("case_closed")
        visit = _visit(db, branch, order)
        if not cases.set_visit(db, branch, case_id, visit.visit_id):
            raise Conflict("case_linked")
        _add(db, work, branch, case_id, actor.login, "visit", visit.external_id)
        _audit(db, work, actor, "case.linked", case, {"visit": visit.visit_id})


def add_note(work: Work, actor: Actor, case_id: str, text: str) -> None:
    """What was found out, for colleagues; the customer never sees it."""
    branch = own_branch(actor, "cases.write")
    note = _words(text, "note")
    with work.write(branch) as db:
        case = cases.get(db, branch, case_id)
        if case.state != "open":
            raise Conflict("case_closed")
        _add(db, work, branch, case.case_id, actor.login, "note", note)
        _audit(db, work, actor, "case.noted", case, {})


def close(
    work: Work, actor: Actor, case_id: str, *, outcome: str, reply: str, apology: str, finding: Draft | None = None
) -> None:  # fmt: skip
    """Close an open case. A reply is always owed; an apology when a complaint or repudiation is upheld.

    With `finding`, what was upheld is recorded about the visit's technician in the same step. Raises `Forbidden`
    case_own (about one's own visit), `Invalid` naming the field, what `findings.record` raises,
    `Conflict("case_closed")` when somebody was faster.
    """
    branch = own_branch(actor, "cases.write")
    with work.write(branch) as db:
        case = cases.get(db, branch, case_id)
        judged = scoring.find_judgement(db, branch, case.visit_id) if case.visit_id else None
        if judged and judged.technician == actor.login:
            raise Forbidden("case_own")
        closing = complaints.close(case.kind, case.state, outcome, reply, apology)
        if finding is not None and closing.outcome != "upheld":
            raise Invalid("case_finding", field="about")
        if not cases.close(db, branch, case_id, work.now(), case.owner or actor.login):
            raise Conflict("case_closed")
        _add(db, work, branch, case_id, actor.login, "outcome", closing.outcome)
        _add(db, work, branch, case_id, actor.login, "reply", _words(closing.reply, "reply"))
        if closing.apology:
            _add(db, work, branch, case_id, actor.login, "apology", _words(closing.apology, "apology"))
        _audit(db, work, actor, "case.closed", case, {"outcome": outcome})
        if finding is not None:
            visit = visits.get(db, branch, case.visit_id or "")
            _find(db, work, actor, branch, case, finding, visit.external_id, work.new_id())


def record_finding(work: Work, actor: Actor, case_id: str, draft: Draft, *, order: str, finding_id: str) -> str:
    """Record a finding that a case led to; returns its id. Raises `NotFound`, what `findings.record` raises."""
    branch = own_branch(actor, "findings.write")
    with work.write(branch) as db:
        return _find(db, work, actor, branch, cases.get(db, branch, case_id), draft, order, finding_id)


def reopen(work: Work, actor: Actor, case_id: str, reason: str) -> None:
    """Answer a closed case anew; what was answered stays on record. Raises `Conflict` case_open, `Invalid`."""
    branch = own_branch(actor, "cases.write")
    with work.write(branch) as db:
        case = cases.get(db, branch, case_id)
        complaints.reopen(case.state, reason)
        cases.reopen(db, branch, case_id, complaints.due_from(work.now(), zone_of(db, branch)))
        _add(db, work, branch, case_id, actor.login, "reopened", _words(reason, "reason"))
        _audit(db, work, actor, "case.reopened", case, {})


# --- Inside -------------------------------------------------------------------------------------------------------


def _open(db: Db, work: Work, branch: str, visit_id: str | None, kind: Kind, text: str, actor: str) -> str:
    case_id, now = work.new_id(), work.now()
    due_at = complaints.due_from(now, zone_of(db, branch))
    cases.open_case(db, Case(branch, case_id, visit_id, kind, "open", now, None, None, due_at))
    _add(db, work, branch, case_id, actor, "opened", text)
    audit.append(
        db, branch, entry_id=work.new_id(), now=now, actor=actor, action="case.opened", subject=case_id,
        facts={"kind": kind, "visit": visit_id},
    )  # fmt: skip
    return case_id


def _visit(db: Db, branch: str, order: str) -> Visit:
    visit = visits.find_by_external_id(db, branch, order.strip())
    if visit is None:
        raise Invalid("finding_visit", field="visit", number=order.strip()[:64])
    return visit


def _find(
    db: Db, work: Work, actor: Actor, branch: BranchCode, case: Case, draft: Draft, order: str, finding_id: str
) -> str:  # fmt: skip
    require(actor, "findings.write", branch=branch)
    finding = findings.record_in(db, work, actor, branch, draft, order=order, finding_id=finding_id)
    if cases.add_finding(db, branch, case.case_id, finding):
        _add(db, work, branch, case.case_id, actor.login, "finding", finding)
    return finding


def _words(text: str, field: str) -> str:
    return needed(text, field, TEXT_LIMIT)


def _views(db: Db, branch: str, found: Sequence[Case], now: datetime) -> list[CaseView]:
    if not found:
        return []
    histories, names = cases.histories(db, branch, (case.case_id for case in found)), planning.names(db, branch)
    about = ((case, visits.find(db, branch, case.visit_id) if case.visit_id else None) for case in found)
    return [CaseView(one, visit, tuple(histories[one.case_id]), names, one.is_overdue(now)) for one, visit in about]


def _add(db: Db, work: Work, branch: str, case_id: str, actor: str, kind: str, text: str) -> None:
    entry = Entry(work.new_id(), work.now(), actor, kind, text)
    cases.add_entry(db, branch, case_id, entry)
    pin(db, work.new_id(), branch, case_id, entry)


def pin(db: Db, audit_id: str, branch: str, case_id: str, entry: Entry) -> None:
    """Write down in the audit which words these were, without them: a hash."""
    audit.append(
        db, branch, entry_id=audit_id, now=entry.recorded_at, actor=entry.actor, action=ENTERED, subject=case_id,
        facts={"entry": entry.entry_id, "kind": entry.kind, "sha256": _mark(entry)},
    )  # fmt: skip


def _mark(entry: Entry) -> str:
    return hashlib.sha256(entry.text.encode()).hexdigest()


# --- For the doctor -----------------------------------------------------------------------------------------------


def faults(db: Db, branch: str) -> list[str]:
    """One line per case whose history is not what the audit chain says was entered, or that is not what its history
    made of it; empty when all are."""
    told: dict[str, dict[str, tuple[str, str, str]]] = {}
    for row in audit.with_action(db, branch, ENTERED):
        said = row.facts
        told.setdefault(row.subject, {})[str(said["entry"])] = (row.actor, str(said["kind"]), str(said["sha256"]))
    opened = {row.subject for row in audit.with_action(db, branch, "case.opened")}
    found = cases.every(db, branch)
    histories = cases.histories(db, branch, (case.case_id for case in found), spoilt="")
    emptied = {one.visit_id for one in erasures.every(db, branch)}
    faulty = [f"case {one}: was opened, and is gone" for one in sorted((opened | told.keys()) - histories.keys())]
    for case in found:
        history = histories.get(case.case_id, [])
        pinned = told.get(case.case_id, {})
        kept = {
            one.entry_id: pinned[one.entry_id]
            if case.visit_id in emptied and one.text == ERASED and one.entry_id in pinned
            else (one.actor, one.kind, _mark(one))
            for one in history
        }
        if case.case_id not in opened and case.case_id not in told:
            faulty.append(f"case {case.case_id}: the audit chain knows nothing of it")
        elif kept != {**_unpinned(kept, told.get(case.case_id, {})), **told.get(case.case_id, {})}:
            faulty.append(f"case {case.case_id}: its history is not what was entered")
        ends = [one.kind for one in history if one.kind in ("outcome", "reopened")]
        if case.state != ("closed" if ends[-1:] == ["outcome"] else "open"):
            faulty.append(f"case {case.case_id}: is {case.state}, and its history does not say so")
    return faulty


def _unpinned(
    kept: Mapping[str, tuple[str, str, str]], told: Mapping[str, tuple[str, str, str]]
) -> Mapping[str, tuple[str, str, str]]:
    """Entries of a case that was opened before the audit knew their hashes; none of any later case."""
    return {} if any(kind == "opened" for _, kind, _ in told.values()) else kept


def _audit(db: Db, work: Work, actor: Actor, action: str, case: Case, facts: dict[str, object]) -> None:
    audit.append(
        db, case.branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action=action,
        subject=case.case_id, facts={"kind": case.kind, **facts},
    )  # fmt: skip
