"""Who gets through which door. A blueprint is registered together with its guard; a test walks every route.

A guard is asked before each view of its blueprint and raises or redirects; services check rows again (`access`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Blueprint, Flask, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from fieldapp.domain.access import ROLES, Role, Scope, has_scope
from fieldapp.domain.errors import DomainError, Forbidden
from fieldapp.web import bearer, oneself
from fieldapp.web.context import current_actor, lacks_second_factor, wants_problem
from fieldapp.web.errors import NotSignedIn, SecondFactorMissing, TokenMissing

#: Set on a view that `only` or `scope` narrows; read by the route test and by `fieldapp routes`.
NARROWED, SCOPED = "_fieldapp_only", "_fieldapp_scope"


@dataclass(frozen=True)
class Guard:
    """A named door: `check` returns a response to give instead of the view's, or None to let in."""

    name: str
    check: Callable[[], ResponseReturnValue | None]


def public(why: str) -> Guard:
    """Anybody; `why` says what makes that right."""
    return Guard(f"public: {why}", lambda: None)


def signed_in(*, to_enrol: bool = False, of_oneself: bool = False) -> Guard:
    """Any account; `to_enrol`, also one that still lacks its second factor; `of_oneself` as in `roles`."""
    refuse = _refuse_strangers if to_enrol else _refuse_unready

    def check() -> ResponseReturnValue | None:
        away = refuse()
        return oneself.enter(ROLES) if away is None else away

    return Guard("signed_in", check if of_oneself else refuse)


def roles(*names: Role, of_oneself: bool = False) -> Guard:
    """Accounts with one of the roles; `of_oneself`, for a technician's pages: also whoever was one, as themselves."""

    def check() -> ResponseReturnValue | None:
        away = _refuse_unready()
        if away is None and of_oneself:
            away = oneself.enter(names)
        if away is None and current_actor().role not in names:
            raise Forbidden(role=current_actor().role)
        return away

    return Guard(f"roles: {', '.join(names)}", check)


def programs() -> Guard:
    """Programs with a good token, as often as they may ask; what for is each view's (`scope`)."""

    def check() -> None:
        if not current_user.is_authenticated:
            raise TokenMissing()
        bearer.count(g.token)

    return Guard("programs", check)


def scope(wanted: Scope) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Narrow one view to programs whose token has a scope."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if not has_scope(current_actor(), wanted):
                raise bearer.refuse_without(wanted)
            return view(*args, **kwargs)

        setattr(wrapped, SCOPED, wanted)
        return wrapped

    return decorate


def only(*names: Role, of_oneself: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Narrow one view of a blueprint to some of the roles that its guard lets in; `of_oneself` as in `roles`."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if of_oneself and (away := oneself.enter(names)) is not None:
                return away
            if current_actor().role not in names:
                raise Forbidden(role=current_actor().role)
            return view(*args, **kwargs)

        setattr(wrapped, NARROWED, names)
        return wrapped

    return decorate


def register(app: Flask, blueprint: Blueprint, guard: Guard, url_prefix: str | None = None) -> None:
    """Register `blueprint` behind `guard`; the only way in (a test fails on any route without one)."""
    # On the app, not on the blueprint: blueprints are modules' and may serve several apps of one process.
    app.before_request_funcs.setdefault(blueprint.name, []).insert(0, guard.check)
    app.register_blueprint(blueprint, url_prefix=url_prefix)
    app.extensions.setdefault("guards", {})[blueprint.name] = guard


def guard_of(app: Flask, endpoint: str) -> str | None:
    """The name of the door before `endpoint`, None when there is none."""
    blueprint, _, _ = endpoint.rpartition(".")
    guard = app.extensions.get("guards", {}).get(blueprint)
    if guard is None:
        return None
    view = app.view_functions[endpoint]
    if wanted := getattr(view, SCOPED, None):
        return f"scope: {wanted}"
    narrowed = getattr(view, NARROWED, None)
    return f"roles: {', '.join(narrowed)}" if narrowed else guard.name


def _refuse_unready() -> ResponseReturnValue | None:
    """Strangers, and staff who still have to give themselves a second factor."""
    if current_user.is_authenticated and lacks_second_factor():
        return _lead("factor.page", SecondFactorMissing())
    return _refuse_strangers()


def _refuse_strangers() -> ResponseReturnValue | None:
    return None if current_user.is_authenticated else _lead("auth.login", NotSignedIn())


def _lead(endpoint: str, refusal: DomainError) -> ResponseReturnValue:
    """Whoever wants a page is led to another one first; whatever else was wanted is refused."""
    if wants_problem() or request.method not in {"GET", "HEAD"}:
        raise refusal
    return redirect(url_for(endpoint, next=request.full_path.rstrip("?")))
