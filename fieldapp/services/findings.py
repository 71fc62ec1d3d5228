"""Findings: recorded by quality staff, answered by the technician, decided by a second person (docs/findings.md).

Each act is one transaction with its row in the audit; facts enter through `recording`, so that scores move at once.
What is complete, when somebody is heard and when it can be decided is `domain.findings`'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from fieldapp.domain import findings as rules
from fieldapp.domain.access import Actor, own_branch, require
from fieldapp.domain.calendar import Month, month_of_day
from fieldapp.domain.errors import Conflict, Invalid, NotFound
from fieldapp.domain.findings import NOTE_LIMIT, SOURCES, Draft
from fieldapp.domain.ids import BranchCode, EventId, StaffCode, VisitId, is_uuid
from fieldapp.domain.visits.events import Data, Event, FindingDecided, FindingRecorded
from fieldapp.services import finding_views, photos, recording
from fieldapp.services.branches import zone_of
from fieldapp.services.finding_views import View
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, events, findings, planning, scoring, visits
from fieldapp.storage.events import Record
from fieldapp.storage.findings import Attachment, Statement

__all__ = ["NOTE_LIMIT", "SOURCES", "Draft"]

MOST_PHOTOS = 12
#: Of the technician's own, whatever others attached.
MOST_ANSWER_PHOTOS = 4


@dataclass(frozen=True, slots=True)
class _About:
    """Whom and when a finding is about, where a visit says it, and the month that it goes to."""

    visit: VisitId | None
    technician: str
    occurred_on: date
    month: Month


def record(work: Work, actor: Actor, draft: Draft, *, order: str = "", finding_id: str) -> str:
    """Record a finding about a visit (by its order number) or about none; returns its id.

    `finding_id` is made when the form is shown: sent twice, it is recorded once. Raises what `rules.complete` does, and
    `Invalid` technician_unknown, finding_visit, finding_visit_nobody, finding_visit_other; `Conflict` finding_id.
    """
    branch = own_branch(actor, "findings.write")
    with work.write(branch) as db:
        return record_in(db, work, actor, branch, draft, order=order, finding_id=finding_id)


def record_in(
    db: Db, work: Work, actor: Actor, branch: BranchCode, draft: Draft, *, order: str, finding_id: str
) -> str:  # fmt: skip
    """The same within a transaction, for what leads to a finding in one step."""
    if not is_uuid(finding_id):
        raise Invalid("finding_id")
    known = events.find(db, branch, finding_id)
    if known is not None:
        if known.actor != actor.login or not isinstance(known.data, FindingRecorded):
            raise Conflict("finding_id")
        return finding_id
    if events.about(db, branch, [finding_id]):
        raise Conflict("finding_id")  # an imported decision waits for it: somebody knew the id before
    now = work.now()
    today = now.astimezone(zone_of(db, branch)).date()
    about = _about(db, branch, draft, order.strip(), today)
    book = rulebooks(db).in_force(about.month)
    data = rules.complete(
        draft, recorder=actor.login, technician=about.technician, occurred_on=about.occurred_on, today=today,
        items={item.code for item in book.items}, disciplines={article.code for article in book.disciplines},
    )  # fmt: skip
    _say(db, actor, branch, about.visit, data, finding_id, now)
    facts = {"source": data.source, "technician": data.technician, "about": _code(data), "visit": order.strip()}
    _audit(db, work, actor, branch, "finding.recorded", finding_id, facts)
    return finding_id


def record_many(
    work: Work, actor: Actor, drafts: Sequence[Draft], *, order: str = "", finding_id: str
) -> Sequence[str]:  # fmt: skip
    """Record all of what one look or call found, or nothing of it; returns the ids, the first being `finding_id`.

    Raises what `record` does, and `Invalid` finding_nothing.
    """
    branch = own_branch(actor, "findings.write")
    if not drafts:
        raise Invalid("finding_nothing")
    with work.write(branch) as db:
        return record_many_in(db, work, actor, branch, drafts, order=order, finding_id=finding_id)


def record_many_in(
    db: Db, work: Work, actor: Actor, branch: BranchCode, drafts: Sequence[Draft], *, order: str, finding_id: str
) -> Sequence[str]:
    """The same within a transaction. Sent again, the first is known already, and so are the others."""
    if is_uuid(finding_id) and events.find(db, branch, finding_id) is not None:
        return [record_in(db, work, actor, branch, drafts[0], order=order, finding_id=finding_id)]
    ids = [finding_id, *(work.new_id() for _ in drafts[1:])]
    for draft, one in zip(drafts, ids, strict=True):
        record_in(db, work, actor, branch, draft, order=order, finding_id=one)
    return ids


def decide(
    work: Work, actor: Actor, branch: BranchCode, finding_id: str, outcome: rules.Outcome, reason: str, *, seen: int
) -> View:
    """Uphold or dismiss as the second person, with a reason; `seen` is how many decisions the page showed.

    Raises `NotFound`; `Forbidden` request_own, request_benefit, request_head_office; `Conflict("finding_unscheduled")`
    while its visit was never scheduled; what `rules.settle` does.
    """
    require(actor, "findings.decide", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        view = finding_views.get(db, actor, branch, finding_id)
        if view.refusal is not None:
            raise view.refusal
        if view.effect is None:  # nobody could read it yet, whom it would be about
            raise Conflict("finding_unscheduled")
        why = rules.settle(view.standing, outcome, reason, seen=seen, now=now)
        decided = FindingDecided(finding=finding_id, outcome=outcome, reason=why)
        _say(db, actor, branch, view.finding.visit, decided, work.new_id(), now)
        _audit(db, work, actor, branch, f"finding.{outcome}", finding_id, {"technician": view.whose})
        return finding_views.get(db, actor, branch, finding_id)


def answer(work: Work, actor: Actor, finding_id: str, text: str, attachments: Sequence[str] = ()) -> None:
    """What the technician says about a finding about them, until the last day to answer; `attachments` are hashes of
    photos that are here already.

    Raises `NotFound` (also for a finding about somebody else); `Conflict` finding_settled, finding_late; `Invalid`
    text_missing, text_too_long, photo_many, photo_unreadable.
    """
    branch = own_branch(actor, "scores.own")
    with work.write(branch) as db:
        view = finding_views.get(db, actor, branch, finding_id)
        require(actor, "scores.own", branch=branch, technician=StaffCode(view.whose))
        now = work.now()
        rules.check_answer(view.standing, now)
        words = rules.checked_words(text, "text")
        mine = [one.sha256 for one in view.photos if one.added_by == actor.login]
        kept = photos.attachable(db, branch, [*mine, *attachments], MOST_ANSWER_PHOTOS)
        findings.add_statement(db, branch, finding_id, Statement(work.new_id(), actor.login, now, words))
        added = [one for one in kept if findings.add_photo(db, branch, finding_id, Attachment(one, actor.login, now))]
        _audit(db, work, actor, branch, "finding.answered", finding_id, {"photos": added} if added else {})


def attach(work: Work, actor: Actor, content: bytes) -> str:
    """Keep a photo for an answer that is being written; returns its hash. Raises `PhotoTooLarge`, `Invalid`."""
    return photos.keep(work, own_branch(actor, "scores.own"), content)


def add_photos(work: Work, actor: Actor, finding_id: str, contents: Sequence[bytes]) -> int:
    """Attach photos to a finding that nobody has decided yet; returns how many are new.

    Raises `NotFound`; `Conflict` finding_settled; `Invalid` photo_missing, photo_unreadable, photo_many;
    `PhotoTooLarge`. One that cannot be taken leaves all others out, too.
    """
    branch = own_branch(actor, "findings.write")
    if not contents:
        raise Invalid("photo_missing", field="photos")
    kept = [photos.keep(work, branch, content) for content in contents]
    with work.write(branch) as db:
        view = finding_views.get(db, actor, branch, finding_id)
        if view.steps:
            raise Conflict("finding_settled")
        others = (one.sha256 for one in view.photos if one.added_by not in view.concerned)
        if len({*kept, *others}) > MOST_PHOTOS:
            raise Invalid("photo_many", field="photos", most=MOST_PHOTOS)
        now = work.now()
        added = [one for one in kept if findings.add_photo(db, branch, finding_id, Attachment(one, actor.login, now))]
        _audit(db, work, actor, branch, "finding.photographed", finding_id, {"photos": added})
        return len(added)


def photo(work: Work, actor: Actor, branch: str, finding_id: str, sha256: str) -> bytes:
    """A photo of a finding, drawn anew, for whoever may see the finding. Raises `NotFound`."""
    view = finding_views.detail(work, actor, branch, finding_id)
    if sha256 not in {one.sha256 for one in view.photos}:
        raise NotFound()
    return photos.render(work, branch, sha256)


def _about(db: Db, branch: BranchCode, draft: Draft, order: str, today: date) -> _About:
    if not order:
        day = draft.occurred_on or today
        if planning.find_technician(db, branch, draft.technician) is None:
            raise Invalid("technician_unknown", field="technician", technician=draft.technician[:40])
        return _About(None, draft.technician, day, month_of_day(day))
    visit = visits.find_by_external_id(db, branch, order)
    if visit is None:
        raise Invalid("finding_visit", field="visit", number=order[:64])
    judged = scoring.find_judgement(db, branch, visit.visit_id)
    whose = judged.technician if judged else visit.technician
    if whose is None:
        raise Invalid("finding_visit_nobody", field="visit", number=order)
    if draft.technician not in ("", whose):
        raise Invalid("finding_visit_other", field="technician", number=order, technician=whose)
    came = visit.window.start.astimezone(zone_of(db, branch)).date()
    # A complaint may be about a visit that was put off; of one still to come nobody has seen anything.
    if came > today and draft.source != "complaint" and not (judged and judged.arrived_at):
        raise Invalid("finding_future", field="visit")
    day = draft.occurred_on or min(came, today)
    return _About(visit.visit_id, whose, day, judged.month if judged else month_of_day(came))


def _code(data: FindingRecorded) -> str:
    return data.item or data.discipline or "commendation"


def _say(
    db: Db, actor: Actor, branch: str, visit: VisitId | None, data: Data, event_id: str, now: datetime
) -> None:  # fmt: skip
    event = Event(
        id=EventId(event_id), type=data.event_type, visit=visit, effective_at=now, actor=actor.login, data=data
    )
    recording.record(db, branch, [Record(event=event, origin="office", received_at=now)], now)


def _audit(
    db: Db, work: Work, actor: Actor, branch: str, action: str, finding_id: str, facts: Mapping[str, object]
) -> None:  # fmt: skip
    audit.append(
        db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action=action, subject=finding_id,
        facts=facts,
    )  # fmt: skip
