"""Adjustments of closed months: read as two people agreed to them, and verified. Owns no decision (`adjustments`').

Every read checks the bytes against their hash, and that each follows what stands before it: what was altered is shown
to nobody. Signature and audit chain are `faults`', asked by `fieldapp doctor`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any

from fieldapp.domain.adjustments import Adjustment, no_figure
from fieldapp.domain.calendar import Month
from fieldapp.domain.closing import ClosedSheet, Evidence, Figure, Snapshot, figure_of, fingerprint, read, sheet_with
from fieldapp.domain.errors import Conflict
from fieldapp.domain.scoring.engine import ScoreSheet, tally
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.services import closed
from fieldapp.services.closed import Sealed
from fieldapp.services.work import Db, KeyMissing, SealKey
from fieldapp.storage import accounts, adjustments, audit, closing, scoring
from fieldapp.storage.adjustments import Kept

__all__ = ["ADJUSTED", "Adjusted", "Standing"]
ADJUSTED = "month.adjusted"


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An adjustment as it is kept, what was signed of it, and what its two people are called today."""

    row: Kept
    content: Adjustment
    author_name: str
    approver_name: str

    @property
    def before(self) -> Figure:
        return self.content.difference.before

    @property
    def after(self) -> Figure:
        return self.content.difference.after


@dataclass(frozen=True, slots=True)
class Standing:
    """A technician's closed figures with the adjustments since. `listed` is the closed sheet: None, and no figures, for
    whoever was not listed then."""

    technician: str
    name: str
    team: str | None
    listed: ClosedSheet | None
    closed: Figure
    adjustments: tuple[Adjusted, ...]

    @property
    def figure(self) -> Figure:
        """The figures that stand: those of the last adjustment, else the closed ones."""
        return self.adjustments[-1].after if self.adjustments else self.closed

    @property
    def changed_by(self) -> dict[str, int]:
        """The number of the adjustment that last changed an item, by the item's code."""
        found: dict[str, int] = {}
        for one in self.adjustments:
            before = {item.code: item for item in one.before.items}
            number = one.content.difference.number
            found |= {item.code: number for item in one.after.items if item != before.get(item.code)}
        return found

    @property
    def award(self) -> Decimal:
        """What the adjustments add to the closed award, or take from it."""
        return self.figure.award - self.closed.award

    @property
    def score(self) -> Decimal:
        """What they add to the closed score, or take from it."""
        return self.figure.score - self.closed.score


def sheet_that_stands(sheet: ScoreSheet, standing: Standing | None, book: Rulebook) -> ScoreSheet:
    """The sheet that counts: of an adjusted month, what stands by its last adjustment."""
    if standing is None or not standing.adjustments:
        return sheet
    return sheet_with(standing.figure, sheet.technician, book, sheet.month)


def everybody(db: Db, sealed: Sealed) -> list[Standing]:
    """Everybody who was listed or was adjusted since, by staff code. Raises `Conflict` snapshot_altered,
    adjustment_altered."""
    made = _of_month(db, sealed)
    found = [
        _standing(sealed, one.technician, one, made.pop(one.technician, ())) for one in closed.everybody(db, sealed)
    ]
    found += [_standing(sealed, technician, None, theirs) for technician, theirs in made.items()]
    return sorted(found, key=lambda one: one.technician)


def of_one(db: Db, sealed: Sealed, technician: str) -> Standing:
    """Where one technician's month stands, whether or not they were listed. Raises like `everybody`."""
    listed = closed.of_technician(db, sealed, technician)
    made = _of_month(db, sealed, technician).get(technician, ())
    standing = _standing(sealed, technician, listed[0] if listed else None, made)
    if listed or made:
        return standing
    account = accounts.find_by_login(db, technician)
    if account is None:
        return standing
    return replace(standing, name=account.name, team=account.team if account.branch == sealed.row.branch else None)


def is_named(db: Db, branch: str, month: Month, technician: str, sealed: Sealed | None) -> bool:
    """Whether a month of the branch, closed if `sealed`, has anything of somebody who may work elsewhere by now:
    visits, findings, a sheet, an adjustment. What is listed can be opened, proposed and settled."""
    if sealed and (technician in sealed.sheets or adjustments.of_month(db, branch, month, technician)):
        return True
    return bool(scoring.kept_counts(db, branch, month, technician) or scoring.effects(db, branch, month, technician))


def _standing(sealed: Sealed, technician: str, listed: ClosedSheet | None, made: tuple[Adjusted, ...]) -> Standing:
    if listed is not None:
        return Standing(technician, listed.name, listed.team, listed, listed.figure, made)
    name = made[0].content.name if made else technician
    return Standing(technician, name, None, None, no_figure(technician, sealed.month, sealed.book), made)


def evidence_of(db: Db, sealed: Sealed, technician: str, made: Sequence[Adjusted]) -> Evidence:
    """What the figures that stand rest on: that of the last adjustment, else that of the closed sheet."""
    if made:
        body = adjustments.evidence(db, made[-1].row)
        found = read(body, Evidence) if fingerprint(body) == made[-1].content.evidence else None
        if found is None:
            raise Conflict("adjustment_altered", technician=technician, month=sealed.month)
        return found
    listed = closed.of_technician(db, sealed, technician)
    return listed[1] if listed else Evidence((), ())


def _of_month(db: Db, sealed: Sealed, technician: str | None = None) -> dict[str, tuple[Adjusted, ...]]:
    rows = adjustments.of_month(db, sealed.row.branch, sealed.month, technician)
    found: dict[str, tuple[Adjusted, ...]] = {}
    for who, theirs in groupby(rows, key=lambda one: one.technician):
        previous, made = _sealed_as(sealed, who), []
        for number, row in enumerate(theirs, start=1):
            content = read(row.body, Adjustment) if fingerprint(row.body) == row.fingerprint else None
            if content is None or (content.previous, content.difference.number) != (previous, number):
                raise Conflict("adjustment_altered", technician=who, month=sealed.month)
            made.append(Adjusted(row, content, _name(db, row.author), _name(db, row.approver)))
            previous = row.fingerprint
        found[who] = tuple(made)
    return found


def _sealed_as(sealed: Sealed, technician: str) -> str:
    """What the first adjustment of somebody's month follows: their closed sheet; the snapshot where there is none."""
    return sealed.sheets.get(technician, sealed.row.fingerprint)


def previous_of(sealed: Sealed, technician: str, made: Sequence[Adjusted]) -> str:
    """SHA-256 of what the next adjustment follows."""
    return made[-1].row.fingerprint if made else _sealed_as(sealed, technician)


def as_data(standing: Standing) -> dict[str, Any]:
    """What stands after the adjustments, in the form of data files, beside the closed figures; nothing without any."""
    figure = standing.figure
    if not standing.adjustments:
        return {}
    return {"adjusted": {
        "score": f"{figure.score:.1f}", "award": f"{figure.award:.2f}", "veto": list(figure.veto),
        "status": figure.status, "adjustments": [one.row.adjustment_id for one in standing.adjustments],
    }}  # fmt: skip


def _name(db: Db, login: str) -> str:
    account = accounts.find_by_login(db, login)
    return account.name if account else login


# --- For the doctor -----------------------------------------------------------------------------------------------


def faults(db: Db, key: SealKey, branch: str) -> list[str]:
    """One line per adjustment of the branch that is not what two people agreed to; empty when all are."""
    told = {
        str(one.facts.get("adjustment")): (one.subject, str(one.facts.get("fingerprint")))
        for one in audit.with_action(db, branch, ADJUSTED)
    }
    found: list[str] = []
    before: dict[tuple[Month, str], Kept] = {}
    for row in adjustments.of_branch(db, branch):
        _, known = told.pop(row.adjustment_id, ("", None))
        flaws = [*_flaws(db, key, row, known), *_out_of_line(db, row, before.get((row.month, row.technician)))]
        found += [f"adjustment {row.number} of {row.technician}, {row.month}, of {branch}: {flaw}" for flaw in flaws]
        before[row.month, row.technician] = row
    return found + [f"adjustment of {branch}, {subject}: was made, and is gone" for subject, _ in sorted(told.values())]


def _flaws(db: Db, key: SealKey, row: Kept, told: str | None) -> Iterator[str]:
    if fingerprint(row.body) != row.fingerprint:
        yield "it is not what was signed"
    if told != row.fingerprint:
        yield "the audit chain knows no adjustment with its fingerprint"
    try:
        if not key.verifies(row.body, row.signature):
            yield "its signature is not one of this installation's key"
    except KeyMissing:
        yield "the key that signed it is missing; bring seal-key.pem back into the instance folder"
    content = read(row.body, Adjustment)
    if content is None:
        yield "it cannot be read any more"
        return
    said = content.difference
    whose = (said.branch, said.month, said.technician, said.number, content.adjustment_id)
    who = (content.author, content.approver, content.confirmed_at)
    if whose != (row.branch, row.month, row.technician, row.number, row.adjustment_id) or who != (
        row.author, row.approver, row.confirmed_at
    ):  # fmt: skip
        yield "whose it is, who made it, or when, is not what was signed"
    body = adjustments.evidence(db, row)
    if fingerprint(body) != content.evidence:
        yield "what it rests on is not what was signed"


def _out_of_line(db: Db, row: Kept, before: Kept | None) -> Iterator[str]:
    """Whether it follows what stood before it, and says what its own evidence adds up to."""
    content, month = read(row.body, Adjustment), closing.find(db, row.branch, row.month)
    if content is None:
        return
    snapshot = read(month.body, Snapshot) if month else None
    if month is None or snapshot is None:
        yield "its month is not closed"
        return
    sheet = closing.sheet(db, row.branch, row.month, row.technician)
    listed = read(sheet[0], ClosedSheet) if sheet else None
    last = read(before.body, Adjustment) if before else None
    stood = no_figure(row.technician, row.month, snapshot.rulebook)
    if listed:
        stood = listed.figure
    if last:
        stood = last.difference.after
    previous = before.fingerprint if before else dict(snapshot.sheets).get(row.technician, month.fingerprint)
    number = before.number + 1 if before else 1
    if (content.previous, row.number, content.difference.before) != (previous, number, stood):
        yield "it does not follow what stood before it"
    evidence = read(adjustments.evidence(db, row), Evidence)
    if evidence is None or content.difference.after != _added_up(row, evidence, snapshot):
        yield "its figures are not what its visits and findings add up to"


def _added_up(row: Kept, evidence: Evidence, snapshot: Snapshot) -> Figure:
    judgements = (one.judgement for one in evidence.visits)
    return figure_of(
        tally(row.technician, row.month, judgements, evidence.effects, snapshot.rulebook, row.confirmed_at)
    )
