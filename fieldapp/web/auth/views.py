"""Signing in and out, the language switch, and the way home. Public: strangers come here first."""

from flask import Blueprint, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from fieldapp.domain.errors import TooMany
from fieldapp.services import accounts, sign_ins
from fieldapp.services.sign_ins import Halfway, Opened, WrongCode, WrongPassword
from fieldapp.web import errors, locale, navigation, passkeys, sessions
from fieldapp.web.auth.forms import CodeForm, SignInForm
from fieldapp.web.context import current_settings, current_work, find_actor

blueprint = Blueprint("auth", __name__)
#: Against one address that tries many logins; the limit of one login is the service's and holds across processes.
limiter = Limiter(get_remote_address, storage_uri="memory://")
#: In the signed form cookie: whose password was right, and where they were going.
HALFWAY = "halfway"


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
        errors.note(error)
        form.refuse(error)
        return _door(form), 401
    except TooMany as error:
        errors.note(error)
        form.refuse(error)
        return _door(form), 429, {"Retry-After": str(error.facts["retry_after"])}
    if isinstance(opened, Halfway):
        session[HALFWAY] = [opened.ticket, form.next.data or ""]
        return redirect("/login/code", 303)
    return _in(opened, form.next.data)


@blueprint.get("/login/code")
def code() -> ResponseReturnValue:
    """The second door, for who came through the first just now."""
    if find_actor() or HALFWAY not in session:
        return redirect("/login")
    return _second_door(CodeForm())


@blueprint.post("/login/code")
@limiter.limit("300 per 5 minutes", deduct_when=lambda response: response.status_code >= 400)
def enter_code() -> ResponseReturnValue:
    """Open the session, with a one-time code, a recovery code, or what a device answered."""
    form, site = CodeForm(), passkeys.site()
    ticket, target = session.get(HALFWAY) or ("", "")
    who = {
        "ticket": ticket,
        "agent": request.user_agent.string,
        "browser": sessions.browser(),
        "old": sessions.secret(),
    }
    try:
        if site and (answer := request.form.get("answer")):
            opened = sign_ins.answer_by_passkey(current_work(), site, passkeys.take(), answer, **who)
        else:
            opened = sign_ins.enter_code(current_work(), code=form.code.data or "", **who)
    except WrongCode as error:
        errors.note(error)
        form.refuse(error)
        return _second_door(form), 401
    except TooMany as error:
        errors.note(error)
        form.refuse(error)
        return _second_door(form), 429, {"Retry-After": str(error.facts["retry_after"])}
    session.pop(HALFWAY, None)
    return _in(opened, target)


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


def _in(opened: Opened, target: str | None) -> ResponseReturnValue:
    response = redirect(navigation.safe_next(target) or navigation.HOMES[opened.actor.role], 303)
    sessions.open_in(response, opened)
    return response


def _second_door(form: CodeForm) -> str:
    site = passkeys.site()
    ticket, _ = session.get(HALFWAY) or ("", "")
    question = sign_ins.ask_device(current_work(), ticket, site) if site else None
    return render_template("auth/code.html", form=form, passkey=passkeys.keep(question))


def _door(form: SignInForm) -> str:
    return render_template("auth/login.html", form=form, empty=accounts.is_empty(current_work()))
