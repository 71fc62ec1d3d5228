"""A technician's monthly slip: a closed month on one paper, with the head of the audit chain. Owns what is on it.

Whoever holds a slip holds the hash of the chain's last row on that day: nobody can change what was recorded before it
without the paper telling (`fieldapp doctor --head`).
"""

from dataclasses import dataclass
from datetime import datetime

from fieldapp.domain.access import Actor
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.services import adjustment_views, scoring
from fieldapp.services.adjusted import Standing
from fieldapp.services.closed import Sealed
from fieldapp.services.work import Work
from fieldapp.storage import audit, branches
from fieldapp.storage.branches import Branch

__all__ = ["Slip"]


@dataclass(frozen=True)
class Slip:
    """What stands on it. `head`: how many rows the branch's audit chain had at `now`, and the hash of the last."""

    branch: Branch
    month: Month
    sealed: Sealed
    standing: Standing
    head: tuple[int, str]
    now: datetime

    @property
    def head_code(self) -> str:
        """The head as `fieldapp doctor --head` takes it."""
        return f"{self.branch.code}:{self.head[0]}:{self.head[1]}"


def of_technician(work: Work, actor: Actor, branch: BranchCode, technician: str, month: Month) -> Slip:
    """The slip: one's own, or for quality and management their branch's. Raises `Forbidden`, `NotFound`,
    `Conflict("slip_open")` while the month is open."""
    found = scoring.technician_month(work, actor, branch, technician, month)
    if found.sealed is None or found.standing is None:
        raise Conflict("slip_open", month=month)
    standing = adjustment_views.as_told(work, actor, branch, month, found.standing)
    with work.read() as db:
        place = branches.find(db, branch)
        if place is None:
            raise NotFound()
        return Slip(place, month, found.sealed, standing, audit.head(db, branch), found.now)
