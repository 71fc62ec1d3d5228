"""What a finding can be about, as one list to choose from, and what was chosen as a draft; for quality's forms."""

from datetime import date

from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from fieldapp.domain.calendar import month_of
from fieldapp.domain.findings import Draft
from fieldapp.services import rulebooks
from fieldapp.web import score_words
from fieldapp.web.context import current_actor, current_work, current_zone

COMMENDATION = "commendation"


def about_choices(nothing: str, *, praise: bool = False) -> list[SelectChoice]:
    """Items and articles of the rulebook in force now, and the commendation; with `praise`, only this."""
    chosen = SelectChoice(COMMENDATION, _("Commendation"), optgroup=_("Praise"))
    if praise:
        return [SelectChoice("", nothing), chosen]
    book = rulebooks.in_force(current_work(), current_actor(), month_of(current_work().now(), current_zone()))
    items, breaches = _("Items of the norm"), _("Breach of service discipline")
    return [
        SelectChoice("", nothing),
        *(SelectChoice(one.code, score_words.ITEMS[one.code][0], optgroup=items) for one in book.items),
        *(SelectChoice(one.code, score_words.DISCIPLINES[one.code], optgroup=breaches) for one in book.disciplines),
        chosen,
    ]


def draft_of(
    source: str, about: str, favourable: bool | None, note: str, *, technician: str = "", day: date | None = None
) -> Draft:
    """A finding about what was chosen."""
    is_discipline = about in score_words.DISCIPLINES
    return Draft(
        source=source, technician=technician, occurred_on=day, favourable=favourable,
        item="" if is_discipline or about == COMMENDATION else about, discipline=about if is_discipline else "",
        commendation=about == COMMENDATION, note=note,
    )  # fmt: skip
