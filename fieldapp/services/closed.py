"""Months under seal: read as they were closed, and verified. Owns no decision; closing is `services.closing`'s.

Every read checks the bytes against the hash that the snapshot names: what was altered is shown to nobody. Signature and
audit chain are `faults`', asked by `fieldapp doctor`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from fieldapp.domain.calendar import Month
from fieldapp.domain.closing import ClosedSheet, Evidence, Snapshot, fingerprint, read, sheet_of
from fieldapp.domain.errors import Conflict
from fieldapp.domain.scoring.engine import ScoreSheet, tally
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.services.work import Db, KeyMissing, SealKey
from fieldapp.storage import audit, closing
from fieldapp.storage.closing import ClosedMonth

__all__ = ["ClosedMonth", "Sealed"]
CLOSED = "month.closed"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A closed month: the seal, and the snapshot that it is on."""

    row: ClosedMonth
    snapshot: Snapshot
    #: Staff code -> SHA-256 of the sheet.
    sheets: dict[str, str]

    @property
    def month(self) -> Month:
        return self.row.month

    @property
    def book(self) -> Rulebook:
        """The norm that the month was judged by, as it was then."""
        return self.snapshot.rulebook


def find(db: Db, branch: str, month: Month) -> Sealed | None:
    """The closed month, None while it is open. Raises `Conflict("snapshot_altered")`."""
    row = closing.find(db, branch, month)
    if row is None:
        return None
    snapshot = _intact(row.body, row.fingerprint, Snapshot, month)
    return Sealed(row, snapshot, dict(snapshot.sheets))


def everybody(db: Db, sealed: Sealed) -> Iterator[ClosedSheet]:
    """All sheets by staff code, without what is behind their numbers. Raises `Conflict("snapshot_altered")`."""
    rest = dict(sealed.sheets)
    for technician, body in closing.sheets(db, sealed.row.branch, sealed.month):
        yield _intact(body, rest.pop(technician, ""), ClosedSheet, sealed.month)
    if rest:
        raise Conflict("snapshot_altered", month=sealed.month)


def of_technician(db: Db, sealed: Sealed, technician: str) -> tuple[ClosedSheet, Evidence] | None:
    """One technician's sheet with what is behind it; None for who was not listed."""
    if technician not in sealed.sheets:
        return None
    found = closing.sheet(db, sealed.row.branch, sealed.month, technician)
    body, evidence = found or (b"", b"")
    closed = _intact(body, sealed.sheets[technician], ClosedSheet, sealed.month)
    return closed, _intact(evidence, closed.evidence, Evidence, sealed.month)


def score_sheet(db: Db, sealed: Sealed, technician: str) -> ScoreSheet:
    """The closed sheet in the form of a live one; an empty one for who was not listed."""
    found = of_technician(db, sealed, technician)
    if found is None:
        return tally(technician, sealed.month, [], [], sealed.book, sealed.row.closed_at)
    closed, evidence = found
    return sheet_of(closed, sealed.book, sealed.month, evidence)


def _intact(content: bytes, wanted: str, kind: type[T], month: Month) -> T:
    found = read(content, kind) if fingerprint(content) == wanted else None
    if found is None:
        raise Conflict("snapshot_altered", month=month)
    return found


# --- For the doctor -----------------------------------------------------------------------------------------------


def faults(db: Db, key: SealKey, branch: str) -> list[str]:
    """One line per closed month of the branch that is not what two people closed; empty when all are."""
    told = {one.subject: str(one.facts.get("fingerprint")) for one in audit.with_action(db, branch, CLOSED)}
    found: list[str] = []
    for row in closing.of_branch(db, branch):
        found += [
            f"month {row.month} of {branch}: {fault}" for fault in _flaws(db, key, row, told.pop(row.month, None))
        ]
    return found + [f"month {month} of {branch}: was closed, and is gone" for month in sorted(told)]


def _flaws(db: Db, key: SealKey, row: ClosedMonth, told: str | None) -> Iterator[str]:
    if fingerprint(row.body) != row.fingerprint:
        yield "its figures are not what was closed"
    if told != row.fingerprint:
        yield "the audit chain knows no close with its fingerprint"
    yield from _signature(key, row)
    snapshot = read(row.body, Snapshot)
    if snapshot is None:
        yield "its figures cannot be read any more"
        return
    said = (snapshot.branch, snapshot.month, snapshot.proposed_by, snapshot.confirmed_by)
    if said != (row.branch, row.month, row.proposed_by, row.confirmed_by) or snapshot.closed_at != row.closed_at:
        yield "who closed it, or when, is not what was signed"
    rest = dict(snapshot.sheets)
    for technician, _ in closing.sheets(db, row.branch, row.month):
        wanted = rest.pop(technician, None)
        if wanted is None or not _is_whole(db, row, technician, wanted):
            yield f"the sheet of {technician} is not what was closed"
    yield from (f"the sheet of {technician} is gone" for technician in sorted(rest))


def _signature(key: SealKey, row: ClosedMonth) -> Iterator[str]:
    try:
        if not key.verifies(row.body, row.signature):
            yield "its signature is not one of this installation's key"
    except KeyMissing:
        yield "the key that signed it is missing; bring seal-key.pem back into the instance folder"


def _is_whole(db: Db, row: ClosedMonth, technician: str, wanted: str) -> bool:
    found = closing.sheet(db, row.branch, row.month, technician)
    closed_sheet = read(found[0], ClosedSheet) if found and fingerprint(found[0]) == wanted else None
    return found is not None and closed_sheet is not None and fingerprint(found[1]) == closed_sheet.evidence
