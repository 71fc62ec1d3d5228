"""One's own account: another password, and the devices on which one is signed in."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from fieldapp.domain.errors import Invalid
from fieldapp.services import accounts, phones, sign_ins, stored, sync_devices
from fieldapp.web.auth.devices import describe
from fieldapp.web.auth.forms import PasswordForm
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.guards import only

blueprint = Blueprint("own", __name__)
blueprint.add_app_template_filter(describe, "device")


@blueprint.get("/")
def me() -> ResponseReturnValue:
    """Password and devices."""
    return _page(PasswordForm())


@blueprint.get("/stored")
@only("technician")
def about_me() -> ResponseReturnValue:
    """Everything that is stored about oneself: how much of what, why, and where it is read."""
    return render_template("auth/stored.html", found=stored.about_me(current_work(), current_actor()))


@blueprint.post("/password")
def password() -> ResponseReturnValue:
    """A new password; the other devices are signed out."""
    form = PasswordForm()
    try:
        accounts.change_password(
            current_work(), current_actor(), sign_in_id=current_user.sign_in_id,
            current=form.current.data or "", new=form.password.data or "",
        )  # fmt: skip
    except Invalid as error:
        form.refuse(error)
        return _page(form), 422
    flash(_("Your password is changed. All other devices are signed out."), "good")
    return redirect(url_for("own.me"), 303)


@blueprint.post("/devices/<sign_in_id>/end")
def end(sign_in_id: str) -> ResponseReturnValue:
    """Sign out one of one's devices."""
    sign_ins.end_own(current_work(), current_actor(), sign_in_id)
    flash(_("That device is signed out."), "good")
    return redirect(url_for("own.me"), 303)


@blueprint.post("/devices/end")
def end_others() -> ResponseReturnValue:
    """Sign out all devices but this one."""
    sign_ins.end_others(current_work(), current_actor(), current_user.sign_in_id)
    flash(_("All other devices are signed out."), "good")
    return redirect(url_for("own.me"), 303)


@blueprint.post("/phones/<device_id>/revoke")
def revoke(device_id: str) -> ResponseReturnValue:
    """Take one of one's phones out of use."""
    sync_devices.revoke(current_work(), current_actor(), current_branch(), device_id)
    flash(_("That phone is out of use. It shows no visits any more; what it still sends is kept."), "good")
    return redirect(url_for("own.me"), 303)


def _page(form: PasswordForm) -> str:
    devices = sign_ins.list_own(current_work(), current_actor())
    own = phones.list_own(current_work(), current_actor())
    return render_template("auth/me.html", form=form, devices=devices, here=current_user.sign_in_id, phones=own)
