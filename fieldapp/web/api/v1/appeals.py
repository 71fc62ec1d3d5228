"""`/appeals`: read by other programs, and handed in by them for the technician who speaks. Answering is a person's."""

from flask import Response, url_for

from fieldapp.domain.appeals import Subject
from fieldapp.domain.ids import EventId, visit_id
from fieldapp.services import appeal_views, appeals
from fieldapp.services.appeal_views import Said, View
from fieldapp.web.api.v1 import paging, shapes
from fieldapp.web.api.v1.operations import operation, tell
from fieldapp.web.context import current_actor, current_branch, current_work


@operation("GET", "/appeals", "appeals:read", shapes.Appeal, query=shapes.AppealQuery, is_list=True)
def list_appeals(query: shapes.AppealQuery) -> Response:
    """Appeals of the branch, the oldest first."""
    found = appeal_views.list_after(
        current_work(), current_actor(), state=query.state or None, after=paging.read(query.cursor),
        limit=query.limit + 1,
    )  # fmt: skip
    more = found[query.limit - 1][0].appeal.id if len(found) > query.limit else None
    return paging.tell([_appeal(*one) for one in found[: query.limit]], more)


#: With photos in base64, a third longer than they are.
LARGEST = 16 * 1024 * 1024


@operation(
    "POST", "/appeals", "appeals:write", shapes.Appeal, body=shapes.NewAppeal, status=201, keyed=True, largest=LARGEST,
    refusals={
        404: "The branch has no such visit or finding.",
        409: "It counts for nothing, it is appealed already, or the time to appeal is over: `code` says which.",
    },
)  # fmt: skip
def create_appeal(body: shapes.NewAppeal) -> Response:
    """Hand in an appeal in its technician's words.

    It is theirs, once for each breach, and says through which program it came; only a person answers it. Up to four
    photos go with it; the whole request has at most 16 MiB.
    """
    work, actor = current_work(), current_actor()
    branch = current_branch()
    subject = Subject(visit=visit_id(branch, body.visit), item=body.item) if body.visit else Subject()
    if body.finding:
        subject = Subject(finding=EventId(body.finding))
    photos = [appeals.attach(work, actor, branch, one) for one in body.photos]
    filed = appeals.file(work, actor, branch, subject, body.text, photos, technician=body.technician)
    response = _tell_one(filed.appeal.id, 201)
    response.headers["Location"] = url_for(".get_appeal", appeal=filed.appeal.id)
    return response


@operation("GET", "/appeals/<appeal>", "appeals:read", shapes.Appeal, refusals={404: "The branch has no such appeal."})
def get_appeal(appeal: str) -> Response:
    """One appeal with its words, and what became of it."""
    return _tell_one(appeal)


def _tell_one(appeal: str, status: int = 200) -> Response:
    return tell(_appeal(*appeal_views.find(current_work(), current_actor(), appeal)), status)


def _appeal(view: View, said: Said) -> shapes.Appeal:
    one = view.appeal
    return shapes.Appeal(
        id=one.id, technician=view.technician, visit=view.number or None, finding=one.subject.finding, about=view.code,
        state=one.state, filed_at=one.filed_at, text=said.text, photos=list(said.attachments),
        handed_in_by=said.handed_in_by or None, due=view.due, decided_by=one.decided_by, decided_at=one.decided_at,
        reason=said.reason,
    )  # fmt: skip
