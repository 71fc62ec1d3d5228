"""`/findings`: what people found about technicians' work, read and recorded by other programs. Deciding is people's."""

from flask import Response, url_for
from msgspec import UNSET

from fieldapp.domain.calendar import parse_month
from fieldapp.services import finding_views, findings
from fieldapp.services.finding_views import View
from fieldapp.services.findings import Draft
from fieldapp.web.api.v1 import paging, shapes
from fieldapp.web.api.v1.operations import operation, tell
from fieldapp.web.context import current_actor, current_branch, current_work


@operation("GET", "/findings", "findings:read", shapes.Finding, query=shapes.FindingQuery, is_list=True)
def list_findings(query: shapes.FindingQuery) -> Response:
    """Findings of a month, the latest first."""
    found = finding_views.list_after(
        current_work(), current_actor(), parse_month(query.month), technician=query.technician or None,
        after=paging.read(query.cursor), limit=query.limit + 1,
    )  # fmt: skip
    more = found[query.limit - 1].finding.id if len(found) > query.limit else None
    return paging.tell([_finding(one) for one in found[: query.limit]], more)


@operation("POST", "/findings", "findings:write", shapes.Finding, body=shapes.NewFinding, status=201, keyed=True)
def create_finding(body: shapes.NewFinding) -> Response:
    """Record a finding.

    Its author is the program, so that any person of quality or management may be the second one where one is needed.
    About a closed month it is recorded, too: the closed figure stays, and `/scores/{month}/differences` tells what it
    would change.
    """
    work, actor = current_work(), current_actor()
    draft = Draft(
        source=body.source, technician=body.technician or "", occurred_on=body.occurred_on or None, item=body.item,
        discipline=body.discipline, commendation=body.commendation, note=body.note,
        favourable=None if body.favourable is UNSET else body.favourable,
    )  # fmt: skip
    made = findings.record(work, actor, draft, order=body.visit or "", finding_id=work.new_id())
    response = tell(_finding(finding_views.detail(work, actor, current_branch(), made)), 201)
    response.headers["Location"] = url_for(".get_finding", finding=made)
    return response


@operation(
    "GET", "/findings/<finding>", "findings:read", shapes.Finding, refusals={404: "The branch has no such finding."}
)  # fmt: skip
def get_finding(finding: str) -> Response:
    """One finding."""
    return tell(_finding(finding_views.detail(current_work(), current_actor(), current_branch(), finding)))


def _finding(view: View) -> shapes.Finding:
    one = view.finding
    return shapes.Finding(
        id=one.id, month=view.month, technician=view.whose, recorded_about=one.technician,
        visit=view.visit_number, source=one.source,
        item=one.item, discipline=one.discipline, commendation=one.commendation, favourable=one.favourable,
        occurred_on=one.occurred_on, note=view.note, state=one.state, does=view.effect.does if view.effect else None,
        recorded_by=view.recorded_by, recorded_at=one.recorded_at, answers=[said.text for said in view.statements],
        decisions=[
            shapes.Decision(step.outcome, step.reason, step.event.actor, step.event.effective_at) for step in view.steps
        ],
    )  # fmt: skip
