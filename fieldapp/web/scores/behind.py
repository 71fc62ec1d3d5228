"""The list behind a number of the overview or of the fairness page: which visits, which findings."""

from collections.abc import Mapping

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fieldapp.domain.calendar import parse_month
from fieldapp.services import behind
from fieldapp.services.behind import Wanted
from fieldapp.web import evidence_words, score_words
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.scores.fairness import group_name

blueprint = Blueprint("score_behind", __name__)

#: Filters that are names, and those that are said or not.
TEXTS = ("item", "district", "shift", "job_type", "planner", "technician")
MARKS = ("arrived", "doubtful", "completed", "unsigned")


@blueprint.get("/<month>/behind")
def page(month: str) -> ResponseReturnValue:
    """The visits of these circumstances, a hundred at a time."""
    parsed, asked = parse_month(month), request.args
    wanted = Wanted(
        **{name: asked[name].replace("\x00", "") for name in TEXTS if name in asked},
        **{name: True for name in MARKS if name in asked},
        first=asked.get("first", type=int), last=asked.get("last", type=int),
    )  # type: ignore[arg-type] # fmt: skip
    found = behind.look(current_work(), current_actor(), parsed, wanted, number=asked.get("page", 1, type=int))
    same = {name: value for name, value in asked.items() if name != "page"}
    return render_template(
        "scores/behind.html", found=found, month=parsed, wanted=wanted, said=_said(wanted, found.names), same=same,
        items=score_words.ITEMS, outcomes=score_words.OUTCOMES, title=evidence_words.title, branch=current_branch(),
        call_open=score_words.REASONS["call_open"],
    )  # fmt: skip


def _said(wanted: Wanted, names: Mapping[str, str]) -> list[str]:
    """What narrows the list, in words."""
    said = [evidence_words.title(wanted.item)] if wanted.item else []
    for kind in ("district", "shift", "job_type", "planner"):
        if (value := getattr(wanted, kind)) is not None:
            said.append(group_name(names, kind, value))
    if wanted.technician:
        said.append(names.get(wanted.technician, wanted.technician))
    marks = {"arrived": _("Arrivals"), "doubtful": _("In doubt"), "completed": _("Completed"),
             "unsigned": _("Unsigned")}  # fmt: skip
    return [*said, *(text for name, text in marks.items() if getattr(wanted, name))]
