"""Causes of lateness: who may say and confirm them, and what a branch's month says.

Owns access, the transaction and the audit. A cause changes no score: it shows where planning was at fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fieldapp.domain import causes as rules
from fieldapp.domain.access import Actor, may, own_branch, require
from fieldapp.domain.calendar import Month
from fieldapp.domain.causes import Saying, State
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.domain.ids import StaffCode
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, causes, planning
from fieldapp.storage.causes import Late

__all__ = ["Board", "Detail", "Late"]
PAGE = 50


@dataclass(frozen=True, slots=True)
class Board:
    """A month's late visits in one state, page by page, and how many stand where with which cause."""

    month: Month
    state: State
    late: Sequence[Late]
    total: int
    page: int
    pages: int
    counts: Mapping[tuple[State, str | None], int]
    names: Mapping[str, str]

    def count(self, state: State) -> int:
        """How many stand there."""
        return sum(number for (one, _), number in self.counts.items() if one == state)


@dataclass(frozen=True, slots=True)
class Detail:
    """One late visit, what was said of it, and what this reader may do now."""

    late: Late
    said: Sequence[Saying]
    names: Mapping[str, str]
    may_record: bool
    may_confirm: bool


def board(work: Work, actor: Actor, month: Month, state: State, page: int = 1) -> Board:
    """A month's late visits; for dispatchers, quality staff and managers of the branch."""
    branch, now = own_branch(actor, "causes.read"), work.now()
    with work.read() as db:
        counts = causes.counts(db, branch, month, now)
        total = sum(number for (one, _), number in counts.items() if one == state)
        pages = max(1, -(-total // PAGE))
        shown = min(max(1, page), pages)
        found, _ = causes.late(db, branch, month, now, state, offset=(shown - 1) * PAGE, limit=PAGE)
        names = planning.names(db, branch, (one for late in found for one in (late.technician, late.said_by)))
        return Board(month, state, found, total, shown, pages, counts, names)


def detail(work: Work, actor: Actor, visit: str) -> Detail:
    """One late visit. Raises `NotFound`, also for one that was not late or is somebody else's."""
    branch = own_branch(actor, "causes.record")
    with work.read() as db:
        late = _get(db, work, actor, branch, visit)
        said = causes.of_visit(db, branch, visit)
        names = planning.names(db, branch, (late.technician, *(one.said_by for one in said)))
    is_open = rules.state_of(said) != "confirmed"
    is_second = bool(said) and actor.login not in {said[-1].said_by, late.technician}
    return Detail(late, said, names, is_open, is_open and is_second and may(actor, "causes.confirm"))


def record(work: Work, actor: Actor, visit: str, *, seen: int, cause: str, note: str) -> None:
    """Say why the visit was late. Raises `NotFound` and what `domain.causes.record` raises."""
    branch = own_branch(actor, "causes.record")
    with work.write(branch) as db:
        late = _get(db, work, actor, branch, visit)
        said = causes.of_visit(db, branch, visit)
        saying = rules.record(said, seen=seen, cause=cause, note=note, login=actor.login, now=work.now())
        _store(db, work, branch, late, saying)


def confirm(work: Work, actor: Actor, visit: str, *, seen: int, cause: str, note: str) -> None:
    """Settle it as a second person. Raises `Forbidden`, `NotFound` and what `domain.causes.confirm` raises."""
    branch = own_branch(actor, "causes.confirm")
    with work.write(branch) as db:
        late = _get(db, work, actor, branch, visit)
        said = causes.of_visit(db, branch, visit)
        saying = rules.confirm(
            said, seen=seen, cause=cause, note=note, login=actor.login, technician=late.technician, now=work.now()
        )
        _store(db, work, branch, late, saying)


def of_visit(work: Work, actor: Actor, visit: str) -> tuple[Late, Sequence[Saying]] | None:
    """What was said of a visit, for the pages that show it; None where it was not late or is not this reader's."""
    if actor.branch is None or not may(actor, "causes.record"):
        return None
    with work.read() as db:
        try:
            late = _get(db, work, actor, actor.branch, visit)
        except NotFound:
            return None
        return late, causes.of_visit(db, actor.branch, visit)


def _get(db: Db, work: Work, actor: Actor, branch: str, visit: str) -> Late:
    late = causes.find(db, branch, visit, work.now())
    if late is None:
        raise NotFound()
    require(actor, "causes.record", technician=StaffCode(late.technician))
    return late


def _store(db: Db, work: Work, branch: str, late: Late, saying: Saying) -> None:
    if not causes.add(db, branch, late.visit, saying):
        raise Conflict("cause_overtaken")
    audit.append(
        db, branch, entry_id=work.new_id(), now=saying.said_at, actor=saying.said_by,
        action="lateness.confirmed" if saying.confirms else "lateness.recorded", subject=late.external_id,
        facts={"cause": saying.cause},
    )  # fmt: skip
