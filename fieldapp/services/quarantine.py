"""What was sent and could not become an event: quality staff look at it, try it again or settle it; it is erased with a
customer.

Owns who may do that, and that each of it is audited. What waits there is `storage.quarantine`'s, storing it after all
`sync_push`'s, by the rules of a push.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from fieldapp.domain.access import Actor, own_branch, require
from fieldapp.domain.errors import Conflict, DomainError, Invalid, NotFound
from fieldapp.domain.ids import BranchCode, VisitId
from fieldapp.services import sync_push, sync_strays, sync_wire
from fieldapp.services.sync_wire import Item
from fieldapp.services.work import Db, Unreadable, Work
from fieldapp.storage import accounts, audit, quarantine
from fieldapp.storage.quarantine import Content, Kept

__all__ = ["Content", "Kept"]
#: What may become readable when the program learns more; a damaged or doubled entry never does.
REPLAYABLE = "schema_invalid"
REASON_LIMIT = 1000


def list_kept(work: Work, actor: Actor, *, is_open: bool = True) -> list[Kept]:
    """What waits in the own branch, or what ended, the latest first. Without its content."""
    branch = own_branch(actor, "quarantine.read")
    with work.read() as db:
        return [one for one in quarantine.listed(db, branch) if one.is_open is is_open]


def count_waiting(work: Work, actor: Actor) -> int:
    """How many things wait where the actor may know that there are any: the own branch, for an admin everywhere."""
    require(actor, "quarantine.count")
    with work.read() as db:
        return quarantine.count(db, actor.branch)


def detail(work: Work, actor: Actor, digest: str) -> tuple[Kept, str | None]:
    """One thing, without its content, and why it was settled. Raises `NotFound`; `Conflict` quarantine_sealed."""
    branch = own_branch(actor, "quarantine.read")
    with work.read() as db:
        kept = _get(db, branch, digest)
    try:
        return kept, quarantine.reason(work.vault, branch, kept)
    except Unreadable:
        raise Conflict("quarantine_sealed") from None


def reveal(work: Work, actor: Actor, digest: str) -> Content:
    """What was sent, byte for byte, and why it could not be read; that somebody looked is audited.

    Raises `NotFound`; `Conflict` quarantine_erased, quarantine_sealed.
    """
    branch = own_branch(actor, "quarantine.read")
    with work.write(branch) as db:
        found = _content(work, branch, _get(db, branch, digest))
        _audit(db, work, actor, branch, "quarantine.revealed", digest)
        return found


def replay(work: Work, actor: Actor, digest: str) -> str:
    """Store it after all, in the name of who sent it and as of when it came; returns what it became: accepted, held or
    duplicate. Raises `NotFound`; `Conflict` quarantine_ended, quarantine_erased, quarantine_sealed, quarantine_still.
    """
    branch = own_branch(actor, "quarantine.read")
    with work.write(branch) as db:
        outcome = _replay(work, db, actor, branch, _get(db, branch, digest))
    if outcome == "held":
        sync_strays.bring_home(work, branch)
    return outcome


def replay_all(work: Work, actor: Actor) -> Counter[str]:
    """Try everything that waits, in the order in which it was sent; how many became what.

    `still`: those that stay as they are.
    """
    counts: Counter[str] = Counter()
    for kept in sorted(list_kept(work, actor), key=_sent):
        try:
            counts[replay(work, actor, kept.digest)] += 1
        except DomainError:
            counts["still"] += 1
    return counts


def settle(work: Work, actor: Actor, digest: str, reason: str) -> None:
    """Note that it was looked into, and why nothing more is to be done: it waits no longer. What was sent stays and may
    still be tried again. Raises `NotFound`; `Invalid` reason_missing, text_too_long; `Conflict` quarantine_ended.
    """
    branch, why = own_branch(actor, "quarantine.read"), reason.strip()
    if not why:
        raise Invalid("reason_missing", field="reason")
    if len(why) > REASON_LIMIT:
        raise Invalid("text_too_long", field="reason", limit=REASON_LIMIT)
    with work.write(branch) as db:
        kept = _get(db, branch, digest)
        if not kept.is_open:
            raise Conflict("quarantine_ended")
        quarantine.settled(db, work.vault, branch, digest, now=work.now(), by=actor.login, reason=why)
        _audit(db, work, actor, branch, "quarantine.settled", digest, code=kept.code)


def erase(work: Work, actor: Actor, branch: BranchCode, visits: Sequence[VisitId]) -> int:
    """Destroy the keys of everything that names these visits: nobody reads it again. Returns how many there were."""
    require(actor, "quarantine.erase", branch=branch)
    with work.write(branch) as db:
        gone = quarantine.erase(db, branch, visits, work.now())
        for digest in gone:
            _audit(db, work, actor, branch, "quarantine.erased", digest)
        return len(gone)


# --- Inside -------------------------------------------------------------------------------------------------------


def _sent(kept: Kept) -> tuple[datetime, int]:
    seq = kept.seq or ""
    return kept.received_at, int(seq) if seq.isdecimal() else 0


def _get(db: Db, branch: BranchCode, digest: str) -> Kept:
    found = quarantine.find(db, branch, digest)
    if found is None:
        raise NotFound()
    return found


def _content(work: Work, branch: BranchCode, kept: Kept) -> Content:
    try:
        found = quarantine.content(work.vault, branch, kept)
    except Unreadable:
        raise Conflict("quarantine_sealed") from None
    if found is None:
        raise Conflict("quarantine_erased")
    return found


def _replay(work: Work, db: Db, actor: Actor, branch: BranchCode, kept: Kept) -> str:
    if not kept.can_be_read:
        raise Conflict("quarantine_ended")
    content = _content(work, branch, kept)
    item = _readable(content, kept)
    # Who sent it, not who the entry says: otherwise a replay would count what a push would not have.
    sender = accounts.find_by_login(db, kept.actor or "")
    if item is None or sender is None or kept.device_id is None:
        raise Conflict("quarantine_still")
    owner = replace(sender.actor, role="technician", branch=branch)
    batch = sync_wire.lone(kept.device_id, item, content.clock)
    (result,) = sync_push.store_again(work, db, owner, batch, heard=kept.received_at, by=actor)
    if result.status == "quarantined":
        raise Conflict("quarantine_still")
    quarantine.replayed(db, branch, kept.digest, now=work.now(), by=actor.login, outcome=result.status)
    _audit(db, work, actor, branch, "quarantine.replayed", kept.digest, event=item.id, outcome=result.status)
    return result.status


def _readable(content: Content, kept: Kept) -> Item | None:
    if kept.code != REPLAYABLE or kept.origin != "push":
        return None
    item = sync_wire.read_entry(0, content.raw)
    return item if isinstance(item, Item) and item.fact is not None else None


def shown(raw: bytes) -> str:
    """The bytes as a person reads them: JSON in lines where they are JSON, with the payload opened up."""
    try:
        found = json.loads(raw)
        if isinstance(found, dict) and isinstance(found.get("payload"), str):
            found["payload"] = json.loads(found["payload"])
        text = json.dumps(found, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")
    # JSON may name half a character, which no page can carry.
    return text.encode("utf-8", "replace").decode()


def _audit(
    db: Db, work: Work, actor: Actor, branch: BranchCode, action: str, digest: str, **facts: object
) -> None:  # fmt: skip
    audit.append(
        db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action=action, subject=digest,
        facts=facts,
    )  # fmt: skip
