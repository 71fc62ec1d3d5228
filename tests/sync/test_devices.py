"""Phones as people see them: who holds what and since when, taking one out of use, and unsent work that was deleted."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from fieldapp.services import phones
from fieldapp.storage import events
from tests import cast
from tests.sync.phone import DAY, DEVICES, MARK, Phone, new_id

DELETIONS = "/api/sync/v1/deletions"


def words(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def register(phone, name="Moto G"):
    assert (
        phone.client.post(DEVICES, json={"device_id": phone.device_id, "name": name}, headers=MARK).status_code == 201
    )


def client_of(clock, *, outbox, photos=0, hours=0.0):
    oldest = (clock() - timedelta(hours=hours)).timestamp() * 1000
    return {"app": "1", "outbox": outbox, "photos": photos, "oldest": oldest if outbox + photos else None}


@pytest.mark.parametrize("login", ["D001", "M001"])
def test_the_office_sees_which_phones_hold_unsent_work_and_since_when(login, phone, visit, clock, sign_in):
    register(phone)
    phone.push(phone.append("note.added", visit), client=client_of(clock, outbox=4, photos=2, hours=5))
    page = words(sign_in(login).get("/dispatch/phones"))
    assert "Chen Wei T001 Moto G 3 entries, 2 photos" in page
    assert "waits too long" not in page


def test_after_72_hours_it_is_an_alert_and_the_dispatcher_is_led_there(phone, visit, clock, sign_in):
    register(phone)
    phone.push(client=client_of(clock, outbox=1, hours=71))
    dispatcher = sign_in("D001")
    assert "held unsent work" not in words(dispatcher.get("/dispatch/phones"))
    clock.advance(hours=2)
    assert "1 phone has held unsent work for more than 72 hours" in words(dispatcher.get("/dispatch/phones"))
    assert '<span class="count bad">1</span>' in dispatcher.get("/dispatch/").get_data(as_text=True)


def test_an_empty_push_says_that_everything_is_sent_now(phone, visit, clock, work):
    register(phone)
    phone.push(phone.append("note.added", visit), client=client_of(clock, outbox=1, photos=3, hours=80))
    [waiting] = phones.list_phones(work, cast.D001.actor, cast.MAIN)
    assert (waiting.facts, waiting.photos, waiting.is_alert) == (0, 3, True)
    phone.push(client=client_of(clock, outbox=0))
    [sent] = phones.list_phones(work, cast.D001.actor, cast.MAIN)
    assert (sent.holds, sent.is_alert, sent.since) == (False, False, None)


def test_the_office_hears_that_a_browser_emptied_a_phone_and_what_it_had_held(phone, visit, clock, work, sign_in):
    register(phone)
    phone.push(phone.append("note.added", visit), client=client_of(clock, outbox=4, photos=2, hours=5))
    anew = Phone(clock, phone.client)
    register(anew)
    page = words(sign_in("D001").get("/dispatch/phones"))
    assert "The browser of 1 phone emptied its storage" in page
    assert "Lost, at least: entries 3, photos 2" in page
    assert "waits" not in page
    with work.read() as db:
        told = db.execute(text("SELECT actor, subject, facts FROM audit WHERE action = 'phone_emptied'")).all()
    assert [tuple(row[:2]) for row in told] == [("T001", phone.device_id)]
    assert json.loads(told[0][2]) == {"device": anew.device_id, "events": 3, "photos": 2}
    assert phones.count_alerts(work, cast.D001.actor, cast.MAIN) == 1
    clock.advance(hours=73)
    assert phones.count_alerts(work, cast.D001.actor, cast.MAIN) == 0


def test_what_its_owner_deleted_is_not_taken_for_emptied(phone, visit, clock, work):
    register(phone)
    phone.push(phone.append("note.added", visit))
    told = {"id": new_id(), "device_id": phone.device_id, "login": "T001", "reason": "sold", "events": 1, "photos": 0}
    phone.client.post(DELETIONS, json={**told, "wall": 1.0}, headers=MARK)
    anew = {"device_id": new_id(), "name": "x"}
    assert phone.client.post(DEVICES, json=anew, headers=MARK).get_json()["previous"] is None
    assert phones.count_alerts(work, cast.D001.actor, cast.MAIN) == 0


def test_a_browser_that_lost_its_cookies_only_is_known_by_its_next_push(phone, visit):
    register(phone)
    phone.client.delete_cookie("device")
    phone.push(phone.append("note.added", visit))
    assert phone.client.get_cookie("device").value == phone.device_id


def test_a_phone_that_is_silent_for_three_days_is_shown_as_such(phone, clock, sign_in):
    register(phone)
    clock.advance(hours=73)
    assert "not heard of" in words(sign_in("D001").get("/dispatch/phones"))


@pytest.mark.parametrize(
    "odd", [{"photos": -3, "oldest": "x"}, {"photos": 1e300, "oldest": -1}, {"photos": True}, None]
)
def test_odd_words_of_a_phone_break_no_page(odd, phone, sign_in):
    register(phone)
    phone.push(client=odd)
    assert sign_in("D001").get("/dispatch/phones").status_code == 200


def test_technicians_quality_and_other_branches_see_nothing_of_it(phone, clock, sign_in):
    register(phone)
    phone.push(client=client_of(clock, outbox=1))
    assert sign_in("T002").get("/dispatch/phones").status_code == 403
    assert sign_in("Q001").get("/dispatch/phones").status_code == 403
    assert "Chen Wei" not in words(sign_in("D900").get("/dispatch/phones"))


def test_a_technician_takes_their_own_phone_out_of_use(phone, visit, work):
    register(phone)
    assert "Moto G" in words(phone.client.get("/me/"))
    assert phone.client.post(f"/me/phones/{phone.device_id}/revoke").status_code == 303
    assert "out of use" in words(phone.client.get("/me/"))
    answer = phone.push(phone.append("note.added", visit))
    assert answer["revoked"] is True
    assert [(one["status"], one["code"]) for one in answer["results"]] == [("held", "device_revoked")]
    refused = phone.client.get(DAY, headers={"X-Field-Device": phone.device_id})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "device_revoked")
    with work.read() as db:
        assert len(events.held_of(db, cast.MAIN)) == 1


def test_nobody_takes_a_colleagues_phone(phone, sign_in):
    register(phone)
    for login in ("T002", "D001", "T900"):
        assert sign_in(login).post(f"/me/phones/{phone.device_id}/revoke").status_code in {403, 404}
    assert sign_in("D001").post(f"/admin/accounts/T001/phones/{phone.device_id}/revoke").status_code == 403


def test_the_admin_takes_a_phone_out_of_use_and_gives_it_back(phone, sign_in, clock):
    register(phone)
    admin, base = sign_in("A001"), f"/admin/accounts/T001/phones/{phone.device_id}"
    assert "Moto G" in words(admin.get("/admin/accounts/T001"))
    assert admin.post(f"{base}/revoke").status_code == 303
    assert "out of use" in words(admin.get("/admin/accounts/T001"))
    assert phone.client.get(DAY).status_code == 403
    assert admin.post(f"{base}/restore").status_code == 303
    assert phone.client.get(DAY).status_code == 200
    assert admin.post(f"/admin/accounts/T002/phones/{phone.device_id}/revoke").status_code == 404


def test_deleted_work_is_on_record_once_with_its_reason_and_counts(phone, clock, sign_in, work):
    register(phone)
    phone.push(client=client_of(clock, outbox=3, photos=1))
    told = {
        "id": new_id(), "device_id": phone.device_id, "login": "T001", "reason": "phone goes back to the shop",
        "events": 3, "photos": 1, "wall": 1e12,
    }  # fmt: skip
    assert phone.client.post(DELETIONS, json=told, headers=MARK).status_code == 201
    assert phone.client.post(DELETIONS, json=told, headers=MARK).status_code == 200
    page = words(sign_in("D001").get("/dispatch/phones"))
    assert "Deleted by its owner: entries 3, photos 1. “phone goes back to the shop”" in page
    rows = audited(work)
    assert [row[:2] for row in rows] == [("T001", phone.device_id)]
    assert '"events": 3' in rows[0][2]
    assert '"reason": "phone goes back to the shop"' in rows[0][2]


def audited(work):
    with work.read() as db:
        query = "SELECT actor, subject, facts FROM audit WHERE branch = 'main' AND action = 'outbox_deleted'"
        return [tuple(row) for row in db.execute(text(query))]


@pytest.mark.parametrize("change", [{"reason": "  "}, {"events": -1}, {"id": "x"}, {"login": "../x"}, {"extra": 1}])
def test_a_deletion_without_a_reason_or_out_of_shape_is_refused(change, phone, work):
    register(phone)
    told = {
        "id": new_id(),
        "device_id": phone.device_id,
        "login": "T001",
        "reason": "because",
        "events": 1,
        "photos": 0,
    }
    answer = phone.client.post(DELETIONS, json={**told, "wall": 1.0, **change}, headers=MARK)
    assert answer.status_code == 422
    assert audited(work) == []
