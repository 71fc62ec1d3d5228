"""Facts that a phone sent to another branch than that of their visit: its technician went there with unsent work.

Owns handing them over. Each branch in transactions of its own, the same ids, and an entry in both audits: whatever is
cut off in between, or fails, is done again by the next push, rescue file or start of the server (`leftovers`): whoever
brought more than that is not stopped by it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from fieldapp.domain.ids import BranchCode, VisitId
from fieldapp.domain.visits.personal import photographed
from fieldapp.services import erasing, photos, recording
from fieldapp.services.mishaps import noted
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, branches, devices, events, standings, strays
from fieldapp.storage.events import Record


def bring_home(work: Work, branch: BranchCode) -> int:
    """Hand over what waits in the branch, for whatever reason, and is about no visit of its own, where another branch
    knows the visit and had given it to who recorded the fact. There it waits for the dispatcher: here nobody could
    decide about it. Returns how many facts went."""
    went = 0
    with noted("looking for strays", branch=branch):
        with work.read() as db:
            found, others = strays.waiting(db, branch), [one.code for one in branches.every(db) if one.code != branch]
        for home in others if found else ():
            for actor, records in _by_actor(_belonging(work, home, found)).items():
                with noted("handing strays over", branch=branch, home=home, actor=actor):
                    went += _hand_over(work, branch, home, actor, records)
    return went


def bring_photo_home(work: Work, branch: BranchCode, sha256: str) -> None:
    """A photo that became whole here follows the facts that name it."""
    with noted("handing a photo over", branch=branch, photo=sha256):
        with work.read() as db:
            gone = [one.event for one in events.held_of(db, branch, code=strays.GONE)]
            visits = {one.visit for one in gone if one.visit and sha256 in photographed(one.data)}
            others = [one.code for one in branches.every(db) if one.code != branch] if visits else []
        for home in others:
            with work.read() as db:
                known = standings.of(db, home, visits)
            if known:
                photos.carry(work, branch, home, sha256)


def _belonging(work: Work, home: str, records: Sequence[Record]) -> list[Record]:
    """Those about a visit of this branch that once was their actor's: nobody disputes another's work."""
    with work.read() as db:
        known = standings.of(db, home, {one.event.visit for one in records if one.event.visit})
        histories, _ = events.histories(db, home, [VisitId(visit) for visit in known])
    whose = {
        visit: {getattr(event.data, "technician", None) for event in history} for visit, history in histories.items()
    }
    return [one for one in records if one.event.visit and one.event.actor in whose.get(one.event.visit, ())]


def _by_actor(records: Iterable[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = defaultdict(list)
    for one in records:
        groups[one.event.actor].append(one)
    return groups


def _hand_over(work: Work, branch: BranchCode, home: str, actor: str, records: Sequence[Record]) -> int:
    with work.read() as db:
        payloads = devices.payloads(db, branch, [one.event.id for one in records])
    with work.write(home) as db:
        now = work.now()
        # Heard of by this branch only now: its visits' revisions are counted by when it heard.
        recorded = recording.record(db, home, [replace(one, received_at=now) for one in records], now)
        kept = recorded.new - recorded.emptied
        devices.keep_payloads(db, home, {one: payloads[one] for one in kept if one in payloads})
        if recorded.new:
            _audit(work, db, home, actor, "facts_taken_over", branch, recorded.new)
    for sha256 in {name for one in records for name in photographed(one.event.data)}:
        photos.carry(work, branch, home, sha256)
    taken = {one.event.id for one in recorded.conflicts}
    gone = [one.event.id for one in records if one.event.id not in taken]
    # Where the customer was erased just when it was sent here, the erasure did not see it.
    emptied = {one.event.visit for one in records if one.event.visit and one.event.id in recorded.emptied}
    with work.write(branch) as db:
        unwanted = erasing.take_out(db, branch, sorted(emptied), work.now())[2]
        strays.mark_gone(db, branch, gone)
        if gone:
            _audit(work, db, branch, actor, "facts_handed_over", home, gone)
    erasing.take_photos(work, branch, unwanted)
    erasing.take_photos(work, home, recorded.unwanted)
    return len(gone)


def _audit(work: Work, db: Db, branch: str, actor: str, action: str, other: str, ids: Iterable[str]) -> None:
    audit.append(
        db, branch, entry_id=work.new_id(), now=work.now(), actor=actor, action=action, subject=other,
        facts={"events": sorted(ids)},
    )  # fmt: skip
