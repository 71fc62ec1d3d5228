"""Views of the score: a team's month, a technician's, an item's, a visit's, and the published norm."""

from decimal import Decimal

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fieldapp.domain.calendar import Month, Window, month_of, parse_month
from fieldapp.domain.errors import NotFound
from fieldapp.services import evidence, finding_views, scoring
from fieldapp.services.evidence import Story
from fieldapp.services.rulebooks import shipped_rulebooks
from fieldapp.services.scoring import TechnicianMonth
from fieldapp.web import evidence_words, finding_words, visit_words
from fieldapp.web import score_words as words
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.evidence_words import Line
from fieldapp.web.scores import pictures

blueprint = Blueprint("scores", __name__)

#: How many months the line shows.
HISTORY = 6


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """A technician's own month, everybody else's team."""
    actor, month = current_actor(), _this_month()
    if actor.role == "technician":
        return redirect(url_for("scores.sheet", month=month, technician=actor.login))
    return redirect(url_for("scores.team", month=month))


@blueprint.get("/norm")
def norm() -> ResponseReturnValue:
    """The norm sheet in force, in words."""
    month = _this_month()
    book = shipped_rulebooks().in_force(month)
    return render_template(
        "scores/norm.html", book=book, p=book.parameters, month=month, items=words.ITEMS, disciplines=words.DISCIPLINES
    )


@blueprint.get("/<month>/")
def team(month: str) -> ResponseReturnValue:
    """Everybody's month: technicians against items."""
    parsed = parse_month(month)
    if current_actor().role == "technician":
        return redirect(url_for("scores.sheet", month=month, technician=current_actor().login))
    scores = scoring.month_scores(current_work(), current_actor(), current_branch(), parsed)
    return render_template(
        "scores/team.html", book=scores.rulebook, sheets=[one.sheet for one in scores.technicians],
        names={one.sheet.technician: one.name for one in scores.technicians}, items=words.ITEMS,
        item_status=words.STATUS, url=lambda other: url_for("scores.team", month=other), **_neighbours(parsed),
    )  # fmt: skip


@blueprint.get("/<month>/<technician>/")
def sheet(month: str, technician: str) -> ResponseReturnValue:
    """One technician's month: picture, arithmetic, items."""
    found = _month_of(technician, month)
    book, score = found.rulebook, found.sheet
    points = pictures.month_line(_last_months(technician, found), width=600, height=140)
    most = 100 + book.parameters.commendation_cap
    return render_template(
        "scores/sheet.html", sheet=score, name=found.name, book=book, currency=found.currency, items=words.ITEMS,
        item_status=words.STATUS, rows=pictures.item_rows(score.items), points=points,
        bar=pictures.score_bar(score, book.parameters.award_floor, book.parameters.award_cap, most),
        runs=pictures.segments(points), floor_y=pictures.height_of(book.parameters.award_floor, height=140),
        disciplines=words.DISCIPLINES, paid=min(score.score, Decimal(book.parameters.award_cap)),
        finding_words=finding_words,
        to_answer=finding_views.list_to_answer(current_work(), current_actor()) if _is_own(technician) else [],
        url=lambda other: url_for("scores.sheet", month=other, technician=technician), **_neighbours(found.month),
    )  # fmt: skip


@blueprint.get("/<month>/<technician>/visits")
def visits(month: str, technician: str) -> ResponseReturnValue:
    """The visits of a technician's month."""
    found = _month_of(technician, month)
    lines = [
        {
            "visit_id": one.visit,
            "external_id": one.external_id,
            "window": Window(one.judgement.promised_start, one.judgement.promised_end),
            "outcome": words.OUTCOMES[one.outcome],
            "breached": [words.ITEMS[v.code][0] for v in one.judgement.counted(found.now) if not v.met],
        }
        for one in found.visits
    ]
    return render_template("scores/visits.html", lines=lines, name=found.name, month=month, technician=technician)


@blueprint.get("/<month>/<technician>/<code>")
def item(month: str, technician: str, code: str) -> ResponseReturnValue:
    """What is behind one item, discipline article or the commendations: verdicts, findings; breaches first."""
    found = _month_of(technician, month)
    one = next((line for line in found.sheet.items if line.code == code), None)
    if one is None and code != "commendation" and not found.rulebook.has_discipline(code):
        raise NotFound()
    lines = _behind(found, code)
    return render_template(
        "scores/item.html", one=one, code=code, title=evidence_words.title(code), name=found.name, month=month,
        technician=technician, rulebook=found.sheet.rulebook, items=words.ITEMS, item_status=words.STATUS,
        against=[line for line in lines if line.met is False], neither=[line for line in lines if line.met is None],
        met=[line for line in lines if line.met],
    )  # fmt: skip


@blueprint.get("/visits/<visit_id>")
def visit(visit_id: str) -> ResponseReturnValue:
    """One visit as the score sees it: every verdict with its evidence, what was promised, what happened."""
    found = scoring.visit_score(current_work(), current_actor(), current_branch(), visit_id)
    judged, now = found.judgement, current_work().now()
    story = evidence.of_visit(current_work(), current_actor(), current_branch(), judged)
    back = None
    if judged.technician:
        back = url_for("scores.sheet", month=judged.month, technician=judged.technician)
    return render_template(
        "scores/visit.html", external_id=found.external_id, job=words.JOBS[judged.job_type], zone=current_zone(),
        promised=Window(judged.promised_start, judged.promised_end), arrived_at=judged.arrived_at,
        outcome=words.OUTCOMES[judged.outcome_at(now)], name=found.technician_name, month=judged.month,
        rulebook=judged.rulebook, back=back, story=story, lines=_told(story), evidence_words=evidence_words,
        visit_words=visit_words,
        photo_url=lambda sha: url_for("sync_photos.photo", sha256=sha, visit=visit_id),
    )  # fmt: skip


def _behind(found: TechnicianMonth, code: str) -> list[Line]:
    proofs, doubts, names = evidence.of_item(current_work(), current_actor(), found, code)
    numbers = {one.visit: one.external_id for one in found.visits}
    return [
        *(evidence_words.line(proof, names, numbers) for proof in proofs),
        *(evidence_words.doubt(one, numbers) for one in doubts),
    ]


def _told(story: Story) -> list[Line]:
    """Everything that is judged of a visit: breaches, then what has no verdict, then what was met."""
    proofs = (evidence_words.line(proof, story.names, {}) for proof in (*story.proofs, *story.findings))
    lines = [*proofs, *(evidence_words.doubt(one, {}) for one in story.doubts)]
    return sorted(lines, key=lambda line: (False, None, True).index(line.met))


def _is_own(technician: str) -> bool:
    return current_actor().role == "technician" and current_actor().login == technician


def _this_month() -> Month:
    return month_of(current_work().now(), current_zone())


def _month_of(technician: str, month: str) -> TechnicianMonth:
    return scoring.technician_month(current_work(), current_actor(), current_branch(), technician, parse_month(month))


def _last_months(technician: str, found: TechnicianMonth) -> list[tuple[str, Decimal | None]]:
    """The month before `found`'s and so on back, oldest first, `found`'s own last."""
    earlier = [_shifted(found.month, -back) for back in range(HISTORY - 1, 0, -1)]
    sheets = scoring.past_sheets(current_work(), current_actor(), found.branch, technician, earlier)
    return [(month, _shown(sheet)) for month, sheet in {**sheets, found.month: found.sheet}.items()]


def _shown(sheet: scoring.ScoreSheet) -> Decimal | None:
    return sheet.score if sheet.status == "assessed" else None


def _neighbours(month: Month) -> dict[str, str | None]:
    """The month shown, the one before, and the one after unless that lies ahead."""
    after = _shifted(month, 1)
    return {"month": month, "before": _shifted(month, -1), "after": after if after <= _this_month() else None}


def _shifted(month: Month, by: int) -> Month:
    index = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return Month(f"{index // 12:04d}-{index % 12 + 1:02d}")
