"""One's own account: another password, and the devices on which one is signed in."""

from collections.abc import Iterator
from typing import Any

import msgspec
from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from fieldapp.domain.errors import Invalid
from fieldapp.services import (
    accounts,
    adjustment_views,
    calendar_feeds,
    finding_views,
    phones,
    sign_ins,
    stored,
    stored_file,
    sync_devices,
)
from fieldapp.web import finding_words
from fieldapp.web.auth.devices import describe
from fieldapp.web.auth.forms import PasswordForm
from fieldapp.web.context import current_account, current_actor, current_branch, current_settings, current_work
from fieldapp.web.fresh import fresh
from fieldapp.web.guards import only

blueprint = Blueprint("own", __name__)
blueprint.add_app_template_filter(describe, "device")

#: Calls that are over and cases that are closed: what each was, and how it ended.
TOLD: dict[str, Any] = {
    "call_back": _l("Call-back"), "complaint": _l("Complaint"), "repudiation": _l("Signature disputed"),
    "commendation": _l("Praise"), "reached": _l("the customer was reached"), "refused": _l("did not want to talk"),
    "finding": _l("led to a finding"), "none": _l("closed without a finding"),
}  # fmt: skip


@blueprint.get("/")
def me() -> ResponseReturnValue:
    """Password and devices."""
    return _page(PasswordForm())


@blueprint.get("/stored")
@only("technician", of_oneself=True)
def about_me() -> ResponseReturnValue:
    """Everything that is stored about oneself: how much of what, why, and where it is read."""
    before = request.args.get("before", type=int)
    found = stored.about_me(current_work(), current_actor(), before=before)
    return render_template("auth/stored.html", found=found, is_first=before is None, told=TOLD)


@blueprint.get("/stored.json")
@only("technician", of_oneself=True)
def download() -> Response:
    """The same, whole, to keep: a list of things, each with its kind."""
    things = stored_file.everything(current_work(), current_account())
    response = current_app.response_class(_listed(things), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="stored-{current_actor().login}.json"'
    return response


def _listed(things: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """A JSON list, a line each, written as it is read."""
    mark = b"[\n"
    for one in things:
        yield mark + msgspec.json.encode(one)
        mark = b",\n"
    yield b"\n]\n"


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
@fresh
def end(sign_in_id: str) -> ResponseReturnValue:
    """Sign out one of one's devices."""
    sign_ins.end_own(current_work(), current_actor(), sign_in_id)
    flash(_("That device is signed out."), "good")
    return redirect(url_for("own.me"), 303)


@blueprint.post("/devices/end")
@fresh
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


@blueprint.post("/calendar")
@only("technician")
def make_feed() -> ResponseReturnValue:
    """An address for one's own calendar program, shown this once."""
    token = calendar_feeds.create(current_work(), current_actor())
    base = current_settings().base_url
    path = url_for("calendar_feed.feed", token=token)
    made = base + path if base else url_for("calendar_feed.feed", token=token, _external=True)
    return _page(PasswordForm(formdata=None), made)


@blueprint.post("/calendar/end")
@only("technician")
def end_feed() -> ResponseReturnValue:
    """That address opens nothing any more."""
    calendar_feeds.end(current_work(), current_actor())
    flash(_("The address of your calendar does not work any more."), "good")
    return redirect(url_for("own.me"), 303)


def _page(form: PasswordForm, made: str = "") -> str:
    devices = sign_ins.list_own(current_work(), current_actor())
    own = phones.list_own(current_work(), current_actor())
    is_technician = current_actor().role == "technician"
    recent = adjustment_views.recent(current_work(), current_actor()) if is_technician else []
    learnt = adjustment_views.learnt_lately(current_work(), current_actor()) if is_technician else []
    to_answer = finding_views.list_to_answer(current_work(), current_actor())
    feed = calendar_feeds.since(current_work(), current_actor()) if is_technician else None
    return render_template(
        "auth/me.html", form=form, devices=devices, here=current_user.sign_in_id, phones=own, recent=recent,
        learnt=learnt, feed=feed, made=made, to_answer=to_answer, finding_words=finding_words,
    )  # fmt: skip
