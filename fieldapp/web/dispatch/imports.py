"""The import page: upload, preview of every row or every fault, confirm. The file stays in the page until confirmed."""

import base64
import binascii
import zlib
from collections import defaultdict
from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.services import appointments_import as appointments
from fieldapp.services.appointments_import import Preview, Remark
from fieldapp.web import planning_words
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.dispatch.forms import ConfirmForm, UploadForm
from fieldapp.web.dispatch.lists import overview

blueprint = Blueprint("dispatch_import", __name__)

#: Larger files are for the command line; an unpacked page may not be larger than an uploaded one.
LARGEST = 2_000_000


@blueprint.get("/import")
def upload() -> ResponseReturnValue:
    """Choose a file."""
    return _page(UploadForm())


@blueprint.post("/import")
def preview() -> ResponseReturnValue:
    """What the file would do, row by row, or all that is wrong with it."""
    form = UploadForm()
    name, raw = uploaded(form) if form.validate() else ("", None)
    return (_page(form), 422) if raw is None else _show(name, raw)


@blueprint.post("/import/confirm")
def confirm() -> ResponseReturnValue:
    """Import what was previewed, if that is still what would happen; else the new preview."""
    form = ConfirmForm()
    name, raw = form.name.data or "", _unpack(form.content.data or "")
    try:
        found = appointments.import_appointments(
            current_work(), current_actor(), current_branch(), raw, expected=form.digest.data or ""
        )
    except Conflict as error:
        return _show(name, raw, error)
    if found.faults:
        return _show(name, raw)
    flash(
        _("Imported: %(new)s new, %(changed)s changed, %(same)s as before.",
          new=found.count("new"), changed=found.count("changed"), same=found.count("same")), "good",
    )  # fmt: skip
    return redirect(url_for("dispatch.index"), 303)


def uploaded(form: UploadForm) -> tuple[str, bytes | None]:
    """The chosen file's name and bytes; None, and the fault at the field, when there is none or it is too large."""
    if not form.file.data or not form.file.data.filename:
        form.file.errors = [*form.file.errors, _("Choose a file first.")]
        return "", None
    raw = form.file.data.read(LARGEST + 1)
    if len(raw) > LARGEST:
        form.file.errors = [_("This file is too large for the page. Import it on the command line, or in parts.")]
        return "", None
    return form.file.data.filename, raw


def _page(form: UploadForm, **values: object) -> str:
    return render_template(
        "dispatch/import.html", form=form, reason=planning_words.reason, zone=current_zone(), **values, **overview()
    )


def _show(name: str, raw: bytes, stale: Conflict | None = None) -> ResponseReturnValue:
    found = appointments.preview_appointments(current_work(), current_actor(), current_branch(), raw)
    confirming = ConfirmForm(formdata=None, name=name, content=_pack(raw), digest=found.digest)
    page = _page(
        UploadForm(formdata=None), name=name, found=found, confirming=confirming, stale=stale,
        warned=_by_reason(found.warnings), counts=_counts(found),
    )  # fmt: skip
    return page, 422 if found.faults else 409 if stale else 200


def _counts(found: Preview) -> dict[str, int]:
    return {"new": found.count("new"), "changed": found.count("changed"), "same": found.count("same")}


def _by_reason(warnings: Sequence[Remark]) -> dict[str, list[Remark]]:
    """Warnings of a kind together, in the order of their first."""
    found: dict[str, list[Remark]] = defaultdict(list)
    for one in warnings:
        found[one.code].append(one)
    return dict(found)


def _pack(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw, 9)).decode()


def _unpack(text: str) -> bytes:
    """What `_pack` made; raises `Invalid` for anything else, and for what unpacks to more than a file may hold."""
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(base64.b64decode(text, validate=True), LARGEST)
    except (binascii.Error, zlib.error, ValueError):
        raise Invalid("invalid") from None
    if not unpacker.eof:
        raise Invalid("invalid")
    return raw
