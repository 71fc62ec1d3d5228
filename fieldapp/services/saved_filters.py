"""Searches that people of the office keep under a name of their own; nobody else sees them.

Owns what is kept of a search. Days are kept as counted from the day of saving, so that "today" stays today. What was
typed as search text is not kept at all: it may be a customer's name or number, and would outlive their erasure.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.words import needed
from fieldapp.services.branches import zone_of
from fieldapp.services.work import Db, Work
from fieldapp.storage import saved_filters
from fieldapp.storage.saved_filters import SavedFilter

__all__ = ["SavedFilter"]
#: So many each.
MOST = 20
NAME_LIMIT = 60
#: What of a search is kept, and what of it are days.
KEPT, DAYS = ("state", "technician", "broken", "hours", "by", "sort", "down"), ("from", "to")
_LONGEST = 64


def list_own(work: Work, actor: Actor, branch: BranchCode) -> Sequence[SavedFilter]:
    """The actor's own by name; `wish` as the address of a search has it, its days as of today."""
    require(actor, "visits.search", branch=branch)
    with work.read() as db:
        today = _today(work, db, branch)
        return [
            SavedFilter(one.filter_id, one.name, _as_of(one.wish, today), one.saved_at)
            for one in saved_filters.of(db, branch, actor.login)
        ]


def save(work: Work, actor: Actor, branch: BranchCode, name: str, wish: Mapping[str, str]) -> None:
    """Keep what a search narrows to. Raises `Invalid` text_missing, text_too_long; `Conflict` filter_name_taken,
    filters_too_many."""
    require(actor, "visits.search", branch=branch)
    name = needed(name, "name", NAME_LIMIT)
    with work.write(branch) as db:
        if len(saved_filters.of(db, branch, actor.login)) >= MOST:
            raise Conflict("filters_too_many", field="name", most=MOST)
        one = SavedFilter(work.new_id(), name, _counted(wish, _today(work, db, branch)), work.now())
        if not saved_filters.add(db, branch, actor.login, one):
            raise Conflict("filter_name_taken", field="name")


def rename(work: Work, actor: Actor, branch: BranchCode, filter_id: str, name: str) -> None:
    """Call one something else. Raises what `save` does of names, and `NotFound`."""
    require(actor, "visits.search", branch=branch)
    name = needed(name, "name", NAME_LIMIT)
    with work.write(branch) as db:
        if any(one.name == name and one.filter_id != filter_id for one in saved_filters.of(db, branch, actor.login)):
            raise Conflict("filter_name_taken", field="name")
        if not saved_filters.rename(db, branch, actor.login, filter_id, name):
            raise NotFound()


def remove(work: Work, actor: Actor, branch: BranchCode, filter_id: str) -> None:
    """Forget one. Raises `NotFound`."""
    require(actor, "visits.search", branch=branch)
    with work.write(branch) as db:
        if not saved_filters.remove(db, branch, actor.login, filter_id):
            raise NotFound()


def _today(work: Work, db: Db, branch: BranchCode) -> date:
    return work.now().astimezone(zone_of(db, branch)).date()


def _counted(wish: Mapping[str, str], today: date) -> dict[str, str]:
    """What is kept; nonsense is not."""
    found = {name: wish[name] for name in KEPT if wish.get(name) and len(wish[name]) <= _LONGEST}
    for name in DAYS:
        try:
            found[name] = str((date.fromisoformat(wish.get(name) or "") - today).days)
        except ValueError:
            continue
    return found


def _as_of(kept: Mapping[str, str], today: date) -> dict[str, str]:
    """What was kept, with its days counted from today."""
    found = dict(kept)
    for name in DAYS:
        if name in kept:
            found[name] = _day(today, int(kept[name])).isoformat()
    return found


def _day(today: date, days: int) -> date:
    """A day so many from today, or as far as days go."""
    try:
        return today + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min
