"""`/scores`: months as they stand now, and the verdicts behind one technician's."""

from zoneinfo import ZoneInfo

from flask import Response, g

from fieldapp.domain.calendar import Window, parse_month
from fieldapp.services import evidence, scoring
from fieldapp.services.evidence import Proof
from fieldapp.services.scoring import ScoredVisit
from fieldapp.web import score_words
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
    g.zone = ZoneInfo(found.timezone)
    verdicts = [(visit, verdict) for visit in found.visits for verdict in visit.judgement.counted(found.now)]
    page, more = paging.cut(verdicts, query, lambda one: f"{one[0].visit}/{one[1].code}")
    proofs = evidence.of_visits(current_work(), current_actor(), found, [visit for visit, _ in page])
    told = {(proof.visit, proof.code): proof for proof in proofs}
    return paging.tell([_verdict(visit, told[visit.visit, verdict.code]) for visit, verdict in page], more)


def _verdict(visit: ScoredVisit, proof: Proof) -> shapes.Verdict:
    judged, verdict = visit.judgement, proof.verdict
    assert verdict is not None  # noqa: S101 - proofs of visits are verdicts
    promised = Window(judged.promised_start, judged.promised_end)
    return shapes.Verdict(
        external_id=visit.external_id, item=verdict.code, article=proof.article, met=verdict.met,
        source=verdict.source, why=verdict.why, reason=score_words.explain(verdict, promised), minutes=verdict.minutes,
        times=dict(verdict.times), evidence=list(verdict.evidence),
        grade=proof.facts[0].event.grade if proof.facts else None,
        appeal=proof.appeal.id if proof.appeal and proof.appeal.filing else None, appeal_until=proof.ends,
        promised=shapes.Span(judged.promised_start, judged.promised_end), rulebook=judged.rulebook,
    )  # fmt: skip
