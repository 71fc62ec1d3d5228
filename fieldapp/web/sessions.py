"""The cookie between a browser and its session on the server. Owns cookie names and lifetimes; Flask-Login asks here.

Flask's own signed cookie carries only the form token: it stays valid after signing out, so nobody is known by it.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask, Request, Response, g, request
from flask_login import LoginManager, UserMixin

from fieldapp.domain.access import Actor
from fieldapp.services import sign_ins
from fieldapp.services.sign_ins import Opened
from fieldapp.web import bearer
from fieldapp.web.context import current_settings, current_work

#: Browsers keep no cookie longer; the server decides when a session is over.
LONGEST = timedelta(days=400)


@dataclass(eq=False)
class User(UserMixin):
    """What Flask-Login carries through a request."""

    actor: Actor
    sign_in_id: str
    is_fresh: bool = False
    has_second_factor: bool = False

    def get_id(self) -> str:
        """The account; asked by nobody, as no id goes into a cookie."""
        return self.actor.account_id


def install(app: Flask) -> None:
    """Let Flask-Login ask our table. Its `init_app` is not used: it reads the form cookie on every answer."""
    manager = LoginManager()
    manager.session_protection = None
    manager.request_loader(_load)
    app.config["REMEMBER_COOKIE_NAME"] = "-"
    app.login_manager = manager  # type: ignore[attr-defined]


def secret() -> str | None:
    """The secret of this browser's session, as it sent it."""
    return request.cookies.get(_name("sid"))


def browser() -> str | None:
    """The secret by which accounts know this browser."""
    return request.cookies.get(_name("browser"))


def open_in(response: Response, opened: Opened) -> None:
    """Hand a fresh session to the browser."""
    renew_in(response, opened.secret, opened.actor)
    _set(response, "browser", opened.browser, LONGEST)


def renew_in(response: Response, secret: str, actor: Actor) -> None:
    """Hand the browser another secret for its session."""
    _set(response, "sid", secret, LONGEST if actor.role == "technician" else sign_ins.OFFICE)


def close_in(response: Response) -> None:
    """Take the session from the browser; the server has ended it."""
    secure = current_settings().secure
    response.delete_cookie(_name("sid"), path="/", secure=secure, httponly=True, samesite="Lax")


def _load(asked: Request) -> User | None:
    """Who asks: people by their cookie, programs by their token, and never the one where the other is asked for."""
    # An error page is rendered in its reader's language: with the database away that must not fail once more.
    if g.get("sign_in_unreadable"):
        return None
    g.sign_in_unreadable = True
    found = _program(asked) if bearer.is_asked(asked) else _person(asked)
    g.sign_in_unreadable = False
    return found


def _program(asked: Request) -> User | None:
    g.token = bearer.find_token(asked)
    return User(g.token.actor, g.token.token_id) if g.token else None


def _person(asked: Request) -> User | None:
    found = secret()
    session = sign_ins.resume(current_work(), found, reading=asked.method in {"GET", "HEAD"}) if found else None
    if session is None:
        return None
    g.zone, g.currency = session.zone, session.currency
    return User(session.actor, session.sign_in_id, session.is_fresh, session.has_second_factor)


def _set(response: Response, name: str, value: str, lasts: timedelta) -> None:
    response.set_cookie(
        _name(name), value, max_age=lasts, path="/", secure=current_settings().secure, httponly=True, samesite="Lax"
    )


def _name(name: str) -> str:
    return f"__Host-{name}" if current_settings().secure else name
