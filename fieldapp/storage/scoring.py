"""Judgements, their counts and finding effects as stored: written with the events that change them, read by month.

Owns how they are kept, and that what is read is what was written. Counts nothing: that is `domain.scoring.engine`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import Select, and_, bindparam, func, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.scoring.counts import Counts, difference
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.storage import accounts, bulk
from fieldapp.storage.engine import take_turn
from fieldapp.storage.tables.accounts import AccountRow, BranchRow
from fieldapp.storage.tables.scoring import FindingEffectRow, JudgementRow, MonthOutcomeRow, MonthVerdictRow
from fieldapp.storage.tables.visits import VisitRow
from fieldapp.storage.visits import has_facts

_J, _O, _V = JudgementRow.__table__.c, MonthOutcomeRow.__table__.c, MonthVerdictRow.__table__.c
#: Built once: every push asks for the first, every page for the others.
_BODIES = select(_J.body).where(
    _J.branch == bindparam("branch"), _J.visit_id.in_(bindparam("visits", expanding=True))
)  # fmt: skip


def _of_month(query: Any, table: Any) -> tuple[Any, Any]:
    """The query for one technician of a month, and for all."""
    of_all = query.where(table.branch == bindparam("branch"), table.month == bindparam("month"))
    return of_all.where(table.technician == bindparam("technician")), of_all


_OUTCOMES = _of_month(select(_O.technician, _O.outcome, _O.visits), _O)
_VERDICTS = _of_month(select(_V.technician, _V.code, _V.met, _V.breached), _V)
_VERDICTS_OF_SOME = _VERDICTS[True].where(_V.technician.between(bindparam("first"), bindparam("last")))


def _of_months(query: Any, table: Any) -> tuple[Any, Any]:
    """The query for one technician's months, and for all."""
    of_all = query.where(table.branch == bindparam("branch"), table.month.in_(bindparam("months", expanding=True)))
    return of_all.where(table.technician == bindparam("technician")), of_all


_OUTCOMES_OF_MONTHS, _ = _of_months(select(_O.month, _O.outcome, _O.visits), _O)
_VERDICTS_OF_MONTHS, _ = _of_months(select(_V.month, _V.code, _V.met, _V.breached), _V)
_DUE = _of_months(
    select(_J.body).where(_J.counts_from < bindparam("now", type_=_J.counts_from.type), _J.technician.is_not(None)), _J
)
_F = FindingEffectRow.__table__.c
_EFFECTS = _of_months(
    select(_F.finding_id, _F.technician, _F.month, _F.visit_id, _F.does, _F.code, _F.source, _F.recorded_at, _F.state),
    _F,
)
_WAITING = select(_F.branch, _F.finding_id).where(_F.state == "waiting").order_by(_F.recorded_at, _F.finding_id)
_WAITING_IN = _WAITING.where(_F.branch.in_(bindparam("branches", expanding=True)))
_WAITING_ABOUT = _WAITING.where(_F.branch.in_(select(BranchRow.branch)), _F.technician == bindparam("technician"))
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Judgement)


def save_judgements(db: Session, branch: str, judgements: Sequence[Judgement]) -> None:
    """Write each visit's judgement over the one before, and bring the counts of its month in step."""
    if not judgements:
        return
    take_turn(db, branch)  # the difference is to what nobody else changes meanwhile
    before = [
        _decoder.decode(row.body)
        for start in range(0, len(judgements), bulk.CHUNK)
        for row in bulk.fetch(
            db, _BODIES, {"branch": branch, "visits": [one.visit for one in judgements[start : start + bulk.CHUNK]]}
        )
    ]
    _add_counts(db, branch, difference(before, judgements))
    rows = [
        {
            "branch": branch,
            "visit_id": one.visit,
            "month": one.month,
            "technician": one.technician,
            "outcome": one.outcome,
            "counts_from": one.counts_from,
            "body": _encoder.encode(one),
        }
        for one in judgements
    ]
    bulk.upsert(db, JudgementRow, rows)


def _add_counts(db: Session, branch: str, changes: Mapping[tuple[Month, str], Counts]) -> None:
    outcomes, verdicts = [], []
    for (month, technician), change in changes.items():
        key = {"branch": branch, "month": month, "technician": technician}
        outcomes += [{**key, "outcome": one, "visits": number} for one, number in change.outcomes.items() if number]
        for code in change.met.keys() | change.breached.keys():
            met, breached = change.met[code], change.breached[code]
            if met or breached:
                verdicts.append({**key, "code": code, "met": met, "breached": breached})
    bulk.add_up(db, MonthOutcomeRow, outcomes)
    bulk.add_up(db, MonthVerdictRow, verdicts)


def save_effects(
    db: Session, branch: str, effects: Iterable[FindingEffect], named: Mapping[str, str] = MappingProxyType({})
) -> None:  # fmt: skip
    """Write each finding's effect over the one before. `named`: whom findings about visits were recorded about."""
    rows = [
        {
            "branch": branch,
            "finding_id": one.finding,
            "visit_id": one.visit,
            "month": one.month,
            "technician": one.technician,
            "recorded_about": named.get(one.finding) if named.get(one.finding) != one.technician else None,
            "does": one.does,
            "code": one.code,
            "source": one.source,
            "recorded_at": one.recorded_at,
            "state": one.state,
        }
        for one in effects
    ]
    bulk.upsert(db, FindingEffectRow, rows)


def counts(db: Session, branch: str, month: Month, now: datetime, technician: str | None = None) -> dict[str, Counts]:
    """What everybody's visits of the month add up to at `now`, or one technician's; by staff code."""
    found = kept_counts(db, branch, month, technician)
    for one in _due(db, branch, [month], now, technician):
        found.setdefault(one.technician or "", Counts()).came_due(one)
    return found


def outcomes(db: Session, branch: str, month: Month, now: datetime) -> dict[str, Counts]:
    """Of `counts` how everybody's visits ended, without the verdicts of those that somebody came to."""
    found: dict[str, Counts] = {}
    for code, outcome, visits in bulk.fetch(db, _OUTCOMES[True], {"branch": branch, "month": month}):
        found.setdefault(code, Counts()).outcomes[outcome] = visits
    for one in _due(db, branch, [month], now):
        found.setdefault(one.technician or "", Counts()).came_due(one)
    return found


def add_verdicts(db: Session, branch: str, month: Month, found: dict[str, Counts], first: str, last: str) -> None:
    """Complete these `outcomes` for the technicians from `first` to `last`."""
    values = {"branch": branch, "month": month, "first": first, "last": last}
    for code, item, met, breached in bulk.fetch(db, _VERDICTS_OF_SOME, values):
        one = found.setdefault(code, Counts())
        one.met[item] += met
        one.breached[item] += breached


def counts_of_months(
    db: Session, branch: str, months: Sequence[Month], technician: str, now: datetime
) -> dict[Month, Counts]:
    """What one technician's visits of each of the months add up to at `now`."""
    values = {"branch": branch, "months": months, "technician": technician}
    found = {month: Counts() for month in months}
    for month, outcome, visits in bulk.fetch(db, _OUTCOMES_OF_MONTHS, values):
        found[month].outcomes[outcome] = visits
    for month, item, met, breached in bulk.fetch(db, _VERDICTS_OF_MONTHS, values):
        found[month].met[item], found[month].breached[item] = met, breached
    for one in _due(db, branch, months, now, technician):
        found[one.month].came_due(one)
    return found


def _due(
    db: Session, branch: str, months: Sequence[Month], now: datetime, technician: str | None = None
) -> Iterator[Judgement]:
    """Visits that nobody came to and whose time is over."""
    values: dict[str, Any] = {"branch": branch, "months": months, "now": now}
    if technician is not None:
        values["technician"] = technician
    for row in bulk.fetch(db, _DUE[technician is None], values):
        yield _decoder.decode(row.body)


def kept_counts(db: Session, branch: str, month: Month, technician: str | None = None) -> dict[str, Counts]:
    """The counts as they are kept: a visit that nobody came to is waiting, due or not."""
    values = {"branch": branch, "month": month} | ({"technician": technician} if technician is not None else {})
    found: dict[str, Counts] = {}
    for code, outcome, visits in bulk.fetch(db, _OUTCOMES[technician is None], values):
        found.setdefault(code, Counts()).outcomes[outcome] = visits
    for code, item, met, breached in bulk.fetch(db, _VERDICTS[technician is None], values):
        one = found.setdefault(code, Counts())
        one.met[item], one.breached[item] = met, breached
    return found


def item_totals(
    db: Session, branch: str, months: Sequence[Month], now: datetime
) -> dict[tuple[Month, str], tuple[int, int]]:  # fmt: skip
    """How often each item was met and breached by the whole branch at `now`, by month and code."""
    query = select(_V.month, _V.code, func.sum(_V.met), func.sum(_V.breached)).where(
        _V.branch == branch, _V.month.in_(months)
    )  # fmt: skip
    found = {month: Counts() for month in months}
    for month, code, met, breached in db.execute(query.group_by(_V.month, _V.code)):
        found[month].met[code], found[month].breached[code] = int(met), int(breached)
    for one in _due(db, branch, months, now):
        found[one.month].came_due(one)
    return {
        (month, code): (one.met[code], one.breached[code])
        for month, one in found.items()
        for code in one.met.keys() | one.breached.keys()
    }


def every_kept_count(db: Session, branch: str) -> dict[tuple[Month, str], Counts]:
    """All kept counts of a branch, for comparing with a recount."""
    found: dict[tuple[Month, str], Counts] = {}
    for row in db.execute(select(*_O).where(_O.branch == branch)):
        found.setdefault((Month(row.month), row.technician), Counts()).outcomes[row.outcome] = row.visits
    for row in db.execute(select(*_V).where(_V.branch == branch)):
        one = found.setdefault((Month(row.month), row.technician), Counts())
        one.met[row.code], one.breached[row.code] = row.met, row.breached
    return found


def unassigned(db: Session, branch: str, month: Month) -> list[Judgement]:
    """Visits of the month that are nobody's."""
    query = _bodies(branch, month).where(JudgementRow.technician.is_(None))
    return [_decoder.decode(body) for body in db.scalars(query)]


def judgements(db: Session, branch: str, month: Month, technician: str | None = None) -> list[Judgement]:
    """Every visit of the month, or those of one technician."""
    return [_decoder.decode(body) for body in db.scalars(_bodies(branch, month, technician))]


def find_judgement(db: Session, branch: str, visit: str) -> Judgement | None:
    """The judgement of one visit; None for a visit that was never scheduled."""
    query = select(JudgementRow.body).where(JudgementRow.branch == branch, JudgementRow.visit_id == visit)
    body = db.scalar(query)
    return None if body is None else _decoder.decode(body)


def effects(db: Session, branch: str, month: Month, technician: str | None = None) -> list[FindingEffect]:
    """What findings do to the month, or to one technician's month."""
    return effects_of_months(db, branch, [month], technician)


def effects_of_months(
    db: Session, branch: str, months: Sequence[Month], technician: str | None = None
) -> list[FindingEffect]:  # fmt: skip
    """The same of several months."""
    values = {"branch": branch, "months": months} | ({} if technician is None else {"technician": technician})
    return [_effect(row) for row in bulk.fetch(db, _EFFECTS[technician is None], values)]


def effects_of_visit(db: Session, branch: str, month: Month, visit: str, technician: str) -> list[FindingEffect]:
    """What the findings about one visit of the month do to the technician: others may be about somebody who helped."""
    mine = FindingEffectRow.visit_id == visit, FindingEffectRow.technician == technician
    return _read_effects(db, _effects(branch).where(FindingEffectRow.month == month, *mine))


def find_effect(db: Session, branch: str, finding: str) -> FindingEffect | None:
    """What one finding does; None for a finding that nobody knows, or whose visit was never scheduled."""
    return next(iter(_read_effects(db, _effects(branch).where(FindingEffectRow.finding_id == finding))), None)


def loose_effects(db: Session, branch: str) -> list[FindingEffect]:
    """What findings without a visit do, in whatever month."""
    return _read_effects(db, _effects(branch).where(FindingEffectRow.visit_id.is_(None)))


def judgements_of(db: Session, branch: str, visits: Sequence[str]) -> dict[VisitId, Judgement]:
    """The stored judgements of at most `bulk.CHUNK` visits."""
    found = bulk.fetch(db, _BODIES, {"branch": branch, "visits": visits})
    return {one.visit: one for one in (_decoder.decode(row.body) for row in found)}


def judged_without_facts(db: Session, branch: str) -> list[str]:
    """Visits that are judged though no fact about them counts."""
    query = select(JudgementRow.visit_id).where(JudgementRow.branch == branch, ~has_facts(JudgementRow))
    return list(db.scalars(query))


def effects_of(db: Session, branch: str, findings: Iterable[str]) -> dict[EventId, FindingEffect]:
    """What each of the findings does; those about visits that nobody scheduled yet do nothing and are left out."""
    wanted, found = list(findings), []
    for start in range(0, len(wanted), bulk.CHUNK):
        part = FindingEffectRow.finding_id.in_(wanted[start : start + bulk.CHUNK])
        found += _read_effects(db, _effects(branch).where(part))
    return {one.finding: one for one in found}


def waiting_findings(db: Session, branches: Sequence[str]) -> list[tuple[str, str]]:
    """Branch and id of every finding that waits for a second person, the oldest first."""
    return [(row.branch, row.finding_id) for row in bulk.fetch(db, _WAITING_IN, {"branches": list(branches)})]


def waiting_about(db: Session, technician: str) -> list[tuple[str, str]]:
    """The same of one technician, in whichever branch."""
    return [(row.branch, row.finding_id) for row in bulk.fetch(db, _WAITING_ABOUT, {"technician": technician})]


def count_waiting(db: Session, branches: Sequence[str]) -> int:
    """How many findings wait for a second person."""
    waits = and_(FindingEffectRow.branch.in_(branches), FindingEffectRow.state == "waiting")
    return db.scalar(select(func.count()).select_from(FindingEffectRow).where(waits)) or 0


def search_findings(
    db: Session, branch: str, month: Month, *, technician: str | None, source: str | None, offset: int, limit: int
) -> tuple[list[str], int]:
    """One page of a month's findings, the latest first, and how many there are in all."""
    query = select(FindingEffectRow.finding_id).where(
        FindingEffectRow.branch == branch, FindingEffectRow.month == month
    )
    if technician is not None:
        query = query.where(FindingEffectRow.technician == technician)
    if source is not None:
        query = query.where(FindingEffectRow.source == source)
    total = db.scalar(select(func.count()).select_from(query.subquery())) or 0
    order = query.order_by(FindingEffectRow.recorded_at.desc(), FindingEffectRow.finding_id.desc())
    return list(db.scalars(order.offset(offset).limit(limit))), total


def every_effect(db: Session, branch: str) -> list[FindingEffect]:
    """All of a branch, for comparing with a recount."""
    return _read_effects(db, _effects(branch))


def external_ids(db: Session, branch: str, visits: Iterable[str]) -> dict[VisitId, str]:
    """The order numbers of visits."""
    wanted = list(visits)
    found: dict[VisitId, str] = {}
    for start in range(0, len(wanted), bulk.CHUNK):
        part = wanted[start : start + bulk.CHUNK]
        query = select(VisitRow.visit_id, VisitRow.external_id).where(
            VisitRow.branch == branch, VisitRow.visit_id.in_(part)
        )
        found.update((VisitId(visit), external) for visit, external in db.execute(query))
    return found


def staff(db: Session, branch: str, login: str | None = None) -> dict[str, tuple[str, str | None]]:
    """Name and team of everybody in the branch, or of one of them, by staff code."""
    query = select(AccountRow.login, AccountRow.name, AccountRow.team).where(AccountRow.branch == branch)
    if login is not None:
        query = query.where(AccountRow.login == login)
    return {login: (name, team) for login, name, team in db.execute(query)}


def people(db: Session, branch: str, codes: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """Everybody in the branch, and those of `codes` who work elsewhere by now: of them the name alone."""
    found = staff(db, branch)
    return found | named(db, (one for one in codes if one not in found))


def named(db: Session, logins: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """The names of people, in whatever branch they are; as `staff`, but without the team."""
    return {login: (name, None) for login, name in accounts.names(db, logins).items()}


def _bodies(branch: str, month: Month, technician: str | None = None) -> Select[Any]:
    query = select(JudgementRow.body).where(JudgementRow.branch == branch, JudgementRow.month == month)
    return query if technician is None else query.where(JudgementRow.technician == technician)


def _effects(branch: str) -> Select[*tuple[Any, ...]]:
    return select(
        FindingEffectRow.finding_id,
        FindingEffectRow.technician,
        FindingEffectRow.month,
        FindingEffectRow.visit_id,
        FindingEffectRow.does,
        FindingEffectRow.code,
        FindingEffectRow.source,
        FindingEffectRow.recorded_at,
        FindingEffectRow.state,
    ).where(FindingEffectRow.branch == branch)


def _read_effects(db: Session, query: Select[*tuple[Any, ...]]) -> list[FindingEffect]:
    return [_effect(row) for row in db.execute(query)]


def _effect(row: Any) -> FindingEffect:
    return FindingEffect(
        finding=EventId(row.finding_id),
        technician=row.technician,
        month=Month(row.month),
        visit=None if row.visit_id is None else VisitId(row.visit_id),
        does=row.does,
        code=row.code,
        source=row.source,
        recorded_at=row.recorded_at,
        state=row.state,
    )
