"""The norm sheet's next version: drafted by one manager, published by another, in force from its month on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.domain.ids import visit_id
from fieldapp.domain.scoring.rulebook import Unsound, encode_rulebook, fingerprint
from fieldapp.services import branches, doctor, recording, rulebook_drafts, rulebooks, scoring
from fieldapp.services.rulebook_drafts import Draft
from fieldapp.services.work import Work
from fieldapp.storage import rulebooks as store_of_rulebooks
from fieldapp.storage.events import Record
from fieldapp.storage.tables.audit import AuditRow
from tests import builders, cast
from tests.cast import D001, M001, M002, MAIN, NORTH, Q001, T001
from tests.services.test_approvals import become
from tests.services.test_scheduling import refused

NOVEMBER = datetime(2026, 11, 3, 1, 0, tzinfo=UTC)
NORTHERN = replace(cast.D900, role="manager")
WHY = "Ten minutes of grace, because the ring road is closed."


def hire(work: Work) -> None:
    """Two managers more: three besides its author can confirm a version."""
    for login in ("D900", "Q900"):
        become(work, login, "manager")


@pytest.fixture(autouse=True)
def _hired(work: Work) -> None:
    hire(work)


def typed(work: Work, **changes: str) -> dict[str, str]:
    form = rulebook_drafts.blank(work, M001.actor)
    return {**form.typed, **{name.replace("__", "."): value for name, value in changes.items()}}


def draft(work: Work, who: Any = M001, **changes: str) -> Draft:
    return rulebook_drafts.create(work, who.actor, typed(work, **{"grace_minutes": "10", **changes}), WHY)


def propose(work: Work, one: Draft, who: Any = M001) -> Draft:
    rulebook_drafts.propose(work, who.actor, one.draft_id, one.rev)
    return rulebook_drafts.detail(work, who.actor, one.draft_id).draft


def publish(work: Work, one: Draft, who: Any = M002) -> Any:
    return rulebook_drafts.publish(work, who if who is OPERATOR else who.actor, one.draft_id, one.fingerprint or "")


def publish_next(work: Work, **changes: str) -> Any:
    return publish(work, propose(work, draft(work, **changes)))


def books(work: Work) -> Any:
    with work.read() as db:
        return rulebooks.rulebooks(db)


def store(work: Work, *entries: dict[str, Any]) -> None:
    records = [Record(event=one, origin="import", received_at=work.now()) for one in builders.as_events(entries)]
    with work.write() as db:
        recording.record(db, MAIN, records, work.now())


def late_visit(number: str, start: datetime, minutes: int) -> list[dict[str, Any]]:
    """A visit whose technician arrived so many minutes after the end of the window."""
    arrived = start + timedelta(minutes=60 + minutes)
    return [builders.scheduled(number, start),
            builders.line("visit.arrived", number, arrived, gps={"status": "denied"})]  # fmt: skip


def punctual(work: Work, number: str) -> bool:
    judged = scoring.visit_score(work, M001.actor, MAIN, visit_id(MAIN, number)).judgement
    return next(verdict.met for verdict in judged.verdicts if verdict.code == "punctual")


def sound(work: Work) -> bool:
    return [fault for check in doctor.examine(work) for fault in check.faults] == []


def audited(work: Work) -> list[tuple[str, str, str]]:
    with work.read() as db:
        rows = db.query(AuditRow).filter(AuditRow.branch == "-").order_by(AuditRow.number)
        return [(row.actor, row.action, row.subject) for row in rows]


def test_without_a_published_version_the_shipped_one_is_in_force(work: Work) -> None:
    assert books(work) == rulebooks.shipped_rulebooks()


def test_what_two_managers_agreed_on_is_in_force_from_its_month(work: Work) -> None:
    assert publish_next(work).name == "installer/2"
    found = books(work)
    assert [found.in_force(Month(month)).version for month in ("2026-10", "2026-11", "2027-03")] == [1, 2, 2]
    assert found.in_force(Month("2026-11")).parameters.grace_minutes == 10
    assert [(who, what) for who, what, _ in audited(work)] == [
        ("M001", "rulebook.drafted"), ("M001", "rulebook.proposed"), ("M002", "rulebook.published"),
    ]  # fmt: skip
    assert sound(work)


def test_a_month_is_judged_by_the_version_in_force_on_its_first_day(work: Work, clock: Any) -> None:
    publish_next(work)
    clock.set(NOVEMBER)
    october = datetime(2026, 10, 20, 1, 0, tzinfo=UTC)
    for number, start in (("WO-O", october), ("WO-N", NOVEMBER)):
        store(work, *late_visit(number, start, 8), builders.line("visit.completed", number, start, manifest=[]))
    assert (punctual(work, "WO-O"), punctual(work, "WO-N")) == (False, True)
    months = [scoring.month_scores(work, M001.actor, MAIN, Month(month)) for month in ("2026-10", "2026-11")]
    assert [month.rulebook.name for month in months] == ["installer/1", "installer/2"]
    assert sound(work)


def test_visits_of_coming_months_are_judged_anew_when_a_version_is_published(work: Work) -> None:
    completed = [builders.line("visit.completed", number, cast.NOW, manifest=[]) for number in ("WO-N", "WO-O")]
    store(work, *late_visit("WO-N", NOVEMBER, 8), *late_visit("WO-O", cast.NOW, 8), *completed)
    loose = builders.line("finding.recorded", None, cast.NOW, "Q001", source="spot_check", technician="T001",
                          item="decorum", favourable=False, occurred_on="2026-11-02")  # fmt: skip
    store(work, loose)
    assert not punctual(work, "WO-N")
    publish_next(work, decorum__use="", grooming__points="5")
    assert (punctual(work, "WO-N"), punctual(work, "WO-O")) == (True, False)
    assert sound(work)


def test_a_visit_that_was_moved_out_of_a_coming_month_is_looked_at_too(work: Work) -> None:
    """The older norm took the change for too late, the newer one does not: the month itself depends on the norm."""
    first = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
    moved = builders.promise(first + timedelta(days=2), told_before=timedelta(days=2, minutes=30))
    changed = builders.line("promise.changed", "WO-1", cast.NOW, "office", asked_by="company", promise=moved,
                            apology=True, cause="plan")  # fmt: skip
    store(work, builders.scheduled("WO-1", first), changed)
    publish_next(work, notice_minutes="20")
    assert sound(work)


def test_nobody_publishes_alone(work: Work) -> None:
    proposed = propose(work, draft(work))
    refused(Forbidden, "request_own", lambda: publish(work, proposed, M001))
    assert books(work).last.version == 1


@pytest.mark.parametrize("person", [T001, D001, Q001, cast.A001])
def test_only_managers_draft_and_confirm(work: Work, person: Any) -> None:
    proposed = propose(work, draft(work))
    for act in (
        lambda: draft(work, person), lambda: publish(work, proposed, person),
        lambda: rulebook_drafts.send_back(work, person.actor, proposed.draft_id, proposed.fingerprint or "", "no"),
        lambda: rulebook_drafts.detail(work, person.actor, proposed.draft_id),
        lambda: rulebook_drafts.list_drafts(work, person.actor),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            act()


def test_a_manager_of_another_branch_may_be_the_second(work: Work) -> None:
    assert publish(work, propose(work, draft(work)), NORTHERN).version == 2


def test_with_too_few_people_head_office_decides(work: Work) -> None:
    """Quality staff may approve other things; a version they can neither see nor confirm."""
    become(work, "Q900", "quality")
    proposed = propose(work, draft(work))
    assert rulebook_drafts.detail(work, M001.actor, proposed.draft_id).is_head_offices
    assert rulebook_drafts.detail(work, M002.actor, proposed.draft_id).refusal.code == "request_head_office"
    refused(Forbidden, "request_head_office", lambda: publish(work, proposed))
    assert publish(work, proposed, OPERATOR).version == 2


def test_only_what_was_looked_at_is_published(work: Work) -> None:
    one = draft(work)
    seen = propose(work, one)
    rulebook_drafts.withdraw(work, M001.actor, one.draft_id, seen.rev)
    refused(Conflict, "draft_not_proposed", lambda: publish(work, seen))
    harsher = {**rulebook_drafts.form_of(work, M001.actor, one.draft_id).typed, "award_base": "100.00"}
    changed = rulebook_drafts.change(work, M001.actor, one.draft_id, seen.rev + 1, harsher, WHY)
    again = propose(work, changed)
    refused(Conflict, "draft_overtaken", lambda: publish(work, seen))
    assert publish(work, again).parameters.award_base == "100.00"


def test_a_proposal_that_another_version_overtook_is_looked_at_again(work: Work) -> None:
    late = propose(work, draft(work, award_floor="70"))
    publish_next(work)
    assert rulebook_drafts.detail(work, M002.actor, late.draft_id).overtaken[0].code == "draft_overtaken"
    refused(Conflict, "draft_overtaken", lambda: publish(work, late))


def test_a_version_never_begins_in_a_month_that_has_begun(work: Work, clock: Any) -> None:
    with pytest.raises(Unsound):
        draft(work, in_force_from="2026-10")
    proposed, waiting = propose(work, draft(work)), draft(work)
    clock.set(NOVEMBER)
    for late in (lambda: publish(work, proposed), lambda: propose(work, waiting)):
        with pytest.raises(Unsound) as refusal:
            late()
        assert [fault.code for fault in refusal.value.faults] == ["month_past"]
    assert books(work).last.version == 1


def test_the_month_has_begun_when_it_has_begun_in_any_branch(work: Work, clock: Any) -> None:
    branches.add_branch(work, OPERATOR, code="east", name="Auckland", timezone="Pacific/Auckland")
    clock.set(datetime(2026, 10, 31, 12, 0, tzinfo=UTC))
    assert rulebook_drafts.blank(work, M001.actor).earliest == "2026-12"


def test_a_version_may_take_the_place_of_one_that_has_not_begun(work: Work) -> None:
    publish_next(work)
    assert publish_next(work, grace_minutes="5").name == "installer/3"
    assert books(work).in_force(Month("2026-11")).parameters.grace_minutes == 5
    with pytest.raises(Unsound):
        draft(work, in_force_from="2026-10")


def test_a_draft_is_its_authors_alone_and_frozen_while_proposed(work: Work) -> None:
    one = draft(work)
    fields = typed(work)
    refused(Forbidden, "draft_foreign", lambda: rulebook_drafts.change(work, M002.actor, one.draft_id, 1, fields, WHY))
    refused(Forbidden, "draft_foreign", lambda: rulebook_drafts.propose(work, M002.actor, one.draft_id, 1))
    refused(Conflict, "conflict", lambda: rulebook_drafts.change(work, M001.actor, one.draft_id, 7, fields, WHY))
    proposed = propose(work, one)
    refused(Conflict, "draft_frozen",
            lambda: rulebook_drafts.change(work, M001.actor, one.draft_id, proposed.rev, fields, WHY))  # fmt: skip
    publish(work, proposed)
    refused(Conflict, "draft_not_proposed", lambda: publish(work, proposed))
    assert rulebook_drafts.list_drafts(work, M002.actor) == []


def test_sent_back_with_a_reason_it_can_be_changed_and_proposed_again(work: Work) -> None:
    proposed = propose(work, draft(work))
    key = (proposed.draft_id, proposed.fingerprint or "")
    refused(Invalid, "reason_missing", lambda: rulebook_drafts.send_back(work, M002.actor, *key, " "))
    rulebook_drafts.send_back(work, M002.actor, *key, "Too generous.")
    found = rulebook_drafts.detail(work, M001.actor, proposed.draft_id).draft
    assert (found.state, found.decided_by, found.reason) == ("open", "M002", "Too generous.")
    assert publish(work, propose(work, found)).version == 2


def test_a_discarded_draft_is_no_more(work: Work) -> None:
    one = draft(work)
    rulebook_drafts.discard(work, M001.actor, one.draft_id, one.rev)
    assert rulebook_drafts.list_drafts(work, M001.actor) == []
    with pytest.raises(Conflict):
        propose(work, rulebook_drafts.detail(work, M001.actor, one.draft_id).draft)
    with pytest.raises(NotFound):
        rulebook_drafts.detail(work, M001.actor, work.new_id())


def test_everything_that_is_wrong_is_told_at_once(work: Work) -> None:
    with pytest.raises(Unsound) as refusal:
        rulebook_drafts.create(work, M001.actor, typed(work, punctual__points="14", badge__target="x"), "")
    assert {fault.where: fault.code for fault in refusal.value.faults} == {
        "why": "reason_missing", "badge.target": "target_range", "": "points_sum",
    }  # fmt: skip
    assert audited(work) == []


def test_two_who_confirm_at_once_publish_once(work: Work) -> None:
    proposed, gate, ends = propose(work, draft(work)), Barrier(2), []

    def confirm(who: Any) -> None:
        gate.wait()
        try:
            ends.append(publish(work, proposed, who).version)
        except Conflict as error:
            ends.append(error.code)

    threads = [Thread(target=confirm, args=(who,)) for who in (M002, NORTHERN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ends)) == ["2", "draft_not_proposed"]


def test_everybody_reads_which_versions_there_were_and_what_they_changed(work: Work) -> None:
    publish_next(work)
    for person in (T001, D001, Q001, M001, cast.A001, cast.T900):
        second, first = rulebooks.history(work, person.actor)
        assert (first.published, first.changes) == (None, ())
        assert [(one.where, one.before, one.after) for one in second.changes] == [("grace_minutes", "0", "10")]
        assert (second.published.author, second.published.approver, second.published.why) == ("M001", "M002", WHY)


@pytest.mark.parametrize(
    "engine",
    [pytest.param("work", marks=pytest.mark.sqlite), pytest.param("postgres_work", marks=pytest.mark.postgres)],
)
def test_nothing_in_the_database_changes_a_published_version(engine: str, request: Any) -> None:
    work: Work = request.getfixturevalue(engine)
    hire(work)
    store(work, *late_visit("WO-N", NOVEMBER, 8))
    publish_next(work)
    for statement in ("UPDATE rulebooks SET why = ''", "DELETE FROM rulebooks"):
        with pytest.raises(DBAPIError, match="never changes"), work.write() as db:
            db.connection().exec_driver_sql(statement)
    assert books(work).last.version == 2
    assert sound(work)


@pytest.mark.parametrize(
    ("engine", "statement"),
    [
        pytest.param("work", "REPLACE INTO rulebooks SELECT * FROM rulebooks", marks=pytest.mark.sqlite),
        pytest.param(
            "postgres_work",
            "INSERT INTO rulebooks SELECT * FROM rulebooks ON CONFLICT (sheet, version) DO UPDATE SET why = ''",
            marks=pytest.mark.postgres,
        ),
    ],
)
def test_replacing_a_version_is_no_way_around_that(engine: str, statement: str, request: Any) -> None:
    work: Work = request.getfixturevalue(engine)
    hire(work)
    publish_next(work)
    with pytest.raises(DBAPIError, match="never changes"), work.write() as db:
        db.connection().exec_driver_sql(statement)


@pytest.mark.sqlite
def test_the_doctor_names_a_version_that_was_altered_behind_the_databases_back(work: Work) -> None:
    publish_next(work)
    with work.write() as db:
        db.connection().exec_driver_sql("DROP TRIGGER rulebooks_frozen_update")
        db.connection().exec_driver_sql("UPDATE rulebooks SET body = CAST('{}' AS BLOB)")
    [norm] = [check for check in doctor.examine(work) if check.name == "norm"]
    assert norm.faults == ("rulebook installer/2: is not what two people confirmed",)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE rulebooks SET author = 'M003'", "who proposed or confirmed it is not what the audit chain says"),
        ("DELETE FROM rulebooks", "was published, and is gone"),
    ],
)
@pytest.mark.sqlite
def test_the_doctor_holds_published_versions_against_the_audit_chain(work: Work, statement: str, fault: str) -> None:
    publish_next(work)
    with work.write() as db:
        for act in ("update", "delete"):
            db.connection().exec_driver_sql(f"DROP TRIGGER rulebooks_frozen_{act}")
        db.connection().exec_driver_sql(statement)
    [norm] = [check for check in doctor.examine(work) if check.name == "norm"]
    assert [one.split(": ")[1] for one in norm.faults][:1] == [fault]


def test_the_doctor_names_a_version_that_nobody_published(work: Work) -> None:
    """Whole, filed right and with its own hash, but slipped into the table."""
    publish_next(work)
    with work.write() as db:
        known = store_of_rulebooks.every(db, "installer")[0]
        book = replace(rulebooks.read_sheet(known.body), version=3, in_force_from=Month("2027-01"))
        body = encode_rulebook(book)
        store_of_rulebooks.add(db, replace(known, version=3, in_force_from=Month("2027-01"), body=body,
                                           fingerprint=fingerprint(book)))  # fmt: skip
    [norm] = [check for check in doctor.examine(work) if check.name == "norm"]
    assert norm.faults == ("rulebook installer/3: the audit chain knows no publication with its fingerprint",)


def test_north_is_judged_by_the_same_norm(work: Work, clock: Any) -> None:
    publish_next(work)
    month = scoring.month_scores(work, cast.Q900.actor, NORTH, Month("2026-11"))
    assert month.rulebook.name == "installer/2"
