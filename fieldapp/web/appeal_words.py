"""What appeals say: their states, what they are about, when an answer is due. Shared by both sides' pages."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from fieldapp.services.appeal_views import Detail, View
from fieldapp.web import evidence_words
from fieldapp.web.evidence_words import Line
from fieldapp.web.visit_words import person as _person

#: State -> kind of status, word, picture.
STATES: dict[str, tuple[str, Any, str]] = {
    "open": ("info", _l("appealed, waits for an answer"), "wait"),
    "overturned": ("good", _l("overturned on appeal"), "check"),
    "confirmed": ("", _l("confirmed on appeal"), "minus"),
}


def due(view: View) -> date:
    """The last day on which an answer comes in time, where the appeal was filed."""
    return (view.due - timedelta(seconds=1)).astimezone(ZoneInfo(view.branch.timezone)).date()


def about(view: View) -> str:
    """The item, or the discipline article."""
    return evidence_words.title(view.code)


def person(names: Mapping[str, str], login: str | None) -> str:
    """Name and login."""
    return _person(names, login)


def lines(detail: Detail) -> list[Line]:
    """How what is appealed counts now."""
    visit = detail.view.filed.visit
    numbers = {visit: detail.view.number} if visit else {}
    return [evidence_words.line(proof, detail.names, numbers) for proof in detail.proofs]
