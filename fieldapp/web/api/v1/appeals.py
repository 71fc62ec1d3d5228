"""`/appeals`: read by other programs. Filing one is the technician's own act, answering one a person's."""

from flask import Response

from fieldapp.services import appeal_views
from fieldapp.services.appeal_views import View
from fieldapp.web.api.v1 import paging, shapes
from fieldapp.web.api.v1.operations import operation
from fieldapp.web.context import current_actor, current_work


@operation("GET", "/appeals", "appeals:read", shapes.Appeal, query=shapes.AppealQuery, is_list=True)
def list_appeals(query: shapes.AppealQuery) -> Response:
    """Appeals of the branch, the oldest first."""
    found = appeal_views.list_after(
        current_work(), current_actor(), state=query.state or None, after=paging.read(query.cursor),
        limit=query.limit + 1,
    )  # fmt: skip
    more = found[query.limit - 1].appeal.id if len(found) > query.limit else None
    return paging.tell([_appeal(one) for one in found[: query.limit]], more)


def _appeal(view: View) -> shapes.Appeal:
    one = view.appeal
    return shapes.Appeal(
        id=one.id, technician=view.technician, visit=view.number or None, finding=one.subject.finding, about=view.code,
        state=one.state, filed_at=one.filed_at, due=view.due, decided_by=one.decided_by, decided_at=one.decided_at,
    )  # fmt: skip
