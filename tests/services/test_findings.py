"""Findings through the services: recorded, answered, decided, reversed; scores move at once, every act is audited."""

import io
import json
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.domain.scoring.engine import ScoreSheet
from fieldapp.services import finding_views, findings, scoring
from fieldapp.services.doctor import examine
from fieldapp.services.finding_views import View
from fieldapp.services.findings import Draft
from fieldapp.services.photos import PhotoTooLarge
from fieldapp.services.pictures import MAX_BYTES
from fieldapp.services.work import Work
from fieldapp.storage.tables.audit import AuditRow
from tests import builders, links
from tests.cast import M001, M002, MAIN, NOW, Q001, Q900, T001, T002
from tests.services.test_approvals import become
from tests.services.test_scheduling import refused

OCTOBER = Month("2026-10")
GIFT = {"source": "complaint", "discipline": "gifts", "item": "", "note": "took a carton of cigarettes"}
SECRET = "the dog bit him"


@pytest.fixture(autouse=True)
def visits(work: Work) -> None:
    """A perfect visit of T001 and one of T002, both this morning."""
    for number, technician in (("WO-1", "T001"), ("WO-2", "T002")):
        links.store(work, builders.perfect_visit(number, NOW - timedelta(hours=1), technician))


def record(work: Work, who: Any = Q001, order: str = "", **said: Any) -> str:
    draft = {"source": "spot_check", "item": "shoe_covers", "favourable": None, "note": "walked in with boots", **said}
    if draft["favourable"] is None and draft["item"]:
        draft["favourable"] = False
    if not order:
        draft.setdefault("technician", "T001")
    return findings.record(work, who.actor, Draft(**draft), order=order, finding_id=work.new_id())


def decide(work: Work, finding: str, who: Any = M001, outcome: Any = "upheld", seen: int = 0, why: str = "so") -> View:
    return findings.decide(work, who.actor, MAIN, finding, outcome, why, seen=seen)


def sheet(work: Work, technician: str = "T001", month: Month = OCTOBER) -> ScoreSheet:
    return scoring.month_scores(work, OPERATOR, MAIN, month, technician=technician).technicians[0].sheet


def status(work: Work, code: str, technician: str = "T001") -> str:
    return next(item.status for item in sheet(work, technician).items if item.code == code)


def view(work: Work, finding: str, who: Any = M001) -> View:
    return finding_views.detail(work, who.actor, MAIN, finding)


def audited(work: Work) -> list[tuple[str, str, str]]:
    with work.read() as db:
        rows = db.scalars(select(AuditRow).where(AuditRow.branch == MAIN).order_by(AuditRow.number))
        return [(row.actor, row.action, row.facts) for row in rows if row.action.startswith("finding.")]


def sound(work: Work) -> bool:
    return [fault for check in examine(work) for fault in check.faults] == []


def picture(shade: int = 90) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 90, 90)).save(stream, "PNG")
    return stream.getvalue()


# --- Recording ----------------------------------------------------------------------------------------------------


def test_a_spot_check_of_a_visit_counts_at_once(work: Work) -> None:
    assert status(work, "shoe_covers") == "achieved"
    finding = record(work, order="WO-1")
    assert status(work, "shoe_covers") == "not_achieved"
    seen = view(work, finding)
    assert (seen.finding.technician, seen.finding.occurred_on, seen.visit_number) == (
        "T001",
        date(2026, 10, 14),
        "WO-1",
    )
    assert (seen.finding.state, seen.effect and seen.effect.does, seen.month) == ("upheld", "breached", OCTOBER)
    assert sound(work)


def test_without_a_visit_it_goes_to_the_month_of_its_day(work: Work) -> None:
    finding = record(work, occurred_on=date(2026, 9, 30), item="grooming")
    assert view(work, finding).month == "2026-09"
    assert status(work, "grooming") == "achieved"
    assert sheet(work, month=Month("2026-09")).items[2].adverse == 1


def test_a_favourable_finding_makes_good_what_a_check_said(work: Work) -> None:
    record(work, order="WO-1")
    record(work, order="WO-1", favourable=True, source="call_back", note="")
    assert status(work, "shoe_covers") == "achieved"


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({"technician": "T900"}, "technician_unknown", "technician"),
        ({"technician": "D001"}, "technician_unknown", "technician"),
        ({"technician": ""}, "technician_unknown", "technician"),
        ({"order": "WO-9"}, "finding_visit", "visit"),
        ({"order": "WO-1", "technician": "T002"}, "finding_visit_other", "technician"),
        ({"occurred_on": date(2026, 10, 15)}, "finding_future", "occurred_on"),
        ({"item": "punctuality"}, "finding_item", "about"),
        ({"discipline": "gifts"}, "finding_kind", "about"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason_and_its_field(work: Work, said: Any, code: str, field: str) -> None:
    error = refused(Invalid, code, lambda: record(work, **said))
    assert error.field == field
    assert audited(work) == []


def test_a_visit_that_nobody_has_is_nobodys_finding(work: Work) -> None:
    links.planned_visit(work, "WO-3", technician=None)
    refused(Invalid, "finding_visit_nobody", lambda: record(work, order="WO-3"))


def test_a_visit_that_is_still_to_come_is_found_about_by_a_complaint_at_most(work: Work) -> None:
    links.planned_visit(work, "WO-3", days=20)
    assert refused(Invalid, "finding_future", lambda: record(work, order="WO-3")).field == "visit"
    assert view(work, record(work, order="WO-3", source="complaint")).visit_number == "WO-3"


def test_a_form_that_is_sent_twice_records_once(work: Work) -> None:
    draft = Draft(source="spot_check", technician="T001", item="grooming", favourable=False, note="x")
    key = work.new_id()
    for _ in range(2):
        assert findings.record(work, Q001.actor, draft, finding_id=key) == key
    assert len(audited(work)) == 1
    become(work, "M001", "quality")
    other = replace(M001, role="quality")
    refused(Conflict, "finding_id", lambda: findings.record(work, other.actor, draft, finding_id=key))
    refused(Invalid, "finding_id", lambda: findings.record(work, Q001.actor, draft, finding_id="1"))


@pytest.mark.parametrize("who", [M001, T001])
def test_only_quality_staff_record(work: Work, who: Any) -> None:
    refused(Forbidden, "forbidden", lambda: record(work, who))


def test_another_branch_records_about_its_own_people_only(work: Work) -> None:
    refused(Invalid, "technician_unknown", lambda: record(work, Q900))
    refused(Invalid, "finding_visit", lambda: record(work, Q900, order="WO-1"))


# --- Hearing and deciding -----------------------------------------------------------------------------------------


def test_a_breach_of_discipline_counts_only_after_hearing_and_a_second_person(work: Work, clock: Any) -> None:
    finding = record(work, order="WO-1", **GIFT)
    assert sheet(work).veto == ()
    refused(Conflict, "finding_unheard", lambda: decide(work, finding))
    [mine] = finding_views.list_to_answer(work, T001.actor)
    assert (mine.finding.id, mine.standing.last_day) == (finding, date(2026, 10, 21))
    findings.answer(work, T001.actor, finding, "I paid for them.")
    assert finding_views.list_to_answer(work, T001.actor) == []
    clock.advance(hours=1)
    decided = decide(work, finding)
    assert [one.text for one in decided.statements] == ["I paid for them."]
    assert (sheet(work).veto, sheet(work).award) == (("gifts",), 0)
    assert sound(work)


def test_silence_until_the_last_day_is_over_is_an_answer_too(work: Work, clock: Any) -> None:
    finding = record(work, **GIFT)
    clock.advance(days=7)
    refused(Conflict, "finding_unheard", lambda: decide(work, finding))
    clock.advance(hours=15)
    refused(Conflict, "finding_late", lambda: findings.answer(work, T001.actor, finding, "wait"))
    decide(work, finding)
    assert sheet(work).veto == ("gifts",)


@pytest.mark.parametrize(("source", "said"), [
    ("complaint", {"item": "grooming", "favourable": False}),
    ("praise", {"item": "", "commendation": True}),
    ("spot_check", {"item": "", "commendation": True}),
])  # fmt: skip
def test_what_customers_say_waits_for_a_second_person_and_no_deadline(work: Work, source: str, said: Any) -> None:
    finding = record(work, source=source, **said)
    before = sheet(work)
    assert [one.finding.id for one in finding_views.list_waiting(work, M001.actor)] == [finding]
    assert finding_views.count_waiting(work, M001.actor) == 1
    decide(work, finding)
    assert sheet(work) != before
    assert finding_views.count_waiting(work, M001.actor) == 0


def test_a_decision_can_be_reversed_and_every_step_stays(work: Work, clock: Any) -> None:
    finding = record(work, order="WO-1", source="complaint")
    for minute, (who, outcome) in enumerate(((M001, "upheld"), (M002, "dismissed"), (M001, "upheld"))):
        clock.advance(minutes=1)
        decide(work, finding, who, outcome, seen=minute, why=f"reason {minute}")
    assert status(work, "shoe_covers") == "not_achieved"
    steps = [(one.event.actor, one.outcome, one.reason) for one in view(work, finding).steps]
    assert steps == [
        ("M001", "upheld", "reason 0"), ("M002", "dismissed", "reason 1"), ("M001", "upheld", "reason 2"),
    ]  # fmt: skip
    refused(Conflict, "finding_same", lambda: decide(work, finding, M002, seen=3))
    assert sound(work)


def test_a_spot_check_can_be_dismissed_later(work: Work, clock: Any) -> None:
    finding = record(work, order="WO-1")
    clock.advance(minutes=1)
    decide(work, finding, outcome="dismissed")
    assert status(work, "shoe_covers") == "achieved"


def test_neither_who_recorded_it_nor_the_technician_decides_in_any_role(work: Work) -> None:
    finding = record(work, source="complaint")
    refused(Forbidden, "request_own", lambda: decide(work, finding, Q001))
    become(work, "T001", "manager")
    refused(Forbidden, "request_benefit", lambda: decide(work, finding, replace(T001, role="manager")))
    refused(Forbidden, "forbidden", lambda: decide(work, finding, T002))
    assert view(work, finding).finding.state == "waiting"


def test_people_of_every_branch_may_be_the_second(work: Work) -> None:
    finding = record(work, source="complaint")
    assert finding_views.list_waiting(work, Q900.actor) == []
    [seen] = finding_views.list_waiting(work, Q900.actor, everywhere=True)
    assert (seen.branch_name, seen.refusal) == ("Main", None)
    assert decide(work, finding, Q900).finding.state == "upheld"


def test_with_fewer_than_three_to_choose_from_head_office_decides(work: Work) -> None:
    finding = record(work, source="complaint")
    become(work, "M002", "dispatcher")
    refused(Forbidden, "request_head_office", lambda: decide(work, finding))
    assert findings.decide(work, OPERATOR, MAIN, finding, "upheld", "seen", seen=0).steps[0].event.actor == "office"
    assert sheet(work).items[17].breached == 1


def test_each_act_is_audited_without_a_word_of_what_was_said(work: Work, clock: Any) -> None:
    finding = record(work, **{**GIFT, "note": SECRET})
    findings.answer(work, T001.actor, finding, SECRET)
    findings.add_photos(work, Q001.actor, finding, [picture()])
    decide(work, finding, why=SECRET)
    rows = audited(work)
    assert [row[:2] for row in rows] == [
        ("Q001", "finding.recorded"), ("T001", "finding.answered"), ("Q001", "finding.photographed"),
        ("M001", "finding.upheld"),
    ]  # fmt: skip
    assert SECRET not in "".join(row[2] for row in rows)
    assert json.loads(rows[0][2]) == {"about": "gifts", "source": "complaint", "technician": "T001", "visit": ""}


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def either(request: pytest.FixtureRequest) -> Any:
    """The company on each engine."""
    return request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")


def test_of_two_second_persons_at_once_one_decides_and_the_other_is_told(either: Work) -> None:
    finding = record(either, source="complaint")
    start, answers = Barrier(2), []

    def act(who: Any, outcome: str) -> None:
        start.wait()
        try:
            answers.append(decide(either, finding, who, outcome).finding.state)
        except Conflict as error:
            answers.append(error.code)

    threads = [Thread(target=act, args=each) for each in ((M001, "upheld"), (M002, "dismissed"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("finding_decided") == 1
    assert len(view(either, finding).steps) == 1
    assert sound(either)


# --- What else belongs to it --------------------------------------------------------------------------------------


def test_only_the_technician_answers_and_reads_their_own(work: Work) -> None:
    finding = record(work, **GIFT)
    for other in (T002, Q001):
        with pytest.raises((NotFound, Forbidden)):
            findings.answer(work, other.actor, finding, "it was me")
    refused(NotFound, "not_found", lambda: view(work, finding, T002))
    assert view(work, finding, T001).note == GIFT["note"]
    refused(NotFound, "not_found", lambda: finding_views.list_own(work, T002.actor, MAIN, "T001", OCTOBER))
    assert [one.finding.id for one in finding_views.list_own(work, T001.actor, MAIN, "T001", OCTOBER)] == [finding]


def test_more_can_be_said_until_it_is_decided(work: Work) -> None:
    finding = record(work, **GIFT)
    for text in ("first", "second"):
        findings.answer(work, T001.actor, finding, text)
    refused(Invalid, "text_missing", lambda: findings.answer(work, T001.actor, finding, " "))
    decide(work, finding)
    refused(Conflict, "finding_settled", lambda: findings.answer(work, T001.actor, finding, "third"))
    assert [one.text for one in view(work, finding).statements] == ["first", "second"]


def test_a_technicians_photos_leave_room_for_those_of_others(work: Work) -> None:
    finding = record(work, **GIFT)
    mine = [findings.attach(work, T001.actor, picture(shade)) for shade in range(4)]
    findings.answer(work, T001.actor, finding, "look", mine)
    refused(
        Invalid, "photo_many",
        lambda: findings.answer(work, T001.actor, finding, "more", [findings.attach(work, T001.actor, picture())]),
    )  # fmt: skip
    assert findings.add_photos(work, Q001.actor, finding, [picture(shade) for shade in range(100, 112)]) == 12
    assert [one.added_by for one in view(work, finding).photos].count("T001") == 4
    assert json.loads(audited(work)[1][2]) == {"photos": mine}


def test_photos_are_kept_once_and_shown_without_their_metadata(work: Work) -> None:
    finding = record(work)
    assert findings.add_photos(work, Q001.actor, finding, [picture(), picture(), picture(120)]) == 2
    assert findings.add_photos(work, Q001.actor, finding, [picture()]) == 0
    shown = view(work, finding, T001).photos
    assert len(shown) == 2
    content = findings.photo(work, T001.actor, MAIN, finding, shown[0].sha256)
    assert content.startswith(b"\xff\xd8\xff")
    refused(NotFound, "not_found", lambda: findings.photo(work, T002.actor, MAIN, finding, shown[0].sha256))
    refused(NotFound, "not_found", lambda: findings.photo(work, Q001.actor, MAIN, finding, "a" * 64))
    assert sound(work)


def test_what_is_no_photo_or_too_much_is_refused_and_leaves_the_rest_out(work: Work) -> None:
    finding = record(work)
    add = lambda *contents: findings.add_photos(work, Q001.actor, finding, contents)  # noqa: E731
    refused(Invalid, "photo_missing", add)
    refused(Invalid, "photo_unreadable", lambda: add(picture(), b"<svg onload=alert(1)>"))
    refused(PhotoTooLarge, "photo_too_large", lambda: add(b"\xff" * (MAX_BYTES + 1)))
    refused(Invalid, "photo_many", lambda: add(*map(picture, range(13))))
    assert view(work, finding).photos == []


def test_after_a_decision_no_photo_is_added(work: Work) -> None:
    finding = record(work, source="complaint")
    decide(work, finding)
    refused(Conflict, "finding_settled", lambda: findings.add_photos(work, Q001.actor, finding, [picture()]))


def test_a_month_is_listed_page_by_page_and_narrowed(work: Work, clock: Any) -> None:
    made = [record(work, technician=who, item="grooming", occurred_on=date(2026, 10, 1)) for who in ("T001", "T002")]
    made.append(record(work, order="WO-2", source="call_back"))
    page = finding_views.list_month(work, Q001.actor, OCTOBER)
    assert [one.finding.id for one in page.views] == made[::-1]
    of_one = finding_views.list_month(work, Q001.actor, OCTOBER, technician="T002", source="call_back")
    assert [one.finding.id for one in of_one.views] == made[2:]
    assert finding_views.list_month(work, Q900.actor, OCTOBER).total == 0
