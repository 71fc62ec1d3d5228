"""Where each role can go from the bar on top, where each begins, and what roles are called."""

from dataclasses import dataclass, replace
from typing import Any

from flask import Flask, request
from flask_babel import lazy_gettext as _l

from fieldapp.domain.access import Actor, Role
from fieldapp.services import (
    adjustment_views,
    appeals,
    approvals,
    cases,
    closing,
    finding_views,
    jobs,
    quarantine,
    rulebook_drafts,
)
from fieldapp.services.work import Busy
from fieldapp.web.context import current_settings, current_work, find_actor, lacks_second_factor


@dataclass(frozen=True)
class Place:
    """One entry of the bar."""

    path: str
    icon: str
    label: Any
    roles: tuple[Role, ...]
    here: bool = False
    #: How many things wait there for whoever looks.
    count: int = 0


CASES = "/quality/"
APPROVALS, FINDINGS, QUARANTINE = "/quality/approvals/", "/quality/findings/", "/quality/quarantine/"
SCORES, NORM = "/scores/", "/scores/norm"
APPEALS = "/quality/appeals/"
OUTGOING = "/admin/outgoing/"
#: In the order of the bar.
PLACES = (
    Place("/m/", "home", _l("Today"), ("technician",)),
    Place("/dispatch/", "calendar", _l("Visits"), ("dispatcher",)),
    Place("/dispatch/import", "upload", _l("Import"), ("dispatcher",)),
    Place("/causes/", "clock", _l("Lateness"), ("dispatcher",)),
    Place("/dispatch/phones", "mobile", _l("Phones"), ("manager",)),
    Place("/dispatch/messages/", "message", _l("Messages"), ("dispatcher",)),
    Place(CASES, "shield", _l("Quality"), ("quality", "manager")),
    Place(FINDINGS, "eye", _l("Findings"), ("quality", "manager")),
    Place(APPEALS, "message", _l("Appeals"), ("quality", "manager")),
    Place(APPROVALS, "check", _l("Approvals"), ("quality", "manager")),
    Place(QUARANTINE, "lock", _l("Quarantine"), ("quality",)),
    Place(SCORES, "chart", _l("My score"), ("technician",)),
    Place(SCORES, "chart", _l("Scores"), ("quality", "manager")),
    Place(NORM, "list", _l("The norm"), ("technician", "dispatcher", "quality", "manager")),
    Place("/admin/", "people", _l("Accounts"), ("admin",)),
    Place("/admin/branches", "home", _l("Branches"), ("admin",)),
    Place("/admin/tokens/", "key", _l("Tokens"), ("admin",)),
    Place("/admin/audit/", "list", _l("Audit"), ("admin",)),
    Place(OUTGOING, "upload", _l("Outgoing"), ("admin",)),
)
_COUNTS = {
    APPEALS: (appeals.count_waiting,),
    CASES: (cases.count_overdue,),
    APPROVALS: (approvals.count_waiting, closing.count_waiting, adjustment_views.count_waiting),
    FINDINGS: (finding_views.count_waiting,),
    QUARANTINE: (quarantine.count_waiting,),
    SCORES: (finding_views.count_to_answer,),
    NORM: (rulebook_drafts.count_waiting,),
    OUTGOING: (jobs.count_dead,),
}
HOMES: dict[Role, str] = {
    "technician": "/m/",
    "dispatcher": "/dispatch/",
    "quality": "/quality/",
    "manager": "/scores/",
    "admin": "/admin/",
}
ROLE_NAMES: dict[Role, Any] = {
    "technician": _l("Technician"),
    "dispatcher": _l("Dispatcher"),
    "quality": _l("Quality"),
    "manager": _l("Manager"),
    "admin": _l("Administrator"),
}


def install(app: Flask) -> None:
    """Give templates `places()`, `find_actor()`, `role_name()` and `demo`."""
    app.jinja_env.globals.update(places=places, find_actor=find_actor, role_name=role_name)
    app.context_processor(lambda: {"demo": current_settings().demo})


def places() -> list[Place]:
    """The places of whoever is signed in; the longest one that the address begins with is `here`."""
    actor = find_actor()
    mine = [place for place in PLACES if actor and actor.role in place.roles and not lacks_second_factor()]
    here = max((place.path for place in mine if request.path.startswith(place.path)), key=len, default=None)
    counts = _counts(actor, mine) if actor else {}
    return [replace(place, here=place.path == here, count=counts.get(place.path, 0)) for place in mine]


def _counts(actor: Actor, mine: list[Place]) -> dict[str, int]:
    """How many things wait at each place, in one look; none where the database cannot be asked right now."""
    work = current_work()
    try:
        with work.read() as db:
            joined = work.within(db)
            return {
                place.path: sum(ask(joined, actor) for ask in _COUNTS[place.path])
                for place in mine
                if place.path in _COUNTS
            }
    except Busy:
        return {}


def home() -> str:
    """Where whoever is signed in begins; strangers begin at the door."""
    actor = find_actor()
    return HOMES[actor.role] if actor else "/login"


def role_name(role: Role) -> str:
    """What a role is called."""
    return str(ROLE_NAMES[role])


def safe_next(target: str | None) -> str | None:
    """`target` when it is a path of ours and nothing a browser could read as another host; else None."""
    if not target or not target.startswith("/") or target[1:2] in {"/", "\\"}:
        return None
    return None if any(ord(sign) <= 0x20 or sign == "\\" for sign in target) else target
