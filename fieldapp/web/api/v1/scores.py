"""`/scores`: months as they stand now, and the verdicts behind one technician's."""

from zoneinfo import ZoneInfo

from flask import Response, g

from fieldapp.domain.calendar import Window, parse_month
from fieldapp.domain.scoring.findings import FindingEffect
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
    """What is behind a technician's month: every verdict that counts, by visit; then those of findings without one."""
    found = scoring.technician_month(
        current_work(), current_actor(), current_branch(), technician, parse_month(month)
    )  # fmt: skip
    g.zone = ZoneInfo(found.timezone)
    counted = [(visit, verdict.code) for visit in found.visits for verdict in visit.judgement.counted(found.now)]
    loose = [one for one in found.sheet.effects if one.visit is None and one.does in ("met", "breached")]
    page, more = paging.cut([*counted, *loose], query, _key)
    of_visits = [one for one in page if not isinstance(one, FindingEffect)]
    proofs = evidence.of_visits(current_work(), current_actor(), found, [visit for visit, _ in of_visits])
    told = {(proof.visit, proof.code): proof for proof in proofs}
    findings = [one for one in page if isinstance(one, FindingEffect)]
    return paging.tell(
        [
            *(_verdict(visit, told[visit.visit, code]) for visit, code in of_visits),
            *map(_of_finding, evidence.of_month(current_work(), current_actor(), found, findings) if findings else ()),
        ],
        more,
    )


def _key(one: tuple[ScoredVisit, str] | FindingEffect) -> str:
    return f"finding/{one.finding}" if isinstance(one, FindingEffect) else f"{one[0].visit}/{one[1]}"


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


def _of_finding(proof: Proof) -> shapes.Verdict:
    """One verdict more of the month, about no visit."""
    assert proof.effect is not None  # noqa: S101 - it is a finding's
    met = proof.effect.does == "met"
    why = "found_met" if met else "found_breached"
    return shapes.Verdict(
        external_id=None, item=proof.code, article=proof.article, met=met, source="finding", why=why,
        reason=str(score_words.REASONS[why]), minutes=None, times={}, evidence=[one.event.id for one in proof.facts],
        grade=proof.facts[0].event.grade, appeal=proof.appeal.id if proof.appeal and proof.appeal.filing else None,
        appeal_until=proof.ends, promised=None, rulebook=proof.rulebook,
    )  # fmt: skip
