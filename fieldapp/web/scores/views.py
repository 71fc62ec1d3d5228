"""Views of the score: a team's month, a technician's, an item's, a visit's."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from flask import Blueprint, get_template_attribute, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldapp.domain.calendar import Month, Window, month_of, parse_month, shifted
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import VisitId
from fieldapp.domain.scoring.facts import JUDGED
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.domain.scoring.outlook import Outlook, look_ahead
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.services import (
    adjusted,
    adjustment_views,
    call_backs,
    causes,
    evidence,
    finding_views,
    oneself,
    scoring,
    sheets,
)
from fieldapp.services.adjustment_views import Proposal
from fieldapp.services.evidence import Story
from fieldapp.services.scoring import MonthScores, ScoredVisit, TechnicianMonth, VisitScore
from fieldapp.web import adjustment_words, appeal_words, evidence_words, finding_words, visit_words
from fieldapp.web import score_words as words
from fieldapp.web.adjustment_words import Told
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.evidence_words import Line
from fieldapp.web.oneself import is_own
from fieldapp.web.planning_words import CAUSES
from fieldapp.web.scores import pictures
from fieldapp.web.scores.months import neighbours, this_month
from fieldapp.web.scores.ways import Link, visit_links, way_to

blueprint = Blueprint("scores", __name__)

#: How many months the line shows.
HISTORY = 6
#: Technicians on one page of a team.
TEAM_PAGE = 50
#: Which visits of a month a number may count.
_WHICH: dict[str | None, Callable[[ScoredVisit], bool]] = {
    "judged": lambda one: one.outcome in JUDGED, "open": lambda one: one.outcome == "pending",
}  # fmt: skip


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """A technician's own month, everybody else's team."""
    actor, month = current_actor(), this_month()
    if actor.is_oneself:  # nothing is added any more where somebody has left
        month = min(month, oneself.last_month(current_work(), actor) or month)
    if actor.role == "technician":
        return redirect(url_for("scores.sheet", month=month, technician=actor.login))
    return redirect(url_for("scores.team", month=month))


@blueprint.get("/<month>/")
def team(month: str) -> ResponseReturnValue:
    """Everybody's month: technicians against items."""
    parsed = parse_month(month)
    if current_actor().role == "technician":
        return redirect(url_for("scores.sheet", month=month, technician=current_actor().login))
    found = sheets.team_page(
        current_work(), current_actor(), current_branch(), parsed, number=request.args.get("page", 1, type=int),
        size=TEAM_PAGE,
    )  # fmt: skip
    scores, shown = found.scores, found.scores.technicians
    return render_template(
        "scores/team.html", book=scores.rulebook, sheets=[one.sheet for one in shown],
        names={one.sheet.technician: one.name for one in shown}, items=words.ITEMS, cells=_cells(scores.rulebook),
        number=found.number, count=found.count, sealed=scores.sealed,
        url=lambda other: url_for("scores.team", month=other),
        standings={one.sheet.technician: one.standing for one in shown if one.standing and one.standing.adjustments},
        stands={
            one.sheet.technician: adjusted.sheet_that_stands(one.sheet, one.standing, scores.rulebook) for one in shown
        },
        adjustment_words=adjustment_words, differing=_differing(scores), branch=scores.branch,
        is_over=parsed < this_month(), to_answer=_to_answer(), finding_words=finding_words, **neighbours(parsed),
    )  # fmt: skip


def _cells(book: Rulebook) -> dict[str, dict[str, dict[str, str]]]:
    """What a cell says, by item and status; made once, as a row has as many cells as the norm has items."""
    icon: Callable[[str, str], str] = get_template_attribute("_macros/icons.html", "icon")
    signs: dict[str, str] = get_template_attribute("scores/_macros.html", "signs")
    found: dict[str, dict[str, dict[str, str]]] = {}
    for item in book.items:
        labels = {status: f"{words.ITEMS[item.code][0]}: {text}" for status, text in words.STATUS.items()}
        found[item.code] = {one: {"label": label, "icon": icon(signs[one], label)} for one, label in labels.items()}
    return found


@blueprint.get("/<month>/<technician>/")
def sheet(month: str, technician: str) -> ResponseReturnValue:
    """One technician's month: picture, arithmetic, items."""
    found = _month_of(technician, month)
    book, stands = found.rulebook, found.stands
    points = pictures.month_line(_last_months(technician, found), width=600, height=140)
    floor, cap, most = book.parameters.award_floor, book.parameters.award_cap, 100 + book.parameters.commendation_cap
    return render_template(
        "scores/sheet.html", sheet=found.sheet, stands=stands, name=found.name, book=book,
        currency=found.currency, items=words.ITEMS, item_status=words.STATUS, rows=pictures.item_rows(stands, book),
        points=points, strip=pictures.item_strip(stands.items), ahead=_outlook(found),
        is_over=found.month < this_month(), bar=pictures.score_bar(stands, floor, cap, most),
        runs=pictures.segments(points), floor_y=pictures.height_of(floor, height=140),
        disciplines=words.DISCIPLINES, paid=min(found.sheet.score, Decimal(cap)),
        finding_words=finding_words, sealed=found.sealed, standing=found.standing, asked=_asked(found),
        closed_items=_closed_items(found),
        findings=finding_views.count_own(current_work(), current_actor(), current_branch(), technician, found.month),
        adjustment_words=adjustment_words,
        to_answer=_to_answer() if is_own(technician) else [],
        recent=_recent(technician, found.month), since=_since(found), learnt=_learnt(technician, found.month),
        **_reader(technician),
        url=lambda other: url_for("scores.sheet", month=other, technician=technician), **neighbours(found.month),
    )  # fmt: skip


@blueprint.get("/<month>/<technician>/visits")
def visits(month: str, technician: str) -> ResponseReturnValue:
    """The visits of a technician's month: all, or those that are judged, or still open."""
    found, which = _month_of(technician, month), request.args.get("which")
    hidden = call_backs.to_be_made(current_work(), current_actor(), found.branch, found.month, technician)
    lines = [
        {
            "visit_id": one.visit,
            "external_id": one.external_id,
            "window": Window(one.judgement.promised_start, one.judgement.promised_end),
            "outcome": words.OUTCOMES[one.outcome],
            "breached": [
                words.ITEMS[it.code][0]
                for it in one.judgement.counted(found.now)
                if not it.met and not (it.source == "answer" and one.visit in hidden)
            ],
            "waits": one.visit in hidden,
        }
        for one in found.visits
        if which not in _WHICH or _WHICH[which](one)
    ]
    return render_template(
        "scores/visits.html", lines=lines, which=which if which in _WHICH else None, name=found.name, month=month,
        technician=technician, sealed=found.sealed, visit_url=_visit_url(found),
    )  # fmt: skip


@blueprint.get("/<month>/<technician>/<code>")
def item(month: str, technician: str, code: str) -> ResponseReturnValue:
    """What is behind one item, discipline article or the commendations: verdicts, findings; breaches first."""
    found = _month_of(technician, month)
    one = next((line for line in found.stands.items if line.code == code), None)
    if one is None and code != "commendation" and not found.rulebook.has_discipline(code):
        raise NotFound()
    lines, links = _behind(found, code)
    return render_template(
        "scores/item.html", one=one, code=code, title=evidence_words.title(code), name=found.name, month=month,
        technician=technician, rulebook=found.sheet.rulebook, items=words.ITEMS, item_status=words.STATUS,
        against=[line for line in lines if line.met is False], neither=[line for line in lines if line.met is None],
        met=[line for line in lines if line.met], sealed=found.sealed, visit_links=links,
        since=_since(found, code), adjusted=_adjusted(found, code), **_reader(technician),
    )  # fmt: skip


@blueprint.get("/visits/<visit_id>")
def visit(visit_id: str) -> ResponseReturnValue:
    """One visit as the score sees it: every verdict with its evidence, what was promised, what happened. `month` and
    `technician` in the query name the closed sheet that it is opened from."""
    asked = request.args.get("month"), request.args.get("technician")
    counted_in = (parse_month(asked[0]), asked[1]) if asked[0] and asked[1] else None
    found = scoring.visit_score(current_work(), current_actor(), current_branch(), visit_id, counted_in=counted_in)
    judged, now = found.judgement, current_work().now()
    story = evidence.of_visit(current_work(), current_actor(), current_branch(), judged, found.effects)
    back = None
    if judged.technician:
        back = url_for("scores.sheet", month=judged.month, technician=judged.technician)
    return render_template(
        "scores/visit.html", external_id=found.external_id, job=words.JOBS[judged.job_type], zone=current_zone(),
        promised=Window(judged.promised_start, judged.promised_end), arrived_at=judged.arrived_at,
        late=causes.of_visit(current_work(), current_actor(), visit_id), causes=CAUSES,
        outcome=words.OUTCOMES[judged.outcome_at(now)], name=found.technician_name, month=judged.month,
        rulebook=judged.rulebook, back=back, story=story, lines=_told(story), evidence_words=evidence_words,
        visit_words=visit_words, sealed=found.sealed, is_counted=found.is_counted, later=_later(found),
        **_reader(judged.technician),
        may_decide=current_actor().role == "quality" and "time_in_doubt" in judged.unjudged.values(),
        may_call=current_actor().role == "quality" and judged.outcome == "completed", visit_id=visit_id,
        moved_to=_moved_to(found.later or judged),
        photo_url=lambda sha: url_for("sync_photos.photo", sha256=sha, visit=visit_id),
    )  # fmt: skip


def _to_answer() -> list[finding_views.View]:
    """What the reader can still say about findings about themselves, in whatever branch."""
    return finding_views.list_to_answer(current_work(), current_actor())


def _moved_to(latest: Judgement) -> Month | None:
    """In which month the promise of a visit lies that another one, which is closed, keeps."""
    promised = month_of(latest.promised_start, current_zone())
    return promised if promised != latest.month else None


def _reader(technician: str | None) -> dict[str, object]:
    """What stands beside a breach depends on whether it is the reader's own, and on the time."""
    return {
        "mine": is_own(technician), "branch": current_branch(), "now": current_work().now(),
        "appeal_words": appeal_words, "way_to": way_to(technician),
    }  # fmt: skip


def _behind(found: TechnicianMonth, code: str) -> tuple[list[Line], Mapping[VisitId, Link]]:
    """What is behind an item, and the visits that it names: those of the sheet, and those of findings about others."""
    proofs, doubts, names = evidence.of_item(current_work(), current_actor(), found, code)
    url = _visit_url(found)
    links = {one.visit: Link(one.external_id, url(one.visit)) for one in found.visits}
    links |= visit_links(found.sheet.technician, (one.visit for one in proofs if one.visit not in links))
    numbers = {visit: link.number for visit, link in links.items()}
    lines = [
        *(evidence_words.line(proof, names, numbers) for proof in proofs),
        *(evidence_words.doubt(one, numbers) for one in doubts),
    ]
    return lines, links


def _told(story: Story) -> list[Line]:
    """Everything that is judged of a visit: breaches, then what has no verdict, then what was met."""
    proofs = (evidence_words.line(proof, story.names, {}) for proof in (*story.proofs, *story.findings))
    lines = [*proofs, *(evidence_words.doubt(one, {}) for one in story.doubts)]
    return sorted(lines, key=lambda line: (False, None, True).index(line.met))


def _later(found: VisitScore) -> list[Line] | None:
    """What would count of a closed visit by what is known now and did not count then; None where all is as it was."""
    if found.later is None:
        return None
    story = evidence.of_visit(current_work(), current_actor(), current_branch(), found.later)
    then = found.judgement.verdicts
    fresh = [one for one in story.proofs if one.verdict not in then]
    fresh += [one for one in story.findings if one.effect not in (found.effects or ())]
    lines = [evidence_words.line(proof, story.names, {}) for proof in fresh]
    return sorted(lines, key=lambda line: line.met is not False)


def _visit_url(found: TechnicianMonth) -> Callable[[str], str]:
    """Where a visit of this sheet is opened; of a closed one as it counted there."""
    sheet = {"month": found.month, "technician": found.sheet.technician} if found.sealed else {}
    return lambda visit: url_for("scores.visit", visit_id=visit, **sheet)


def _differing(scores: MonthScores) -> int:
    """Of how many people later facts say otherwise than what stands of a closed month."""
    if not scores.sealed:
        return 0
    return adjustment_views.count_differing(current_work(), current_actor(), current_branch(), scores.month)


def _closed_items(found: TechnicianMonth) -> dict[str, str]:
    """What of an adjusted month's items counted when it was closed, by code: of those that count otherwise by now."""
    if found.standing is None or not found.standing.adjustments:
        return {}
    then = {one.code: one for one in found.standing.closed.items}
    items, changed = found.rulebook.items, found.standing.changed_by
    return {one.code: adjustment_words.counted(then[one.code], one) for one in items if one.code in changed}


def _asked(found: TechnicianMonth) -> list[tuple[Proposal, str, str]]:
    """Proposals to adjust a closed month that were not agreed to, or not yet."""
    if not found.sealed:
        return []
    technician = found.sheet.technician
    return adjustment_views.told(current_work(), current_actor(), current_branch(), found.month, technician)


def _since(found: TechnicianMonth, code: str | None = None) -> list[Told]:
    """What is known of a closed month by now and is no adjustment yet: all of it, or what is about one item."""
    if not found.sealed:
        return []
    technician = found.sheet.technician
    learnt = adjustment_views.learnt(current_work(), current_actor(), current_branch(), found.month, technician)
    return adjustment_words.changes(learnt, code) if learnt else []


def _adjusted(found: TechnicianMonth, code: str) -> list[tuple[int, list[Told]]]:
    """What adjustments of a closed month changed about one item, by their numbers."""
    made = [one.content.difference for one in found.standing.adjustments] if found.standing else []
    changed = ((one.number, adjustment_words.changes(one, code)) for one in made)
    return [(number, changes) for number, changes in changed if changes]


def _learnt(technician: str, shown: Month) -> list[Month]:
    """About which others of the reader's own closed months something was found since."""
    if not is_own(technician):
        return []
    return [one for one in adjustment_views.learnt_lately(current_work(), current_actor()) if one != shown]


def _recent(technician: str, shown: Month) -> list[tuple[Month, datetime]]:
    """Which other months of the reader's own were adjusted of late."""
    if not is_own(technician):
        return []
    return [one for one in adjustment_views.recent(current_work(), current_actor()) if one[0] != shown]


def _month_of(technician: str, month: str) -> TechnicianMonth:
    work, actor, branch = current_work(), current_actor(), current_branch()
    found = scoring.technician_month(work, actor, branch, technician, parse_month(month))
    if found.standing is None:
        return found
    return replace(found, standing=adjustment_views.as_told(work, actor, branch, found.month, found.standing))


def _last_months(technician: str, found: TechnicianMonth) -> list[tuple[str, Decimal | None]]:
    """The month before `found`'s and so on back, oldest first, `found`'s own last."""
    earlier = [shifted(found.month, -back) for back in range(HISTORY - 1, 0, -1)]
    past = sheets.past_sheets(current_work(), current_actor(), found.branch, technician, earlier)
    return [(month, _shown(sheet)) for month, sheet in {**past, found.month: found.stands}.items()]


def _outlook(found: TechnicianMonth) -> Outlook | None:
    """What can still be won: none of a month that is closed, or over with no visit of it open."""
    is_over = found.month < this_month()
    if found.sealed or (is_over and not found.sheet.pending_visits):
        return None
    return look_ahead(found.sheet, found.rulebook, found.sheet.pending_visits if is_over else None)


def _shown(sheet: scoring.ScoreSheet) -> Decimal | None:
    return sheet.score if sheet.status == "assessed" else None
