"""One's own second factor. Staff who have none yet are led here, and nowhere else before they have one (`guards`)."""

from io import BytesIO

import segno
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from fieldapp.domain.errors import Conflict, Invalid, NotFound
from fieldapp.services import passkeys as key_service
from fieldapp.services import second_factors
from fieldapp.services.passkeys import WrongPasskey
from fieldapp.web import errors, navigation, passkeys
from fieldapp.web.auth.devices import describe
from fieldapp.web.auth.forms import CodeForm, PasskeyForm
from fieldapp.web.context import current_actor, current_work, needs_second_factor
from fieldapp.web.errors import SecondFactorMissing
from fieldapp.web.fresh import fresh

blueprint = Blueprint("factor", __name__)


@blueprint.get("/")
def page() -> ResponseReturnValue:
    """What one has; whoever has nothing gets the secret for an app, as a picture and to type."""
    return _page(CodeForm(next=navigation.safe_next(request.args.get("next")) or ""))


@blueprint.post("/")
@fresh
def confirm() -> ResponseReturnValue:
    """The app's first code makes it one's second factor; the recovery codes are shown this once."""
    form = CodeForm()
    try:
        codes = second_factors.confirm(current_work(), current_actor(), current_user.sign_in_id, form.code.data or "")
    except Invalid as error:
        form.refuse(error)
        return _page(form, another=True), 422
    return _shown(codes, navigation.safe_next(form.next.data) or navigation.home())


@blueprint.post("/another")
@fresh
def another() -> ResponseReturnValue:
    """The secret for another app, which takes the place of the one before once it is confirmed."""
    return _page(CodeForm(formdata=None), another=True)


@blueprint.post("/codes")
@fresh
def renew() -> ResponseReturnValue:
    """Other recovery codes, shown this once."""
    return _shown(second_factors.renew_codes(current_work(), current_actor()), url_for("factor.page"))


@blueprint.post("/end")
@fresh
def end() -> ResponseReturnValue:
    """Sign in by the password alone again, for who may."""
    if needs_second_factor():
        raise SecondFactorMissing()
    second_factors.give_up(current_work(), current_actor())
    flash(_("You sign in with the password alone again."), "good")
    return redirect(url_for("factor.page"), 303)


@blueprint.post("/passkeys")
@fresh
def add_passkey() -> ResponseReturnValue:
    """Keep the key that a device made for this site."""
    site, form = passkeys.site(), PasskeyForm()
    if site is None:
        raise NotFound()
    try:
        key_service.add(
            current_work(), current_actor(), site, passkeys.take(), form.answer.data or "",
            form.name.data or describe(request.user_agent.string),
        )  # fmt: skip
    except (WrongPasskey, Conflict) as error:
        flash(errors.sentence(error), "bad")
    else:
        flash(_("The passkey is added. From now on it can stand for the code."), "good")
    return redirect(url_for("factor.page"), 303)


@blueprint.post("/passkeys/<passkey_id>/remove")
@fresh
def remove_passkey(passkey_id: str) -> ResponseReturnValue:
    """That device stands for no code any more."""
    key_service.remove(current_work(), current_actor(), passkey_id)
    flash(_("That passkey opens nothing any more."), "good")
    return redirect(url_for("factor.page"), 303)


def _shown(codes: list[str], target: str) -> str:
    return render_template("auth/recovery_codes.html", codes=codes, target=target, now=current_work().now())


def _page(form: CodeForm, *, another: bool = False) -> str:
    work, actor = current_work(), current_actor()
    standing = second_factors.standing(work, actor)
    offer = None if standing and not another else second_factors.offer(work, actor, current_user.sign_in_id)
    return render_template(
        "auth/second_factor.html", form=form, standing=standing, offer=offer, picture=offer and _picture(offer.address),
        needed=needs_second_factor(), keys=key_service.list_own(work, actor) if standing else [],
        key_form=PasskeyForm(formdata=None), question=_question() if standing and not offer else "",
    )  # fmt: skip


def _question() -> str:
    site = passkeys.site()
    return passkeys.keep(key_service.ask_for_new(current_work(), current_actor(), site)) if site else ""


def _picture(address: str) -> Markup:
    """Dark on light whatever the theme: cameras read nothing else reliably."""
    target = BytesIO()
    segno.make_qr(address, error="m").save(
        target, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False, svgns=False, nl=False
    )
    return Markup(target.getvalue().decode())  # noqa: S704 - made of our own text, drawn as paths
