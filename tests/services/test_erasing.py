"""Erasing customers: the person goes from everywhere, and everything that was counted stays as it was."""

import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.services import accounts, cases, erasing, links, persons, photos, scoring, sync_strays
from fieldapp.services.doctor import examine
from fieldapp.storage import call_backs, devices, events, findings, quarantine, visits
from fieldapp.storage.erase_list import EraseList
from fieldapp.storage.events import Record, dump_data
from fieldapp.storage.quarantine import Quarantined
from fieldapp.storage.tables.cases import CaseEntryRow
from fieldapp.storage.tables.events import EventRow
from tests import builders, cast
from tests.cast import D001, MAIN, T001
from tests.links import store
from tests.sync.phone import Phone

START = cast.NOW - timedelta(days=2)
NAMES = ("Wang Fang", "13800000001", "Harbour Road")


@pytest.fixture
def erase_list(tmp_path) -> EraseList:
    return EraseList(tmp_path / "erasures.jsonl")


def erase(work, erase_list, *found: str) -> erasing.Emptied:
    return erasing.erase(work, OPERATOR, erase_list, [(MAIN, visit) for visit in found])


def picture(color: str = "red") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(content, "JPEG")
    return content.getvalue()


def faults(work) -> list[str]:
    return [f"{check.name}: {fault}" for check in examine(work) for fault in check.faults]


def said(work, visit: str) -> str:
    """All facts of a visit as text."""
    with work.read() as db:
        return json.dumps(
            [dump_data(one.data).decode() for one in events.histories(db, MAIN, [visit])[0][visit]], ensure_ascii=False
        )


def scores(work) -> object:
    return scoring.as_data(scoring.month_scores(work, OPERATOR, MAIN, Month(f"{START:%Y-%m}")))


def readable(work, *names: str) -> list[str]:
    """Those of the names that stand anywhere in the files of the database."""
    raw = b"".join(path.read_bytes() for path in work.blobs.folder.parent.glob("fieldapp.db*"))
    return [name for name in names if name.encode() in raw]


def test_a_customer_is_gone_from_the_visit_and_its_facts_and_the_score_stays(work, erase_list):
    visit = store(work, builders.perfect_visit("WO-1", START, comment="Call me on 13800000001"))
    store(work, builders.perfect_visit("WO-2", START + timedelta(hours=3)))
    before = scores(work)

    assert erase(work, erase_list, visit) == erasing.Emptied(1, 13, 0)

    with work.read() as db:
        seen, other = visits.get(db, MAIN, visit), visits.find_by_external_id(db, MAIN, "WO-2")
    assert (seen.customer_name, seen.phone, seen.address, seen.lat, seen.lon) == ("∅", "", "∅", None, None)
    assert [word for word in (*NAMES, "Wang", "[[[") if word in said(work, visit)] == []
    assert (other.customer_name, scores(work), faults(work)) == ("Wang Fang", before, [])


@pytest.mark.sqlite
def test_nothing_of_an_erased_customer_is_left_in_the_files_of_the_database(work, erase_list):
    cast.as_before_sealing(work)
    visit = store(work, builders.perfect_visit("WO-1", START))
    assert readable(work, *NAMES) == list(NAMES)
    erase(work, erase_list, visit)
    assert readable(work, *NAMES) == []
    assert readable(work, "WO-1") == ["WO-1"]


def test_words_beside_the_facts_go_too_and_links_end(work, erase_list):
    visit = store(work, builders.perfect_visit("WO-1", START))
    case = cases.open_by_phone(work, D001.actor, MAIN, visit, "complaint", "Wang Fang says the wall is scratched.")
    token = links.create_own_link(work, D001.actor, MAIN, visit)
    raw = b'{"payload": "Wang Fang, 13800000001"}'
    with work.write() as db:
        thing = Quarantined(
            code="schema_invalid", origin="push", raw=raw, problem="", received_at=work.now(), visit_id=visit
        )
        quarantine.keep(db, work.vault, MAIN, [thing])
        attempt = call_backs.Attempt(1, work.now(), "Q001", "reached", {}, "Wang Fang was pleased.")
        call_backs.add(db, MAIN, visit, attempt)

    erase(work, erase_list, visit)

    with work.read() as db:
        assert [one.comment for one in call_backs.attempts(db, MAIN, [visit])[visit]] == ["∅"]
        assert [one.sealed for one in quarantine.of_visit(db, MAIN, visit)] == []
    [entry] = cases.detail(work, cast.Q001.actor, case).history
    assert (entry.kind, entry.text) == ("opened", "∅")
    with pytest.raises(NotFound):
        links.open_link(work, token)
    assert (readable(work, *NAMES), faults(work)) == ([], [])


def test_photos_go_unless_another_visit_has_the_same_and_no_phone_is_asked_for_them_again(work, sign_in, erase_list):
    own, shared = work.blobs.put(MAIN, picture()), work.blobs.put(MAIN, picture("blue"))

    def with_photos(number: str, *names: str, hours: int) -> str:
        added = [
            builders.line("photo.added", number, START, slot="after", blob=name, bytes=1, w=1, h=1) for name in names
        ]
        return store(work, [*builders.perfect_visit(number, START + timedelta(hours=hours)), *added])

    visit, other = with_photos("WO-1", own, shared, hours=0), with_photos("WO-2", shared, hours=3)
    for name in (own, shared):
        assert photos.received(work, T001.actor, name)[1]
    assert photos.render(work, MAIN, own)

    assert erase(work, erase_list, visit).photos == 1

    assert [work.blobs.has(MAIN, name) for name in (own, shared)] == [False, True]
    assert photos.show(work, D001.actor, shared, visit_id=other)
    with pytest.raises(NotFound):
        photos.render(work, MAIN, own)
    assert photos.received(work, T001.actor, own)[1]
    assert photos.add_piece(work, T001.actor, own, offset=0, length=5, piece=b"again") == 5
    assert (work.blobs.has(MAIN, own), faults(work)) == (False, [])


def test_what_a_phone_says_later_is_kept_without_the_customer(work, clock, sign_in, erase_list):
    visit = store(work, [builders.scheduled("WO-1", clock() + timedelta(hours=1))])
    phone = Phone(clock, sign_in("T001"))
    before = phone.append("note.added", visit, data={"text": "Wang Fang is at work"})
    assert phone.fates(before) == [("accepted", None)]
    erase(work, erase_list, visit)
    clock.advance(minutes=1)
    after = phone.append("note.added", visit, data={"text": "Wang Fang called"})
    assert phone.fates(after) == [("accepted", None)]
    assert phone.fates(before, after) == [("duplicate", None), ("duplicate", None)]
    with work.read() as db:
        assert devices.payloads(db, MAIN, [before["id"], after["id"]]) == {}
    assert (readable(work, *NAMES), said(work, visit).count("∅"), faults(work)) == ([], 4, [])


def test_a_history_that_is_imported_again_brings_nobody_back(work, erase_list):
    lines = builders.perfect_visit("WO-1", START)
    visit = store(work, lines)
    erase(work, erase_list, visit)
    store(work, lines)
    assert (readable(work, *NAMES), faults(work)) == ([], [])


def test_erasing_again_changes_nothing_and_is_told_once(work, erase_list):
    visit = store(work, builders.perfect_visit("WO-1", START))
    erase(work, erase_list, visit)
    assert erase(work, erase_list, visit) == erasing.Emptied()
    assert len(erase_list.read()) == 1
    with work.read() as db:
        assert len(persons.audit.with_action(db, MAIN, erasing.ERASED)) == 1


def test_the_doctor_sees_what_was_put_back_and_what_was_changed_after_an_erasure(work, erase_list):
    visit = store(work, builders.perfect_visit("WO-1", START))
    erase(work, erase_list, visit)
    with work.write() as db:
        event = next(one for one in events.histories(db, MAIN, [visit])[0][visit] if one.type == "answers.given")
        record = Record(event=event, origin="import", received_at=work.now())
        body = record.body.replace(b'"courteous":"yes"', b'"courteous":"no"')
        hashed = events.content_hash(event.type, event.visit, event.effective_at, event.actor, body)
        row = update(EventRow).where(EventRow.branch == MAIN, EventRow.event_id == event.id)
        db.execute(row.values(body=body, body_hash=hashed))
    assert f"erasures {MAIN}: {visit}: the facts are not what was left of them when the customer was erased" in faults(
        work
    )


def test_a_customer_is_found_by_any_spelling_of_their_number(work):
    who = builders.customer(phone="+86 138-0000-0001")
    store(work, [builders.scheduled("WO-1", START)])
    store(work, [builders.scheduled("WO-2", START, customer=who)])
    store(work, [builders.scheduled("WO-3", START, customer=builders.customer(phone="13800000002"))])
    found = persons.by_phone(work, OPERATOR, None, "138 0000 0001")
    assert [one.external_id for one in found] == ["WO-1", "WO-2"]
    with pytest.raises(NotFound):
        persons.by_phone(work, OPERATOR, None, "-")


def test_an_export_holds_everything_said_by_and_about_the_customer(work):
    photo = work.blobs.put(MAIN, picture())
    visit = store(
        work,
        [
            *builders.perfect_visit("WO-1", START, comment="very kind"),
            builders.line("photo.added", "WO-1", START, slot="after", blob=photo, bytes=1, w=1, h=1),
        ],
    )
    photos.received(work, T001.actor, photo)
    cases.open_by_phone(work, D001.actor, MAIN, visit, "complaint", "The wall is scratched.")
    with work.read() as db:
        found = visits.get(db, MAIN, visit)
    data = persons.everything(work, OPERATOR, found)
    text = json.dumps(data)
    assert [word for word in (*NAMES, "very kind", "scratched", "case.opened") if word not in text] == []
    [(_, drawing)] = persons.signatures(data)
    assert "<path" in drawing
    [(name, content)] = persons.pictures(work, found, data)
    assert (name, Image.open(io.BytesIO(content)).size) == (photo, (40, 30))


@pytest.mark.postgres
def test_postgresql_lets_a_case_s_words_be_erased_and_nothing_else_of_it(postgres_work, erase_list):
    work = postgres_work
    visit = store(work, builders.perfect_visit("WO-1", START))
    case = cases.open_by_phone(work, D001.actor, MAIN, visit, "complaint", "Wang Fang says the wall is scratched.")
    erase(work, erase_list, visit)
    assert [one.text for one in cases.detail(work, cast.Q001.actor, case).history] == ["∅"]
    with pytest.raises(DBAPIError), work.write() as db:
        db.execute(update(CaseEntryRow).where(CaseEntryRow.branch == MAIN).values(text="All is well."))
    assert faults(work) == []


@pytest.fixture
def who_went_north(work, clock, sign_in):
    """A phone whose owner went to another branch with unsent work on a visit of this one, and the visit."""
    visit = store(work, [builders.scheduled("WO-1", clock() + timedelta(hours=1))])
    phone = Phone(clock, sign_in("T001"))
    accounts.change_account(work, cast.A001.actor, "T001", name="T", role="technician", branch=cast.NORTH, team="n")
    return phone, visit


def test_what_a_phone_says_later_under_another_branch_is_kept_without_the_customer_in_both(
    work, clock, erase_list, who_went_north
):
    phone, visit = who_went_north
    erase(work, erase_list, visit)
    clock.advance(minutes=1)
    entry = phone.append("note.added", visit, data={"text": "Wang Fang called"})
    assert phone.fates(entry) == [("held", "unknown_visit")]
    with work.read() as db:
        assert {branch: events.find(db, branch, entry["id"]).data.text for branch in (MAIN, cast.NORTH)} == {
            MAIN: "∅", cast.NORTH: "∅",
        }  # fmt: skip
        assert [devices.payloads(db, branch, [entry["id"]]) for branch in (MAIN, cast.NORTH)] == [{}, {}]
    assert (readable(work, *NAMES), faults(work)) == ([], [])


def test_a_copy_under_another_branch_that_an_erasure_did_not_see_is_emptied_when_it_is_handed_over(
    work, clock, erase_list, who_went_north, monkeypatch
):
    phone, visit = who_went_north
    monkeypatch.setattr(sync_strays.standings, "of", lambda *_: {})  # nobody hands it over yet
    entry = phone.append("note.added", visit, data={"text": "Wang Fang called"})
    phone.push(entry)
    monkeypatch.undo()
    monkeypatch.setattr(erasing.branches, "codes", lambda _: [MAIN])  # both at once, in transactions of their own
    erase(work, erase_list, visit)
    monkeypatch.undo()
    clock.advance(minutes=1)
    assert f"erasures {MAIN}: fact {entry['id']}: its customer was erased, and is in it" in faults(work)
    assert sync_strays.bring_home(work, BranchCode(cast.NORTH)) == 1
    work.database.scrub()
    with work.read() as db:
        assert [devices.payloads(db, branch, [entry["id"]]) for branch in (MAIN, cast.NORTH)] == [{}, {}]
    assert (readable(work, *NAMES), faults(work)) == ([], [])


@pytest.mark.parametrize("photo_first", [True, False])
def test_a_photo_that_is_first_named_after_the_erasure_is_neither_asked_for_nor_kept(
    work, clock, sign_in, erase_list, photo_first
):
    visit = store(work, [builders.scheduled("WO-1", clock() + timedelta(hours=1))])
    phone, content = Phone(clock, sign_in("T001")), picture()
    sha256 = hashlib.sha256(content).hexdigest()
    erase(work, erase_list, visit)
    clock.advance(minutes=1)
    if photo_first:
        photos.add_piece(work, T001.actor, sha256, offset=0, length=len(content), piece=content)
    data = {"slot": "after", "blob": sha256, "bytes": len(content), "w": 40, "h": 30}
    assert phone.push(phone.append("photo.added", visit, data=data))["blobs_wanted"] == []
    assert photos.received(work, T001.actor, sha256)[1]
    assert photos.add_piece(work, T001.actor, sha256, offset=0, length=len(content), piece=content) == len(content)
    assert (work.blobs.has(MAIN, sha256), faults(work)) == (False, [])


def test_one_that_another_visit_has_already_stays(work, clock, sign_in, erase_list):
    sha256 = work.blobs.put(MAIN, picture())
    data = {"slot": "after", "blob": sha256, "bytes": 1, "w": 40, "h": 30}
    photos.received(work, T001.actor, sha256)
    store(work, [*builders.perfect_visit("WO-2", START), builders.line("photo.added", "WO-2", START, **data)])
    visit = store(work, [builders.scheduled("WO-1", clock() + timedelta(hours=1))])
    erase(work, erase_list, visit)
    clock.advance(minutes=1)
    phone = Phone(clock, sign_in("T001"))
    phone.push(phone.append("photo.added", visit, data=data))
    assert (work.blobs.has(MAIN, sha256), faults(work)) == (True, [])


def test_the_same_photo_of_a_later_visit_is_asked_for_again(work, clock, sign_in, erase_list):
    visit, later = (store(work, [builders.scheduled(name, clock() + timedelta(hours=1))]) for name in ("WO-1", "WO-2"))
    phone, content = Phone(clock, sign_in("T001")), picture()
    sha256 = hashlib.sha256(content).hexdigest()
    data = {"slot": "after", "blob": sha256, "bytes": len(content), "w": 40, "h": 30}
    phone.push(phone.append("photo.added", visit, data=data))
    photos.add_piece(work, T001.actor, sha256, offset=0, length=len(content), piece=content)
    erase(work, erase_list, visit)
    clock.advance(minutes=1)
    wanted = phone.push(phone.append("photo.added", later, data=data))["blobs_wanted"]
    assert wanted == [{"blob": sha256, "offset": 0}]
    assert not photos.received(work, T001.actor, sha256)[1]
    photos.add_piece(work, T001.actor, sha256, offset=0, length=len(content), piece=content)
    # Whoever took the bytes away may have been slow.
    erasing.take_photos(work, MAIN, [sha256])
    assert photos.show(work, D001.actor, sha256, visit_id=later)
    assert faults(work) == []


@pytest.mark.parametrize("photo_first", [True, False])
def test_it_is_kept_in_no_branch_where_it_was_sent_under_another(work, clock, erase_list, who_went_north, photo_first):
    phone, visit = who_went_north
    content = picture()
    sha256 = hashlib.sha256(content).hexdigest()
    erase(work, erase_list, visit)
    clock.advance(minutes=1)
    actor = replace(T001.actor, branch=BranchCode(cast.NORTH))
    data = {"slot": "after", "blob": sha256, "bytes": len(content), "w": 40, "h": 30}
    entry = phone.append("photo.added", visit, data=data)
    if photo_first:
        photos.add_piece(work, actor, sha256, offset=0, length=len(content), piece=content)
    assert phone.fates(entry) == [("held", "unknown_visit")]
    photos.add_piece(work, actor, sha256, offset=0, length=len(content), piece=content)
    sync_strays.bring_photo_home(work, actor.branch, sha256)
    assert [work.blobs.has(branch, sha256) for branch in (MAIN, cast.NORTH)] == [False, False]
    assert faults(work) == []


def test_photos_of_other_findings_and_of_appeals_without_a_visit_stay(work, erase_list):
    shades = ("blue", "green", "white", "black")
    own, other, loose, in_appeal = names = [work.blobs.put(MAIN, picture(shade)) for shade in shades]
    found = {number: work.new_id() for number in ("WO-1", "WO-2", None)}
    for name in names:
        photos.received(work, T001.actor, name)

    def finding(number: str | None) -> dict[str, Any]:
        return builders.line(
            "finding.recorded", number, START, "Q001", event_id=found[number], source="spot_check", technician="T001",
            favourable=False, occurred_on=f"{START:%Y-%m-%d}", item="grooming",
        )  # fmt: skip

    taken = [builders.line("photo.added", "WO-1", START, slot="after", blob=name, bytes=1, w=1, h=1) for name in names]
    visit = store(work, [*builders.perfect_visit("WO-1", START), *taken, finding("WO-1")])
    appeal = builders.line(
        "appeal.filed", None, START, text="It was not me.", finding=found[None], attachments=[in_appeal]
    )
    late = START + timedelta(hours=3)
    store(work, [*builders.perfect_visit("WO-2", late), finding("WO-2"), finding(None), appeal])
    with work.write(MAIN) as db:
        for number, name in (("WO-1", own), ("WO-2", other), (None, loose)):
            findings.add_photo(db, MAIN, found[number], findings.Attachment(name, "Q001", work.now()))

    assert erase(work, erase_list, visit).photos == 1

    assert [work.blobs.has(MAIN, name) for name in names] == [False, True, True, True]
