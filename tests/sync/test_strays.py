"""Whoever goes to another branch with unsent work: its facts wait in the branch of their visits, and count there."""

import hashlib
import io
import json

import pytest
from sqlalchemy import text

from fieldapp.domain.ids import BranchCode
from fieldapp.services import accounts, doctor, photos, planning, rulings, sync_strays
from fieldapp.storage import devices, events, strays, visits
from fieldapp.storage import photos as rows
from tests import builders, cast
from tests.sync.phone import MARK, plan
from tests.sync.sealing import seal
from tests.sync.test_blobs import jpeg

NORTH = BranchCode(cast.NORTH)


@pytest.fixture
def go_north(work):
    def go(login="T001"):
        accounts.change_account(
            work, cast.A001.actor, login, name="T", role="technician", branch=cast.NORTH, team="n"
        )  # fmt: skip

    return go


def held(work, branch):
    with work.read() as db:
        return [(one.event.type, one.code) for one in events.held_of(db, branch)]


def audited(work, branch, action):
    with work.read() as db:
        query = text("SELECT actor, subject, facts FROM audit WHERE branch = :branch AND action = :action")
        rows = db.execute(query, {"branch": branch, "action": action}).all()
    return [(actor, subject, json.loads(facts)["events"]) for actor, subject, facts in rows]


def nothing_wrong(work):
    return [fault for check in doctor.examine(work) for fault in check.faults] == []


def see(work, visit):
    with work.read() as db:
        return visits.get(db, cast.MAIN, visit)


def test_facts_wait_in_the_branch_of_their_visit_and_count_once_its_dispatcher_says_so(phone, work, visit, go_north):
    arrived, done = phone.append("visit.arrived", visit), phone.append("visit.completed", visit)
    go_north()
    assert phone.fates(arrived, done) == [("held", "unknown_visit")] * 2
    assert held(work, cast.MAIN) == [("visit.arrived", "other_branch"), ("visit.completed", "other_branch")]
    assert see(work, visit).state == "disputed"
    assert planning.list_disputed(work, cast.D900.actor, NORTH) == []
    assert planning.counts(work, cast.D900.actor, NORTH)[1] == 0
    rulings.reinstate_visit(work, cast.D001.actor, cast.MAIN, visit, see(work, visit).rev, "was there")
    assert see(work, visit).state == "completed"
    assert nothing_wrong(work)


def test_a_resend_changes_nothing_and_both_audits_say_what_went_where(phone, work, visit, go_north):
    entry = phone.append("visit.arrived", visit)
    go_north()
    phone.push(entry)
    assert phone.fates(entry) == [("duplicate", "unknown_visit")]
    assert audited(work, cast.NORTH, "facts_handed_over") == [("T001", cast.MAIN, [entry["id"]])]
    assert audited(work, cast.MAIN, "facts_taken_over") == [("T001", cast.NORTH, [entry["id"]])]
    with work.read() as db:
        assert devices.payload(db, cast.MAIN, entry["id"]) == entry["payload"].encode()


def test_what_the_branch_had_before_the_move_is_there_once_and_goes_on_counting(phone, work, visit, go_north):
    before = phone.append("visit.arrived", visit)
    phone.push(before)
    go_north()
    phone.epoch = "forgotten"
    assert phone.fates(before, phone.append("note.added", visit)) == [("held", "unknown_visit")] * 2
    assert held(work, cast.MAIN) == [("note.added", "other_branch")]
    with work.read() as db:
        assert events.count(db, cast.MAIN) == 3


def test_a_visit_that_somebody_else_has_by_now_was_theirs_once(phone, work, clock, visit, go_north):
    entry = phone.append("visit.arrived", visit)
    plan(work, builders.line("visit.assigned", "WO-1", clock(), "D001", technician="T002"))
    go_north()
    phone.push(entry)
    assert held(work, cast.MAIN) == [("visit.arrived", "other_branch")]


def test_nobody_disputes_a_visit_that_never_was_theirs(phone_of, work, visit, go_north):
    phone = phone_of("T002")
    go_north("T002")
    assert phone.fates(phone.append("visit.arrived", visit)) == [("held", "unknown_visit")]
    assert held(work, cast.MAIN) == []
    assert held(work, cast.NORTH) == [("visit.arrived", "unknown_visit")]


@pytest.mark.parametrize("photo_first", [True, False])
def test_a_photo_goes_where_its_fact_goes(phone, work, visit, go_north, photo_first):
    content = jpeg((40, 40))
    sha256 = hashlib.sha256(content).hexdigest()
    data = {"slot": "after", "blob": sha256, "bytes": len(content), "w": 40, "h": 40}
    entry = phone.append("photo.added", visit, data=data)
    go_north()

    def upload():
        headers = {**MARK, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        answer = phone.client.patch(
            f"/api/sync/v1/blobs/{sha256}", data=content, headers={**headers, "Upload-Length": str(len(content))}
        )
        assert answer.status_code == 204

    for act in (upload, lambda: phone.push(entry)) if photo_first else (lambda: phone.push(entry), upload):
        act()
    assert work.blobs.read(cast.MAIN, sha256) == content


def test_what_was_cut_off_half_way_is_done_by_the_next_round(phone, work, visit, go_north):
    """The fact is in the visit's branch already, and still waits where it was sent to."""
    entry = phone.append("visit.arrived", visit)
    go_north()
    phone.push(entry)
    with work.write() as db:
        db.execute(text("UPDATE events SET held_code = 'unknown_visit' WHERE branch = 'north'"))
    assert sync_strays.bring_home(work, NORTH) == 1
    assert held(work, cast.NORTH) == [("visit.arrived", "handed_over")]
    assert held(work, cast.MAIN) == [("visit.arrived", "other_branch")]
    assert sync_strays.bring_home(work, NORTH) == 0


def test_facts_of_one_that_cannot_be_handed_over_do_not_keep_back_another_s(
    phone_of, work, start, visit, go_north, monkeypatch
):
    other = plan(work, builders.scheduled("WO-2", start, technician="T002"))[0]
    real = strays.mark_gone

    def poisoned(db, branch, ids):
        if stray["id"] in ids:
            raise KeyError(stray["id"])
        real(db, branch, ids)

    monkeypatch.setattr(strays, "mark_gone", poisoned)
    stray = None
    for login, where in (("T001", visit), ("T002", other)):
        phone = phone_of(login)
        entry = phone.append("visit.arrived", where)
        stray = stray or entry
        go_north(login)
        assert phone.fates(entry) == [("held", "unknown_visit")]
    assert held(work, cast.NORTH) == [("visit.arrived", "unknown_visit"), ("visit.arrived", "handed_over")]
    monkeypatch.undo()
    assert sync_strays.bring_home(work, NORTH) == 1


def test_a_photo_that_a_dying_server_had_put_there_and_not_looked_at_is_looked_at(work):
    content = jpeg((40, 40))
    sha256 = work.blobs.put(cast.NORTH, content)
    work.blobs.put(cast.MAIN, content)
    photos.carry(work, cast.NORTH, cast.MAIN, sha256)
    with work.read() as db:
        assert rows.find(db, cast.MAIN, sha256).is_readable


def test_who_comes_back_goes_on_where_they_were(phone, work, visit, go_north):
    before = phone.append("visit.departed", visit)
    phone.push(before)
    go_north()
    phone.epoch = "forgotten"
    away = phone.append("visit.arrived", visit)
    phone.push(away)
    accounts.change_account(work, cast.A001.actor, "T001", name="T", role="technician", branch=cast.MAIN, team="a")
    phone.epoch = None
    later = phone.append("note.added", visit)
    assert [one.get("expect_seq") for one in phone.push(later)["results"]] == [2]
    assert phone.fates(away, later) == [("duplicate", None), ("accepted", None)]
    assert held(work, cast.MAIN) == [("visit.arrived", "other_branch")]
    assert nothing_wrong(work)


def test_facts_that_wait_for_another_reason_wait_in_the_branch_of_their_visit_for_the_same(
    phone, phone_of, work, visit, go_north, sign_in
):
    """In the branch that they were sent to nobody could decide about a visit that it does not know."""
    strange = phone_of("T900")
    taken = phone.append("visit.arrived", visit)
    go_north()
    phone.push()
    sign_in("A001").post(f"/admin/accounts/T001/phones/{phone.device_id}/revoke")
    assert phone.fates(taken) == [("held", "device_revoked")]
    assert strange.fates(strange.append("note.added", visit, actor="T001")) == [("held", "actor_mismatch")]
    assert [code for _, code in held(work, cast.NORTH)] == ["handed_over"] * 2
    assert held(work, cast.MAIN) == [("visit.arrived", "device_revoked"), ("note.added", "actor_mismatch")]
    assert planning.list_disputed(work, cast.D900.actor, NORTH) == []
    assert nothing_wrong(work)


def test_facts_of_another_s_phone_about_a_visit_of_the_branch_stay(phone, work, visit):
    assert phone.fates(phone.append("visit.arrived", visit, actor="T002")) == [("held", "actor_mismatch")]
    assert sync_strays.bring_home(work, cast.MAIN) == 0
    assert held(work, cast.MAIN) == [("visit.arrived", "actor_mismatch")]


@pytest.mark.parametrize(
    ("known", "why"), [("own", "other_branch"), ("nobody's", "actor_mismatch"), ("revoked", "actor_mismatch")]
)
def test_a_rescue_file_is_handed_over_though_its_phone_never_spoke_to_the_new_branch(
    phone, work, visit, go_north, sign_in, known, why
):
    """As sent by its owner where the branch that they left knows the phone as theirs."""
    if known != "nobody's":
        phone.push()
    if known == "revoked":
        sign_in("A001").post(f"/admin/accounts/T001/phones/{phone.device_id}/revoke")
    server = phone.client.get("/m/me.json").get_json()["rescue"]
    content = jpeg((40, 40))
    entries = [phone.append("visit.arrived", visit), phone.append("visit.completed", visit)]
    raw = seal(phone, server, entries, (content,))
    go_north()
    answer = sign_in("D900").post("/rescue/", data={"file": (io.BytesIO(raw), "fieldapp-rescue-T001.json")})
    assert answer.status_code == 200
    assert held(work, cast.MAIN) == [("visit.arrived", why), ("visit.completed", why)]
    assert [code for _, code in held(work, cast.NORTH)] == ["handed_over"] * 2
    assert {status for status, _ in phone.fates(*entries)} == {"duplicate"}
    rulings.reinstate_visit(work, cast.D001.actor, cast.MAIN, visit, see(work, visit).rev, "was there")
    assert see(work, visit).state == "completed"
    assert nothing_wrong(work)
