"""What is stored about people, why, for how long and what they can do about it: made from the settings in force."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from fieldapp.domain.retention import Kind
from fieldapp.settings import Settings
from fieldapp.web.context import current_settings, find_actor

blueprint = Blueprint("privacy", __name__)


@dataclass(frozen=True, slots=True)
class Line:
    """Something that is stored, what for, and how long."""

    what: str
    why: str
    kept: str


@blueprint.get("/privacy")
def page() -> ResponseReturnValue:
    """The page, the same for everybody."""
    settings, actor = current_settings(), find_actor()
    return render_template(
        "privacy.html", customers=list(_customers(settings)), employees=list(_employees(settings)), settings=settings,
        has_file=actor is not None and actor.role == "technician",
    )  # fmt: skip


def _days(settings: Settings, kind: Kind) -> str:
    days = settings.keeping.days[kind]
    return _("not limited") if days is None else ngettext("%(num)s day", "%(num)s days", days)


def _customers(settings: Settings) -> Iterator[Line]:
    whole = _days(settings, "customers")
    yield Line(
        _("Name, telephone number, address, e-mail, place on the map"),
        _("So that the right person comes to the right door and can reach you."),
        whole,
    )
    yield Line(
        _("Order, appointments that you were told, charges"),
        _("What was agreed, and whether we kept it. Without your name it is kept longer: staff are paid by it."),
        whole,
    )
    yield Line(
        _("What was done, notes, the text that you signed, your signature"),
        _("Proof for both sides of what you were shown and agreed to."),
        whole,
    )
    yield Line(
        _("Your answers about the visit, your comment"),
        _("They count in the technician’s score. The technician never sees your comment."),
        whole,
    )
    yield Line(
        _("Complaints, praise, calls with you, and our answers"),
        _("So that somebody answers. While a complaint is open it is not deleted."),
        whole,
    )
    yield Line(_("Photos of the work"), _("To see how it was left, and to settle damage."), _days(settings, "photos"))
    yield Line(
        _("Where the technician’s phone was on arrival"),
        _("To know whether they really came; one reading, at your door."),
        _days(settings, "locations"),
    )
    if settings.tells_customers:
        yield Line(
            _("Which messages you were sent, when, and to which number or address (its end only)"),
            _("So that nothing is said twice."),
            _days(settings, "messages"),
        )
    yield Line(
        _("What a phone or a program sent that could not be read"),
        _("So that nothing is lost; sealed until somebody of quality staff opens it."),
        _days(settings, "quarantine"),
    )


def _employees(settings: Settings) -> Iterator[Line]:
    left = ngettext("%(num)s day after leaving", "%(num)s days after leaving", settings.keeping.days["employees"] or 0)
    whole = _("not limited") if settings.keeping.days["employees"] is None else left
    yield Line(_("Name, staff code, role, team, language"), _("To sign in, and so that others know who it is."), whole)
    yield Line(
        _("Working hours, absences, district, where the day begins"), _("For a plan that can be kept."), whole
    )  # fmt: skip
    yield Line(
        _("Filters that you saved under a name, as somebody of the office"),
        _("To find the same again with one tap. What you typed as search text is not in them."),
        whole,
    )
    yield Line(
        _("Browsers and phones in which you signed in, wrong passwords"),
        _("So that nobody else does so unseen."),
        _days(settings, "sessions"),
    )
    yield Line(
        _("Where a phone that you let tell you of changes can be reached, at its maker’s service"),
        _("To tell you that your day changed, without saying what or whose."),
        _("until you switch it off or sign out"),
    )
    yield Line(
        _("Times of visits, checks, one reading of the place on arrival"),
        _("What the score is counted from. Between visits nobody records where you are."),
        _("places: %(time)s; the rest under the staff code for as long as pay has to be shown")
        % {"time": _days(settings, "locations")},
    )
    yield Line(
        _("Scores, findings, appeals, adjustments"),
        _("They decide on the award. You read all of it, and can appeal."),
        _("under the staff code for as long as pay has to be shown"),
    )
    yield Line(
        _("Who did what in the program (the audit)"),
        _("So that nobody changes anything unseen."),
        _("not limited; it holds staff codes and order numbers, no customers"),
    )
