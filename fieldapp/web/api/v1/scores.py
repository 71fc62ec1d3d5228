"""`/scores`: months as they stand now, and the verdicts behind one technician's."""

from flask import Response

from fieldapp.domain.calendar import parse_month
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.domain.scoring.rules import Verdict
from fieldapp.services import scoring
from fieldapp.services.scoring import ScoredVisit
from fieldapp.web.api.v1 import paging, shapes
from fieldapp.web.api.v1.operations import operation, tell
from fieldapp.web.context import current_actor, current_branch, current_work

NOBODY = {404: "The branch has no such technician."}


@operation("GET", "/scores/<month>", "scores:read", shapes.MonthScores, query=shapes.ScoreQuery, refusals=NOBODY)
def get_scores(month: str, query: shapes.ScoreQuery) -> Response:
    """Everybody's sheets of a month."""
    found = scoring.month_scores(
        current_work(), current_actor(), current_branch(), parse_month(month), technician=query.technician or None
    )
    return tell(scoring.as_data(found))


@operation(
    "GET", "/scores/<month>/<technician>/verdicts", "scores:read", shapes.Verdict, query=shapes.Paged, is_list=True,
    refusals=NOBODY,
)  # fmt: skip
def list_verdicts(month: str, technician: str, query: shapes.Paged) -> Response:
    """What is behind a technician's month: every verdict that counts, by visit."""
    found = scoring.technician_month(
        current_work(), current_actor(), current_branch(), technician, parse_month(month)
    )  # fmt: skip
    verdicts = [(visit, verdict) for visit in found.visits for verdict in visit.judgement.counted(found.now)]
    page, more = paging.cut(verdicts, query, lambda one: f"{one[0].visit}/{one[1].code}")
    return paging.tell([_verdict(*one, found.rulebook) for one in page], more)


def _verdict(visit: ScoredVisit, verdict: Verdict, book: Rulebook) -> shapes.Verdict:
    judged = visit.judgement
    return shapes.Verdict(
        external_id=visit.external_id, item=verdict.code,
        article=next(one.article for one in book.items if one.code == verdict.code), met=verdict.met,
        source=verdict.source, why=verdict.why, minutes=verdict.minutes, times=dict(verdict.times),
        evidence=list(verdict.evidence), promised=shapes.Span(judged.promised_start, judged.promised_end),
        rulebook=judged.rulebook,
    )  # fmt: skip
