"""Whom customers are told to expect: who comes, and the last name that a message told them.

Owns no sending. A name stands in no log: it is whose visit it was when the message was sent, by the visit's history.
"""

from collections.abc import Iterator
from datetime import datetime

from fieldapp.domain import messages as rules
from fieldapp.services import message_texts
from fieldapp.services.work import Db
from fieldapp.storage import calendars, events, jobs, messages, planning
from fieldapp.storage.messages import Message
from fieldapp.storage.planning import Technician
from fieldapp.storage.visits import Visit


def last_named(db: Db, visit: Visit, *, but: str = "") -> str | None:
    """The technician whom the customer was told last, or is being told right now by any message `but` this one; None:
    none named anybody."""
    log = [one for one in messages.of_visit(db, visit.branch, visit.visit_id) if one.message_id != but]
    log = [one for one in log if one.state in {"sent", "waiting"}]
    naming = {kind: _names(db, visit, kind) for kind in {one.kind for one in log}}
    found = sorted(_sent(db, [one for one in log if naming[one.kind]]), reverse=True)
    if not found:
        return None
    history = events.histories(db, visit.branch, [visit.visit_id])[0][visit.visit_id]
    return next(filter(None, (rules.technician_at(history, moment) for moment in found)), None)


def who_comes(db: Db, visit: Visit, technician: str | None) -> Technician | None:
    """Who of the branch comes as things stand: not who has left, and not who is absent when the visit is planned,
    unless they have set out."""
    person = planning.find_technician(db, visit.branch, technician) if technician else None
    if person is None or not person.is_active:
        return None
    is_away = visit.state == "planned" and calendars.absences(db, visit.branch, [person.code], visit.planned)
    return None if is_away else person


def _names(db: Db, visit: Visit, kind: rules.Kind) -> bool:
    own = messages.template(db, visit.branch, kind, visit.language)
    words = own or message_texts.usual(kind, visit.language)
    return rules.names_somebody(f"{words.subject} {words.body}")


def _sent(db: Db, log: list[Message]) -> Iterator[datetime]:
    """When the words of each were made. The attempt's begin: whoever is assigned after it is told once too often
    rather than not at all."""
    for one in log:
        logged = next(iter(jobs.of_target(db, one.branch, one.message_id, limit=1)), None)
        began = logged.attempts[0].started_at if logged and logged.attempts else one.ended_at
        if began is not None and (one.state == "sent" or (logged and logged.job.state == "running")):
            yield began
