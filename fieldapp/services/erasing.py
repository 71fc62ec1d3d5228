"""Erasing a customer: every visit of theirs stays, and scores as before; the person in it goes, with the photos.

Owns the order. First the list outside of the database, then the rows and the audit in one transaction, then the files:
whatever breaks off in between is finished by doing the same again. A restored backup is gone through by the list.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fieldapp.domain.access import Actor, require
from fieldapp.domain.ids import BranchCode, VisitId
from fieldapp.services import recording
from fieldapp.services.work import Db, Refused, Work
from fieldapp.storage import audit, branches, erasures, photos
from fieldapp.storage.erase_list import BadList, EraseList, Line
from fieldapp.storage.erasures import Erasure, Why

__all__ = ["EraseList"]
ERASED = "person.erased"
#: So many files are taken away while phones wait.
AT_A_TIME = 20


@dataclass(frozen=True, slots=True)
class Emptied:
    """What was taken out: visits that were not erased before, facts rewritten, photos taken away."""

    visits: int = 0
    facts: int = 0
    photos: int = 0

    def __add__(self, other: "Emptied") -> "Emptied":
        return Emptied(self.visits + other.visits, self.facts + other.facts, self.photos + other.photos)


def erase(
    work: Work, actor: Actor, erase_list: EraseList, found: Iterable[tuple[str, str]], *, why: Why = "asked"
) -> Emptied:  # fmt: skip
    """Erase the customers of these visits (branch, id), one transaction each. Raises `Refused` and `OSError` where they
    cannot be listed and before anybody is erased, `Busy` also in the middle: to be done again."""
    lines = [Line(branch, visit, work.now(), why) for branch, visit in found]
    for line in lines:
        require(actor, "persons.erase", branch=BranchCode(line.branch))
    write_down(erase_list, lines)
    total = Emptied()
    for line in lines:
        total += _one(work, actor, Erasure(BranchCode(line.branch), VisitId(line.id), work.now(), why))
    work.database.scrub()
    return total


def write_down(erase_list: EraseList, lines: Iterable[Line]) -> None:
    """Put somebody on the list. Raises `Refused`, `OSError`."""
    try:
        erase_list.add(list(lines))
    except BadList as error:
        raise Refused(f"{error}; give another file as FIELDAPP_ERASURES, or take the line away") from None


def again(work: Work, actor: Actor, lines: Iterable[Line]) -> int:
    """After a backup was restored: erase whom it still holds. Returns of how many visits."""
    total = Emptied()
    with work.read() as db:
        codes = set(branches.codes(db))
        known = {(one.branch, one.visit_id) for code in codes for one in erasures.every(db, code)}
    for line in lines:
        if line.branch in codes and line.key not in known:
            why: Why = "expired" if line.why == "expired" else "asked"
            total += _one(work, actor, Erasure(BranchCode(line.branch), VisitId(line.id), line.when, why))
    work.database.scrub()
    return total.visits


def from_database(work: Work) -> list[Line]:
    """What the database knows of its erasures, in the form of the list."""
    with work.read() as db:
        return [
            Line(one.branch, one.visit_id, one.erased_at, one.why)
            for code in branches.codes(db)
            for one in erasures.every(db, code)
        ]


def take_photos(work: Work, branch: str, hashes: Iterable[str]) -> None:
    """Take the bytes of photos that are gone by their rows away, too, unless they were asked for again meanwhile.
    Raises `Busy`."""
    names = list(hashes)
    for start in range(0, len(names), AT_A_TIME):
        with work.write(branch) as db:
            for sha256 in photos.gone(db, branch, names[start : start + AT_A_TIME]):
                work.blobs.remove(branch, sha256)


def _one(work: Work, actor: Actor, one: Erasure) -> Emptied:
    with work.write(one.branch) as db:
        done, gone = empty(db, work, actor, one.branch, [one])
    for code, hashes in gone.items():
        take_photos(work, code, hashes)
    return done


def empty(
    db: Db, work: Work, actor: Actor, branch: BranchCode, some: Sequence[Erasure]
) -> tuple[Emptied, dict[str, set[str]]]:
    """Take the customers out of these visits of a branch, and audit it as one. Also the photos by branch whose bytes
    are to be taken away after the commit."""
    now, codes = work.now(), branches.codes(db)
    wanted = [one.visit_id for one in some]
    number = sum(erasures.note(db, one) for one in some)
    gone: dict[str, set[str]] = {}
    facts: dict[str, str] = {}
    total = 0
    for code in codes:  # what a phone said under another branch lies there, too
        emptied, dropped, gone[code] = take_out(db, code, wanted, now)
        facts |= emptied
        total += dropped
    recording.refresh(db, branch, wanted, now, promises=False)
    if number or facts:
        audit.append(
            db, branch, entry_id=work.new_id(), now=now, actor=actor.login, action=ERASED,
            subject=wanted[0] if len(wanted) == 1 else f"{len(wanted)} visits",
            facts={
                "visits": wanted, "why": some[0].why, "facts": len(facts), "sha256": digest(facts), "photos": total,
                "at": now.isoformat(),
            },
        )  # fmt: skip
    return Emptied(number, len(facts), total), gone


def take_out(db: Db, branch: str, visits: Sequence[str], now: datetime) -> tuple[dict[str, str], int, set[str]]:
    """Take the customers of these visits out of what one branch has. Returns the new hashes of facts by id, how many
    photos are nobody's any more, and those whose bytes are to be taken away after the commit: perhaps once more."""
    named = {sha256 for visit in visits for sha256 in erasures.photos_of(db, branch, visit)}
    dropped = erasures.only_theirs(db, branch, visits, named)
    photos.drop(db, branch, dropped, now)
    facts: dict[str, str] = {}
    for visit in visits:
        facts |= erasures.empty_facts(db, branch, visit, now)
        erasures.empty_rest(db, branch, visit, now)
    return facts, len(dropped), photos.gone(db, branch, named)


def digest(facts: Mapping[str, str]) -> str:
    """One hash for what is left of many facts."""
    return hashlib.sha256("".join(f"{key} {facts[key]}\n" for key in sorted(facts)).encode()).hexdigest()


# --- For the doctor -----------------------------------------------------------------------------------------------


def faults(work: Work, db: Db, branch: str) -> list[str]:
    """One line per erasure that is not what it says: a person left in it, facts that are not those that were left, a
    photo that is still there, no word of it in the audit."""
    return list(_faults(work, db, branch))


def _faults(work: Work, db: Db, branch: str) -> Iterator[str]:
    known = {one.visit_id for one in erasures.every(db, branch)}
    told: set[str] = set()
    for row in audit.with_action(db, branch, ERASED):
        visits: list[str] = row.facts["visits"]  # type: ignore[assignment]
        told.update(visits)
        if digest(erasures.emptied_at(db, visits, datetime.fromisoformat(str(row.facts["at"])))) != row.facts["sha256"]:
            yield f"{row.subject}: the facts are not what was left of them when the customer was erased"
    for event_id in sorted(one for code in branches.codes(db) for one in erasures.traces(db, code, known)):
        yield f"fact {event_id}: its customer was erased, and is in it"
    for visit in sorted(known - told):
        yield f"visit {visit}: its customer was erased, and the audit chain knows nothing of it"
    for name in sorted(told - known):
        yield f"visit {name}: its customer was erased, and it is not written down"
    for sha256 in sorted(photos.gone(db, branch)):
        if work.blobs.has(branch, sha256):
            yield f"blob {sha256}: was erased, and is there"
