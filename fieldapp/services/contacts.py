"""How to reach a customer: a number is masked where it is only read; seeing it is asked for, and written down."""

from fieldapp.domain.access import Actor, require
from fieldapp.domain.ids import BranchCode
from fieldapp.services.work import Work
from fieldapp.storage import audit, visits

#: Signs at the end of a number that stay readable: enough to tell two customers apart.
SHOWN = 3


def masked(phone: str) -> str:
    """A number with all but its last digits hidden; one that is hardly longer than those is hidden whole."""
    number = phone.strip()
    shown = number[-SHOWN:] if len(number) > 2 * SHOWN else ""
    return "•" * (len(number) - len(shown)) + shown


def reveal(work: Work, actor: Actor, branch: BranchCode, visit_id: str, why: str) -> str:
    """The number of one visit's customer; who saw it, when and why (`case`, `call_back`) is written down.

    Raises `Forbidden`, `NotFound`.
    """
    require(actor, "cases.write", branch=branch)
    with work.write(branch) as db:
        visit = visits.get(db, branch, visit_id)
        audit.append(
            db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="customer.number_shown",
            subject=visit.external_id, facts={"why": why},
        )  # fmt: skip
        return visit.phone
