"""The lists behind a number of the overview or of the fairness page: visits and findings, or technicians."""

from collections.abc import Mapping
from typing import get_args

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fieldapp.domain.calendar import parse_month
from fieldapp.domain.errors import NotFound
from fieldapp.services import behind
from fieldapp.services.behind import Asked, Kind, Wanted
from fieldapp.web import evidence_words, score_words
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.planning_words import CAUSES
from fieldapp.web.scores.fairness import group_name

blueprint = Blueprint("score_behind", __name__)

#: Filters that are names, and those that are said or not.
TEXTS = ("district", "shift", "job_type", "planner", "technician", "state", "cause")
MARKS = ("arrived", "doubtful", "completed", "unsigned", "late")


@blueprint.get("/<month>/behind")
def page(month: str) -> ResponseReturnValue:
    """The visits of these circumstances, a hundred at a time."""
    parsed, given = parse_month(month), request.args
    asked = _asked(given)
    found = behind.look(current_work(), current_actor(), parsed, asked, number=given.get("page", 1, type=int))
    same = {name: values for name, values in given.lists() if name != "page"}
    other = {**same, "closed": None if asked.closed else ["1"]} if found.sealed and asked.is_of_sheets else None
    return render_template(
        "scores/behind.html", found=found, month=parsed, wanted=asked.wanted, said=_said(asked, found.names),
        items=score_words.ITEMS, outcomes=score_words.OUTCOMES, title=evidence_words.title, branch=current_branch(),
        call_open=score_words.REASONS["call_open"], role=current_actor().role,
        closed=asked.closed, other_url=other and url_for("score_behind.page", month=parsed, **other),
        page_url=lambda number: url_for("score_behind.page", month=parsed, page=number, **same),
    )  # fmt: skip


@blueprint.get("/<month>/behind/technicians")
def technicians(month: str) -> ResponseReturnValue:
    """The technicians who lost an item, or whose scores lie between two bounds."""
    parsed, given = parse_month(month), request.args
    item, low, high = given.get("item"), given.get("low", type=int), given.get("high", type=int)
    if item is not None and item not in score_words.ITEMS:
        raise NotFound()
    found = behind.people(current_work(), current_actor(), parsed, item=item, low=low, high=high)
    return render_template(
        "scores/behind_people.html", found=found, month=parsed, item=item, items=score_words.ITEMS, low=low, high=high,
        role=current_actor().role,
    )  # fmt: skip


def _asked(given: MultiDict[str, str]) -> Asked:
    others = given.get("others")
    if others is not None and others not in get_args(Kind):
        raise NotFound()
    wanted = Wanted(
        items=tuple(one.replace("\x00", "") for one in given.getlist("item")),
        **{name: given[name].replace("\x00", "") for name in TEXTS if name in given},
        **{name: True for name in MARKS if name in given},
        first=given.get("first", type=int), last=given.get("last", type=int),
    )  # type: ignore[arg-type] # fmt: skip
    return Asked(
        wanted=wanted, lost="lost" in given, elsewhere="elsewhere" in given, other_causes="other_causes" in given,
        closed="closed" in given, verdicts="verdicts" in given, others=others,  # type: ignore[arg-type] # looked at above
    )  # fmt: skip


def _said(asked: Asked, names: Mapping[str, str]) -> list[str]:
    """What narrows the list, in words."""
    wanted, said = asked.wanted, [evidence_words.title(one) for one in asked.wanted.items]
    for kind in get_args(Kind):
        if (value := getattr(wanted, kind)) is not None:
            said.append(group_name(names, kind, value))
    if wanted.technician:
        said.append(names.get(wanted.technician, wanted.technician))
    if wanted.cause:
        said.append(str(CAUSES.get(wanted.cause, wanted.cause)))
    marks = {"arrived": _("Arrivals"), "doubtful": _("In doubt"), "completed": _("Completed"),
             "unsigned": _("Unsigned"), "late": _("Late visits")}  # fmt: skip
    said += (text for name, text in marks.items() if getattr(wanted, name))
    states = {"recorded": _("said, to be confirmed"), "missing": _("no cause yet")}
    more = {
        "state": states.get(wanted.state or ""), "lost": asked.costs and _("what cost points"),
        "verdicts": asked.verdicts and _("every verdict on it"),
        "others": asked.others and _("all others together"),
        "causes": asked.other_causes and _("other confirmed causes together"),
    }  # fmt: skip
    return [*said, *(text for text in more.values() if text)]
