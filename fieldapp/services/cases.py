"""Cases: what customers report through their own link, and how the company answers.

Append-only: a case is opened, gets notes, and is closed once with an outcome, a reply and, when upheld, an apology.
Nobody can edit, delete or reopen one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fieldapp.domain import complaints
from fieldapp.domain.access import Actor, own_branch
from fieldapp.domain.complaints import Kind
from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, cases, planning, visits
from fieldapp.storage.cases import KINDS, Case, Entry
from fieldapp.storage.visits import Visit

__all__ = ["KINDS", "Case", "CaseView", "Entry", "Kind"]

TEXT_LIMIT = 4000


@dataclass(frozen=True)
class CaseView:
    """A case with its visit, its history and who is who in the branch (login -> name)."""

    case: Case
    visit: Visit | None
    history: tuple[Entry, ...]
    names: Mapping[str, str]

    def text(self, kind: str) -> str | None:
        """The latest entry of this kind."""
        return next((entry.text for entry in reversed(self.history) if entry.kind == kind), None)


def open_by_customer(db: Db, work: Work, branch: str, visit_id: str, kind: Kind, text: str) -> str:
    """A new case in the customer's own words; returns its id."""
    case_id, now = work.new_id(), work.now()
    cases.open_case(db, Case(branch, case_id, visit_id, kind, "open", now, None))
    _add(db, work, branch, case_id, "customer", "opened", text)
    audit.append(
        db, branch, entry_id=work.new_id(), now=now, actor="customer", action="case.opened", subject=case_id,
        facts={"kind": kind, "visit": visit_id},
    )  # fmt: skip
    return case_id


def desk(work: Work, actor: Actor, state: str, kind: str | None = None) -> list[CaseView]:
    """The branch's cases in this state: open ones oldest first, closed ones latest first."""
    branch = own_branch(actor, "cases.read")
    if state not in {"open", "closed"} or (kind is not None and kind not in KINDS):
        raise Invalid()
    with work.read() as db:
        return _views(db, branch, cases.of_branch(db, branch, state, kind))


def detail(work: Work, actor: Actor, case_id: str) -> CaseView:
    """One case of the actor's branch; raises `NotFound`."""
    branch = own_branch(actor, "cases.read")
    with work.read() as db:
        return _views(db, branch, [cases.get(db, branch, case_id)])[0]


def of_visit(db: Db, branch: str, visit_id: str) -> list[CaseView]:
    """The cases about a visit, for its customer's own page."""
    return _views(db, branch, cases.of_visit(db, branch, visit_id))


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


def close(work: Work, actor: Actor, case_id: str, *, outcome: str, reply: str, apology: str) -> None:
    """Close an open case. A reply is always owed; an apology when a complaint or repudiation is upheld.

    Raises `Invalid` naming the field, `Conflict("case_closed")` when somebody was faster.
    """
    branch = own_branch(actor, "cases.write")
    with work.write(branch) as db:
        case = cases.get(db, branch, case_id)
        closing = complaints.close(case.kind, case.state, outcome, reply, apology)
        if not cases.close(db, branch, case_id, work.now()):
            raise Conflict("case_closed")
        _add(db, work, branch, case_id, actor.login, "outcome", closing.outcome)
        _add(db, work, branch, case_id, actor.login, "reply", _words(closing.reply, "reply"))
        if closing.apology:
            _add(db, work, branch, case_id, actor.login, "apology", _words(closing.apology, "apology"))
        _audit(db, work, actor, "case.closed", case, {"outcome": outcome})


def _words(text: str, field: str) -> str:
    words = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not words:
        raise Invalid("text_missing", field=field)
    if len(words) > TEXT_LIMIT:
        raise Invalid("text_too_long", field=field, limit=TEXT_LIMIT)
    return words


def _views(db: Db, branch: str, found: Sequence[Case]) -> list[CaseView]:
    if not found:
        return []
    histories, names = cases.histories(db, branch, (case.case_id for case in found)), planning.names(db, branch)
    about = ((case, visits.find(db, branch, case.visit_id) if case.visit_id else None) for case in found)
    return [CaseView(case, visit, tuple(histories[case.case_id]), names) for case, visit in about]


def _add(db: Db, work: Work, branch: str, case_id: str, actor: str, kind: str, text: str) -> None:
    cases.add_entry(db, branch, case_id, Entry(work.new_id(), work.now(), actor, kind, text))


def _audit(db: Db, work: Work, actor: Actor, action: str, case: Case, facts: dict[str, object]) -> None:
    audit.append(
        db, case.branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action=action,
        subject=case.case_id, facts={"kind": case.kind, **facts},
    )  # fmt: skip
