"""The rescue page: any of the staff brings in what a phone could not send, and reads item by item what became of it."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from flask_wtf.file import FileField

from fieldapp.domain.errors import DomainError
from fieldapp.services import rescue
from fieldapp.services.rescue import Fact, Photo, Report
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.forms import Form
from fieldapp.web.pwa.words import WORDS
from fieldapp.web.rescue_key import LARGEST, current_rescue_key

blueprint = Blueprint("rescue", __name__)

_FATES: dict[str, tuple[str, Any]] = {
    "accepted": ("good", _l("Stored; it counts.")),
    "duplicate": ("good", _l("Was on the server already.")),
    "held": ("warn", _l("Stored; it waits for the dispatcher.")),
    "quarantined": ("bad", _l("Stored as it is, but it cannot be read. Quality looks at it.")),
    "retry": ("bad", _l("Not stored. Please bring the file in again.")),
}
_PHOTOS: dict[str, tuple[str, Any]] = {
    "stored": ("good", _l("Stored.")),
    "known": ("good", _l("Was on the server already.")),
    "damaged": ("bad", _l("Damaged on the phone already; it could not be stored.")),
}


class RescueForm(Form):
    """A rescue file."""

    file = FileField(_l("Rescue file"))


@blueprint.get("/")
def upload() -> ResponseReturnValue:
    """Choose a file."""
    return render_template("rescue.html", form=RescueForm(), report=None)


@blueprint.post("/")
def bring() -> ResponseReturnValue:
    """Store what the file holds. The form token is checked here: before, the body may be too large to be read."""
    request.max_content_length = LARGEST
    form = RescueForm()
    form.validate()
    if "csrf_token" in form.errors:
        raise CSRFError()
    chosen = form.file.data
    if not chosen or not chosen.filename:
        form.file.errors = [_("Choose a file first.")]
        return render_template("rescue.html", form=form, report=None), 422
    with chosen.stream as stream:
        raw = stream.read()
    try:
        report = rescue.import_file(current_work(), current_actor(), current_rescue_key(), raw)
    except DomainError as error:
        form.refuse(error)
        return render_template("rescue.html", form=form, report=None), 422
    return render_template(
        "rescue.html", form=form, report=report, fate=fate, photo_fate=photo_fate, counts=_counts(report)
    )


def fate(fact: Fact) -> dict[str, Any]:
    """One fact's line: what it was, when, what became of it and why."""
    kind, word = _FATES[fact.result.status]
    why = WORDS.get(f"held.{fact.result.code}") if fact.result.code else None
    return {
        "kind": kind, "word": str(word), "why": str(why) if why else "",
        "what": str(WORDS.get(f"event.{fact.type}", _("Unreadable entry"))),
        "at": datetime.fromtimestamp(fact.wall / 1000, UTC) if fact.wall else None,
    }  # fmt: skip


def photo_fate(photo: Photo) -> dict[str, Any]:
    """The same for a photo."""
    kind, word = _PHOTOS[photo.status]
    return {"kind": kind, "word": str(word)}


def _counts(report: Report) -> dict[str, int]:
    counted = report.counts
    return {"facts": len(report.facts), "photos": len(report.photos), **counted}
