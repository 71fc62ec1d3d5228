"""`/scores/{month}/differences` and `/adjustments`: what later facts changed of a closed month. Programs look and
propose; the second person is a person.
"""

from flask import Response, url_for

from fieldapp.domain import adjustments as rules
from fieldapp.domain.calendar import parse_month
from fieldapp.domain.closing import Figure
from fieldapp.services import adjustment_views, adjustments
from fieldapp.services.adjustment_views import Proposal, View
from fieldapp.web.api.v1 import paging
from fieldapp.web.api.v1 import shapes_adjustments as shapes
from fieldapp.web.api.v1.operations import operation, tell
from fieldapp.web.api.v1.shapes import Paged
from fieldapp.web.context import current_actor, current_branch, current_work

OPEN = {409: "The month is not closed."}
NOT_THERE = {404: "The branch has no such proposal."}


@operation(
    "GET", "/scores/<month>/differences", "adjustments:read", shapes.Difference, query=Paged, is_list=True,
    refusals=OPEN,
)  # fmt: skip
def list_differences(month: str, query: Paged) -> Response:
    """Technicians of a closed month of whom later facts say otherwise than what stands."""
    work, actor, branch, parsed = current_work(), current_actor(), current_branch(), parse_month(month)
    lines = adjustment_views.of_month(work, actor, branch, parsed).lines
    after = paging.read(query.cursor)
    rest = sorted(code for one in lines if one.differs and (code := one.standing.technician) > after)
    page, more = rest[: query.limit], rest[query.limit - 1] if len(rest) > query.limit else None
    found = (adjustment_views.look(work, actor, branch, parsed, one) for one in page)
    return paging.tell([_difference(one) for one in found], more)


@operation(
    "GET", "/adjustments", "adjustments:read", shapes.Adjustment, query=shapes.AdjustmentQuery, is_list=True
)  # fmt: skip
def list_adjustments(query: shapes.AdjustmentQuery) -> Response:
    """Proposals about a month with what became of them, the oldest first."""
    found = adjustment_views.list_after(
        current_work(), current_actor(), parse_month(query.month), technician=query.technician or None,
        state=query.state or None, after=paging.read(query.cursor), limit=query.limit + 1,
    )  # fmt: skip
    more = found[query.limit - 1].proposal_id if len(found) > query.limit else None
    return paging.tell([_adjustment(one) for one in found[: query.limit]], more)


@operation(
    "POST", "/adjustments", "adjustments:write", shapes.Adjustment, body=shapes.NewAdjustment, status=201, keyed=True,
    refusals={
        404: "The branch has no such technician.",
        409: "The month is not closed, nothing differs, it changed since, a visit is open, or a proposal waits.",
    },
)  # fmt: skip
def create_adjustment(body: shapes.NewAdjustment) -> Response:
    """Propose an adjustment; a person of quality or management confirms or refuses it.

    What it would change is what `/scores/{month}/differences` told, under the `seen` from there.
    """
    made = adjustments.propose(
        current_work(), current_actor(), current_branch(), parse_month(body.month), body.technician, body.seen,
        body.reason,
    )  # fmt: skip
    response = tell(_adjustment(made), 201)
    response.headers["Location"] = url_for(".get_adjustment", adjustment=made.proposal_id)
    return response


@operation("GET", "/adjustments/<adjustment>", "adjustments:read", shapes.Adjustment, refusals=NOT_THERE)
def get_adjustment(adjustment: str) -> Response:
    """One proposal with what became of it."""
    return _tell_one(adjustment)


@operation(
    "DELETE", "/adjustments/<adjustment>", "adjustments:write", shapes.Adjustment,
    refusals={**NOT_THERE, 409: "It was decided already."},
)  # fmt: skip
def withdraw_adjustment(adjustment: str) -> Response:
    """Withdraw a proposal of one's own. It stays, as withdrawn."""
    adjustments.withdraw(current_work(), current_actor(), current_branch(), adjustment)
    return _tell_one(adjustment)


def _tell_one(adjustment: str) -> Response:
    return tell(_adjustment(adjustment_views.detail(current_work(), current_actor(), adjustment)))


def _difference(view: View) -> shapes.Difference:
    found = view.difference
    return shapes.Difference(
        month=found.month, technician=found.technician, name=view.standing.name, currency=view.branch.currency,
        before=_figure(found.before), after=_figure(found.after), visits=_visits(found), findings=_findings(found),
        seen=view.seen, refused=view.not_ready.code if view.not_ready else None,
        proposal=view.proposal.proposal_id if view.proposal else None,
    )  # fmt: skip


def _adjustment(asked: Proposal) -> shapes.Adjustment:
    found = adjustment_views.difference_as_told(current_work(), current_actor(), asked)
    return shapes.Adjustment(
        id=asked.proposal_id, month=asked.month, technician=asked.technician, number=found.number, state=asked.state,
        before=_figure(found.before), after=_figure(found.after), visits=_visits(found), findings=_findings(found),
        seen=asked.fingerprint, reason=asked.reason, proposed_by=asked.author, proposed_at=asked.proposed_at,
        decided_by=asked.settled_by, decided_at=asked.settled_at, answer=asked.answer,
    )  # fmt: skip


def _figure(figure: Figure) -> shapes.Figure:
    return shapes.Figure(
        status=figure.status, judged_visits=figure.judged_visits, assessed=figure.assessed, earned=figure.earned,
        commendations=figure.commendations, score=f"{figure.score:.1f}", veto=list(figure.veto),
        award=f"{figure.award:.2f}",
    )  # fmt: skip


def _visits(found: rules.Difference) -> list[shapes.CountedVisit]:
    return [
        shapes.CountedVisit(
            one.external_id, one.before, one.after,
            [shapes.CountedVerdict(it.code, it.before, it.after, it.source, it.why) for it in one.verdicts],
        )
        for one in found.visits
    ]  # fmt: skip


def _findings(found: rules.Difference) -> list[shapes.CountedFinding]:
    return [shapes.CountedFinding(one.finding, one.code, one.before, one.after) for one in found.findings]
