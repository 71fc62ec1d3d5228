"""`?in=BRANCH`: pages of what counts about oneself, read in a branch that one has left, or in a role that one has left.

The guards of these pages ask here first (`of_oneself=True`); all their views then see the reader as the technician that
they were there (`services.oneself`), and links between them keep the branch. Every other page ignores it.
"""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Flask, g, redirect, request
from flask.typing import ResponseReturnValue

from fieldapp.domain.access import Actor, oneself_in
from fieldapp.domain.ids import BranchCode
from fieldapp.services import adjustment_views, oneself
from fieldapp.services.oneself import Branch
from fieldapp.web.context import current_account, current_actor, current_work, find_actor

#: The name in the query.
IN = "in"
#: Whose pages know it, but `own.about_me` and its file.
_BLUEPRINTS = frozenset({
    "scores", "score_findings", "finding_answers", "slips", "my_appeals", "causes", "sync_photos",
})  # fmt: skip
_VIEWS = frozenset({"own.about_me", "own.download"})
#: What a page may be about, by the name in its address.
_THINGS = {"finding_id": "finding", "appeal_id": "appeal", "visit_id": "visit"}


def install(app: Flask) -> None:
    """Keep the branch in links, and give templates `elsewhere()`, `my_places()`, `has_news()` and `there()`."""
    app.url_defaults(_keep)
    app.jinja_env.globals.update(elsewhere=elsewhere, my_places=my_places, has_news=has_news, there=there)


def enter(roles: Collection[str]) -> ResponseReturnValue | None:
    """Let the reader be themselves in the branch that is asked for; lead there who asks for none and means one."""
    g.pop("oneself", None)
    account, asked = current_account(), request.args.get(IN)
    if asked is None:
        # What is sent says where it goes: only who looks is led.
        meant = _meant(account, roles) if request.method in {"GET", "HEAD"} else None
        if meant is None:
            return None
        return redirect(f"{request.path}?{urlencode([*request.args.items(multi=True), (IN, meant)])}")
    if oneself.works_in(account, asked):
        return None
    actor, place = oneself.there(current_work(), account, asked)
    g.oneself, g.oneself_place = actor, place
    g.zone, g.currency = ZoneInfo(place.timezone), place.currency
    return None


def elsewhere() -> Branch | None:
    """The branch in which the reader looks at what counts about themselves; None: none was asked for."""
    return g.get("oneself_place") if g.get("oneself") else None


def is_own(technician: str | None) -> bool:
    """Whether what is shown is about the reader, who reads it as its technician."""
    reader = current_actor()
    return reader.role == "technician" and reader.login == technician


def my_places() -> list[Branch]:
    """Where else something counts about whoever is signed in."""
    account = find_actor()
    return oneself.places(current_work(), account) if account else []


def has_news(branch: str) -> bool:
    """Whether more is known about a closed month of the reader's, or it was adjusted of late, in one of `my_places`."""
    account = find_actor()
    if account is None:
        return False
    me = oneself_in(account, BranchCode(branch))
    return bool(
        adjustment_views.learnt_lately(current_work(), me) or adjustment_views.recent(current_work(), me)
    )  # fmt: skip


def there(branch: str) -> dict[str, str | None]:
    """What a link to a page about oneself needs to lead into this branch."""
    account = find_actor()
    # None takes the branch out of the link where this page has one.
    return {IN: None if account is None or oneself.works_in(account, branch) else branch}


def _meant(account: Actor, roles: Collection[str]) -> str | None:
    """The branch of what the address names; where it names nothing and is no page of their role, the reader's first."""
    named = {_THINGS[name]: value for name, value in (request.view_args or {}).items() if name in _THINGS}
    if named:
        return oneself.holding(current_work(), account, **named)
    if account.role in roles:
        return None
    return next((one.code for one in oneself.places(current_work(), account)), None)


def _keep(endpoint: str, values: dict[str, Any]) -> None:
    place = elsewhere()
    if place is not None and (endpoint.partition(".")[0] in _BLUEPRINTS or endpoint in _VIEWS):
        values.setdefault(IN, place.code)
