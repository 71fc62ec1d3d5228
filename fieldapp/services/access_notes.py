"""How to get in: what a customer writes for whoever comes, through their own link.

Read by the visit's technician on its day and by those who plan it; by nobody once the visit is over, and a week later
it is gone. Owns the limits; sealing is `storage.access_notes`'.
"""

from datetime import timedelta

from fieldapp.domain.access import Actor, require
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.visits.lifecycle import ENDED
from fieldapp.domain.words import checked
from fieldapp.services import link_acts
from fieldapp.services.work import Work
from fieldapp.storage import access_notes, audit, branches, visits
from fieldapp.storage.links import Link

#: As long as what can be read at a door.
LIMIT = 300
#: How long after its planned end a visit's note is kept.
KEPT = timedelta(days=7)


def write(work: Work, link: Link, text: str) -> None:
    """Keep the customer's words in place of those before; empty ones take them away.

    Raises `Invalid` text_too_long, and what `link_acts.begin` does once the technician is there or the visit over.
    """
    words = checked(text, "text", LIMIT)
    now = work.now()
    with work.write(link.branch) as db:
        link_acts.begin(db, work, link, "access")
        if words == access_notes.find(db, work.vault, link.branch, link.visit_id):
            return
        access_notes.save(db, work.vault, link.branch, link.visit_id, words, now)
        audit.append(
            db, link.branch, entry_id=work.new_id(), now=now, actor="customer", action="link.access",
            subject=link.visit_id, facts={"is_empty": not words},
        )  # fmt: skip


def own(work: Work, link: Link) -> str:
    """What the customer wrote, for themselves."""
    with work.read() as db:
        return access_notes.find(db, work.vault, link.branch, link.visit_id)


def of_visit(work: Work, actor: Actor, branch: BranchCode, visit_id: str) -> str:
    """The same for those who plan the visit; empty once it is over."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        if visits.get(db, branch, visit_id).state in ENDED:
            return ""
        return access_notes.find(db, work.vault, branch, visit_id)


def tidy(work: Work) -> None:
    """Forget how to get in where nobody needs to any more."""
    with work.read() as db:
        codes = branches.codes(db)
    for code in codes:
        with work.write() as db:
            access_notes.forget(db, code, work.now() - KEPT)
