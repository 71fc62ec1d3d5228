"""Signing in and out, the language switch, and the way home. Public: strangers come here first."""

from flask import Blueprint, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from fieldapp.domain.errors import TooMany
from fieldapp.services import accounts, sign_ins
from fieldapp.services.sign_ins import WrongPassword
from fieldapp.web import locale, navigation, sessions
from fieldapp.web.auth.forms import SignInForm
from fieldapp.web.context import current_settings, current_work, find_actor

blueprint = Blueprint("auth", __name__)
#: Against one address that tries many logins; the limit of one login is the service's and holds across processes.
limiter = Limiter(get_remote_address, storage_uri="memory://")


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Send everybody to where their work begins."""
    return redirect(navigation.home())


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    """The door; who is in already goes on."""
    target = navigation.safe_next(request.args.get("next"))
    if find_actor():
        return redirect(target or navigation.home())
    return _door(SignInForm(next=target or ""))


@blueprint.post("/login")
@limiter.limit("300 per 5 minutes", deduct_when=lambda response: response.status_code >= 400)
def sign_in() -> ResponseReturnValue:
    """Open a session; whatever is wrong, the answer is the same."""
    form = SignInForm()
    try:
        opened = sign_ins.sign_in(
            current_work(),
            login=(form.login.data or "").strip(),
            password=form.password.data or "",
            agent=request.user_agent.string,
            browser=sessions.browser(),
            old=sessions.secret(),
        )
    except WrongPassword as error:
        form.refuse(error)
        return _door(form), 401
    except TooMany as error:
        form.refuse(error)
        return _door(form), 429, {"Retry-After": str(error.facts["retry_after"])}
    target = navigation.safe_next(form.next.data) or navigation.HOMES[opened.actor.role]
    response = redirect(target, 303)
    sessions.open_in(response, opened)
    return response


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session on the server, then in the browser."""
    if secret := sessions.secret():
        sign_ins.sign_out(current_work(), secret)
    session.clear()
    response = redirect("/login", 303)
    sessions.close_in(response)
    return response


@blueprint.post("/language")
def language() -> ResponseReturnValue:
    """Keep the language in a cookie and, of whoever is signed in, in the account."""
    tag = request.form.get("language", "")
    response = redirect(navigation.safe_next(request.form.get("next")) or "/", 303)
    if tag in locale.LANGUAGES:
        if actor := find_actor():
            accounts.choose_language(current_work(), actor, tag)
        response.set_cookie(
            locale.cookie(), tag, max_age=sessions.LONGEST, path="/", samesite="Lax", httponly=True,
            secure=current_settings().secure,
        )  # fmt: skip
    return response


def _door(form: SignInForm) -> str:
    return render_template("auth/login.html", form=form, empty=accounts.is_empty(current_work()))
