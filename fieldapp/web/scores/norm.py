"""`/scores/norm`: the norm sheet in every version, with what each changed and who made it. For everybody."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from fieldapp.domain.access import may
from fieldapp.domain.calendar import month_of
from fieldapp.services import rulebooks
from fieldapp.services.rulebooks import Version
from fieldapp.web import score_words
from fieldapp.web.context import current_actor, current_work, current_zone
from fieldapp.web.scores import rulebook_words

blueprint = Blueprint("norm", __name__)


@blueprint.get("")
def page() -> ResponseReturnValue:
    """The version in force this month, and which others there are."""
    versions = rulebooks.history(current_work(), current_actor())
    month = month_of(current_work().now(), current_zone())
    return _page(next(one for one in versions if one.state(month) == "now"), versions)


@blueprint.get("/<version>")
def version(version: str) -> ResponseReturnValue:
    """One version, whether in force or not."""
    versions = rulebooks.history(current_work(), current_actor())
    return _page(rulebooks.pick(versions, version), versions)


def _page(shown: Version, versions: tuple[Version, ...]) -> ResponseReturnValue:
    month = month_of(current_work().now(), current_zone())
    return render_template(
        "scores/norm.html", shown=shown, versions=versions, month=month, items=score_words.ITEMS,
        disciplines=score_words.DISCIPLINES, words=rulebook_words, may_write=may(current_actor(), "rulebooks.write"),
    )  # fmt: skip
