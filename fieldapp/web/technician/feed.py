"""`/calendar/<token>.ics`: a technician's visits for their own calendar program. No customer stands in it."""

from flask import Blueprint, Response, current_app, g, make_response, request
from flask_babel import gettext as _

from fieldapp.domain.errors import NotFound
from fieldapp.services import calendar_feeds
from fieldapp.services.scheduling import Visit
from fieldapp.web import locale, visit_words
from fieldapp.web.context import current_settings, current_work
from fieldapp.web.often import Often
from fieldapp.web.technician import icalendar
from fieldapp.web.templating import window

blueprint = Blueprint("calendar_feed", __name__)


@blueprint.get("/<token>.ics")
def feed(token: str) -> Response:
    """The calendar; 404 for whatever opens nothing, and 429 for an address that keeps guessing."""
    work, address = current_work(), request.remote_addr or "-"
    guesses: Often = current_app.extensions.setdefault("calendar_guesses", Often())
    try:
        found = calendar_feeds.read(work, token)
    except NotFound:
        guesses.check(address, work.now())
        guesses.count(address, work.now())
        raise
    g.zone = found.zone
    locale.speak(found.locale or current_settings().locale)
    name = _("Visits of %(name)s", name=found.name)
    response = make_response(icalendar.calendar(name, map(_event, found.visits)))
    response.content_type = "text/calendar; charset=utf-8"
    return response


def _event(visit: Visit) -> dict[str, str | int | object]:
    what = " · ".join(filter(None, [visit.external_id, str(visit_words.JOBS[visit.job_type]), visit.district]))
    is_off = visit.state in {"cancelled", "void"}
    return {
        "UID": f"{visit.visit_id}@fieldapp", "DTSTAMP": visit.updated_at, "LAST-MODIFIED": visit.updated_at,
        "SEQUENCE": visit.rev, "DTSTART": visit.planned.start, "DTEND": visit.planned.end, "SUMMARY": what,
        "DESCRIPTION": _("Promised: %(window)s", window=window(visit.window)),
        "STATUS": "CANCELLED" if is_off else "CONFIRMED", "TRANSP": "TRANSPARENT" if is_off else "OPAQUE",
    }  # fmt: skip
