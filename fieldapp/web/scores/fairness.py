"""Where a branch's points were lost, for everybody in it."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fieldapp.domain.calendar import parse_month
from fieldapp.domain.fairness import FEW, FEW_PEOPLE
from fieldapp.services import fairness
from fieldapp.web import score_words as words
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.planning_words import CAUSES
from fieldapp.web.scores.months import neighbours

blueprint = Blueprint("fairness", __name__)

SHIFTS: dict[str, Any] = {
    "morning": _l("Morning (until 12:00)"), "afternoon": _l("Afternoon (12:00 to 18:00)"),
    "evening": _l("Evening (from 18:00)"),
}  # fmt: skip
KINDS: dict[str, Any] = {
    "district": _l("By district"), "shift": _l("By shift"), "job_type": _l("By kind of job"),
    "planner": _l("By who planned it"),
}  # fmt: skip


@blueprint.get("/<month>/fairness")
def page(month: str) -> ResponseReturnValue:
    """Points by circumstances, causes of lateness, distribution of scores, how well facts are proven."""
    found = fairness.month_of_branch(current_work(), current_actor(), parse_month(month))
    return render_template(
        "scores/fairness.html", found=found, kinds=KINDS,
        name_of=lambda kind, name: group_name(found.names, kind, name),
        causes=CAUSES, few=FEW, few_people=FEW_PEOPLE, role=current_actor().role,
        longest=max((one.per_hundred for shown in found.lost.values() for one in shown.groups), default=0),
        url=lambda other: url_for("fairness.page", month=other), **neighbours(found.month),
    )  # fmt: skip


def group_name(names: Mapping[str, str], kind: str, name: str) -> str:
    """What a group is called."""
    if kind == "shift":
        return str(SHIFTS.get(name, name))
    if kind == "job_type":
        return str(words.JOBS.get(name, name))
    if kind == "district":
        return name or _("no district said")
    return names.get(name) or (_("imported") if name == "office" else name)
