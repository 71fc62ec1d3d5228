"""A branch's month in pictures, for who answers for the team."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldapp.domain.calendar import parse_month
from fieldapp.services import overview
from fieldapp.web import score_words as words
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.scores import team_pictures as pictures
from fieldapp.web.scores.months import neighbours

blueprint = Blueprint("score_overview", __name__)

#: Technicians on one heat map.
HEAT_PAGE = 30


@blueprint.get("/<month>/overview")
def page(month: str) -> ResponseReturnValue:
    """Heat map, where the points went, arrivals, the last six months."""
    found = overview.overview(current_work(), current_actor(), current_branch(), parse_month(month))
    people, book = overview.most_lost_first(found.scores), found.scores.rulebook
    count = max(1, -(-len(people) // HEAT_PAGE))
    number = min(count, max(1, request.args.get("page", 1, type=int)))
    shown = people[(number - 1) * HEAT_PAGE : number * HEAT_PAGE]
    return render_template(
        "scores/overview.html", book=book, sealed=found.scores.sealed, items=words.ITEMS, item_status=words.STATUS,
        rows=pictures.heat_map([(one.name, one.sheet) for one in shown], book), pictures=pictures,
        bars=pictures.pareto(found.losses), columns=pictures.histogram(found.arrivals),
        lines=pictures.lines(book, found.months, found.shares), shares=found.shares, months_shown=found.months,
        people=len(people), visits=sum(one.sheet.judged_visits for one in people), number=number, count=count,
        url=lambda other: url_for("score_overview.page", month=other), **neighbours(found.scores.month),
    )  # fmt: skip
