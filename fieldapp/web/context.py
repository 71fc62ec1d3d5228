"""What a request knows: the work, who is signed in, their zone. Set by `app` and `auth`, read by views."""

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from flask import current_app, g, request
from flask_login import current_user

from fieldapp.domain.access import Actor
from fieldapp.domain.errors import Forbidden
from fieldapp.domain.ids import BranchCode
from fieldapp.services.work import Work
from fieldapp.settings import Settings


def current_work() -> Work:
    """The work of this process; within a transaction where this request is carried out in one (`work_within`)."""
    return g.get("work") or current_app.extensions["work"]


@contextmanager
def work_within(joined: Work) -> Iterator[None]:
    """Let the views of this request be part of an open transaction."""
    g.work = joined
    try:
        yield
    finally:
        del g.work


def current_settings() -> Settings:
    """The settings of this process."""
    return current_app.extensions["settings"]


def current_actor() -> Actor:
    """Who is signed in; only behind a guard that wants somebody. Where they look at what counts about themselves in
    another branch (`web.oneself`): they as themselves there."""
    return g.get("oneself") or current_account()


def current_account() -> Actor:
    """Who is signed in, as what they are today."""
    return current_user.actor


def find_actor() -> Actor | None:
    """Who is signed in, or None."""
    return current_user.actor if current_user.is_authenticated else None


def needs_second_factor() -> bool:
    """Whether whoever is signed in does nothing without one."""
    return current_settings().staff_need_a_second_factor and current_account().role not in {"technician", "token"}


def lacks_second_factor() -> bool:
    """Whether they have to give themselves one before anything else."""
    return needs_second_factor() and not current_user.has_second_factor


def current_branch() -> BranchCode:
    """The branch of whoever is signed in; the admin has none and is refused."""
    branch = current_actor().branch
    if branch is None:
        raise Forbidden(role="admin")
    return branch


def current_zone() -> ZoneInfo:
    """The time zone that this request's times are shown in: the branch's, else the installation's."""
    return g.get("zone") or ZoneInfo(current_settings().timezone)


def current_currency() -> str | None:
    """The currency of this request's amounts: the branch's; None for whoever has no branch."""
    return g.get("currency")


def wants_problem() -> bool:
    """Whether this client reads `application/problem+json` (sync, API, scripts of pages) rather than pages."""
    return request.path.startswith(("/api/", "/dispatch/board/")) or request.path == "/m/me.json"
