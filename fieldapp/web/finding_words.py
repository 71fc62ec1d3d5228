"""The words of findings, for who records, decides and answers them. Codes come from the domain, every text stands here.

What items, articles and sources are called is `score_words`'.
"""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fieldapp.services.finding_views import View
from fieldapp.web import score_words
from fieldapp.web.context import find_actor

#: What an upheld finding does (`scoring.findings.Does`); for pages that show one finding.
EFFECTS: dict[str, Any] = {
    "met": _l("Counts as met."),
    "breached": _l("Counts as a breach."),
    "adverse": _l("Counts against the item."),
    "veto": _l("There is no award for %(month)s."),
    "commendation": _l("Counts as a commendation."),
    "nothing": _l("Counts nothing."),
}

STEPS: dict[str, Any] = {
    "upheld": _l("Upheld"),
    "dismissed": _l("Dismissed"),
    "overturned": _l("Overturned on appeal"),
    "confirmed": _l("Confirmed on appeal"),
}

#: Refusals (`DomainError` codes); merged into `errors.MESSAGES`.
REFUSALS: dict[str, Any] = {
    "finding_own": _l("Nobody records findings about themselves."),
    "finding_source": _l("Say where the finding comes from."),
    "finding_kind": _l("A finding is about exactly one thing: an item, an article of discipline, or a commendation."),
    "finding_item": _l("“%(value)s” is no item of the norm sheet of that month."),
    "finding_discipline": _l("“%(value)s” is no article of discipline of that month's norm sheet."),
    "finding_side": _l("Say whether it was as it should be."),
    "finding_side_odd": _l("A commendation is always favourable, and a breach of discipline never is."),
    "finding_praise": _l("Praise is always favourable. For the opposite, choose another source."),
    "finding_future": _l("This day is still to come. A finding is about what has happened."),
    "finding_day": _l("This day cannot be right. Please check the year."),
    "finding_note": _l("Describe what was seen or said: the technician has to understand it."),
    "finding_visit": _l("There is no visit with the order number “%(number)s” in this branch."),
    "finding_visit_nobody": _l("Nobody has %(number)s. A finding needs the technician whose visit it is."),
    "finding_visit_other": _l(
        "%(number)s is a visit of %(technician)s. Choose that technician, or leave the order number empty."
    ),
    "finding_id": _l("This form cannot be used again. Please open a new one."),
    "finding_settled": _l("This finding is decided already."),
    "finding_late": _l("The time to answer is over. Once it is decided, you can still appeal."),
    "finding_overturned": _l("This finding was overturned on appeal. That ends it for good."),
    "finding_decided": _l("Somebody decided this meanwhile. Look at it as it stands now."),
    "finding_unheard": _l(
        "The technician has not answered yet and can until %(until)s. Nobody decides before that, or before the answer."
    ),
    "finding_outcome": _l("Say whether you uphold or dismiss it."),
    "finding_same": _l("It stands like this already."),
    "finding_nothing": _l("Nothing was ticked. Say of at least one item whether it was fine."),
    "spot_month": _l("Only the draw of this month and of the next one can be sealed."),
    "spot_quota": _l("Ask for 1 to %(most)s checks of each technician."),
    "spot_committed": _l("The draw of this month is sealed already. It cannot be changed."),
    "photo_missing": _l("Choose a photo first."),
    "arrival_side": _l("Say whether they came in time."),
    "arrival_basis": _l("Say what your decision rests on."),
    "arrival_decided": _l("Somebody decided about this arrival meanwhile. Look at it as it stands now."),
    "call_share": _l("Ask for 1 to %(most)s percent of the signed visits."),
    "call_changed": _l("Somebody called this customer meanwhile. Look at what came of it."),
    "call_over": _l("This call is over. It is not made again."),
    "call_outcome": _l("Say what came of the call."),
    "call_nothing": _l("No question was answered. Mark the answers, or say that the customer did not want to talk."),
    "call_no_difference": _l("Tick at least one difference that you want to record."),
}


def about(view: View) -> str:
    """What the finding is about: the title of its item or article."""
    finding = view.finding
    if finding.discipline:
        return str(score_words.DISCIPLINES.get(finding.discipline, finding.discipline))
    if finding.item:
        return str(score_words.ITEMS[finding.item][0]) if finding.item in score_words.ITEMS else finding.item
    return _("Commendation")


def source(view: View) -> str:
    """Where it comes from."""
    return str(score_words.FINDING_SOURCES[view.finding.source])


def effect(view: View) -> str:
    """What it does to the month as it stands."""
    does = view.effect.does if view.effect else "nothing"
    reader = find_actor()
    if (
        reader
        and reader.login != view.whose
        and (reader.role == "technician" or reader.login == view.finding.technician)
    ):
        if view.is_kept:
            return _(
                "By now it counts nothing for you: the visit turned out to be somebody else’s. Your month was closed "
                "with it, and only an adjustment changes that."
            )
        return _("It counts nothing for you: the visit turned out to be somebody else’s.")
    return str(EFFECTS[does]) % {"month": view.month} if does == "veto" else str(EFFECTS[does])


def person(view: View, login: str) -> str:
    """Name and login, as far as they differ."""
    name = view.names.get(login, login)
    return name if name == login else f"{name} ({login})"
