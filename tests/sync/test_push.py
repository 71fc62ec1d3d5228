"""The push endpoint: what is stored, how it is answered, and that doing it again changes nothing."""

import json
from datetime import timedelta

import pytest

from fieldapp.services import accounts, doctor
from fieldapp.storage import audit, devices, events, quarantine, visits
from tests import builders, cast
from tests.sync.phone import MARK, PUSH, Phone, new_id, plan


def whole_visit(phone, visit, start):
    """A visit as the phone records it, hand-over included."""
    answers = {**builders.ALL_WELL}
    signature = {
        "doc_hash": builders.DOC_HASH, "strokes": [[[1, 1, 0, 0.5], [90, 40, 200, 0.5]]], "box": [600, 200],
        "signer": {"name": "Wang Fang", "relation": "self"}, "shown_ms": 20_000,
    }  # fmt: skip

    def after(minutes):
        return start + timedelta(minutes=minutes)

    return [
        phone.append("kit.checked", visit, after(-90)),
        phone.append("visit.departed", visit, after(-40)),
        phone.append("visit.arrived", visit, after(5)),
        phone.append("door.checked", visit, after(6)),
        phone.append("consent.given", visit, after(7)),
        phone.append("site.checked", visit, after(20)),
        phone.append("statement.presented", visit, after(21), data={"doc_hash": builders.DOC_HASH, "doc": "x"}),
        phone.append("answers.given", visit, after(22), data=answers),
        phone.append("signature.captured", visit, after(23), data=signature),
        phone.append("visit.completed", visit, after(24)),
        phone.append("visit.left", visit, after(25)),
    ]


def state_of(work, visit):
    with work.read() as db:
        return visits.get(db, cast.MAIN, visit)


def counted(work):
    """Everything that a resend could change, as one value."""
    with work.read() as db:
        return (
            events.count(db, cast.MAIN),
            sorted((one.event.id, one.code) for one in events.held_of(db, cast.MAIN)),
            quarantine.count(db, cast.MAIN),
            audit_rows(db),
        )


def audit_rows(db):
    assert audit.verify(db) == []
    from sqlalchemy import text

    return db.execute(text("SELECT count FROM audit_heads WHERE branch = 'main'")).scalar_one()


def test_a_whole_offline_visit_is_accepted_and_completes_the_visit(phone, work, visit, start):
    answer = phone.push(*whole_visit(phone, visit, start))
    assert [one["status"] for one in answer["results"]] == ["accepted"] * 11
    assert all(one["flags"] == [] for one in answer["results"])
    seen = state_of(work, visit)
    assert (seen.state, seen.signed, seen.held) == ("completed", True, 0)
    assert answer["device"] == {"next_seq": 12, "head": phone.head, "chain": "ok"}


def test_effective_time_is_the_wall_clock_plus_the_offset(phone, visit, start):
    phone.wrong, phone.off = timedelta(hours=3), -3 * 3_600_000
    answer = phone.push(phone.append("visit.arrived", visit, start))
    assert answer["results"][0]["effective_at"] == round(start.timestamp() * 1000)


def test_the_payload_is_kept_byte_for_byte(phone, work, visit):
    entry = phone.append_text(phone.payload("note.added", visit, data={"text": "字 ✓"}).replace(", ", " ,  "))
    assert phone.fates(entry) == [("accepted", None)]
    with work.read() as db:
        assert devices.payload(db, cast.MAIN, entry["id"]) == entry["payload"].encode()


def test_the_same_batch_three_times_is_the_same_state(phone, work, visit, start):
    entries = whole_visit(phone, visit, start)
    phone.push(*entries)
    first = counted(work)
    assert phone.fates(*entries) == [("duplicate", None)] * 11
    assert phone.fates(*entries) == [("duplicate", None)] * 11
    assert counted(work) == first


def test_one_bad_event_in_a_hundred_leaves_ninety_nine_stored(phone, work, visit):
    entries = [phone.append("note.added", visit) for _ in range(100)]
    entries[49] = {**entries[49], "payload": entries[49]["payload"].replace("a note", "another")}
    fates = phone.fates(*entries)
    assert fates[49] == ("quarantined", "hash_mismatch")
    assert [fate for place, fate in enumerate(fates) if place != 49] == [("accepted", None)] * 99
    with work.read() as db:
        assert (events.count(db, cast.MAIN), quarantine.count(db, cast.MAIN)) == (100, 1)


@pytest.mark.parametrize(
    "broken",
    [None, 7, "text", [], {}, {"id": "x"}, {"seq": "50"}, [[[[]]]], {"payload": None}, {"id": None, "seq": 10**30}],
)
def test_an_entry_that_nobody_can_read_blocks_nobody(phone, work, visit, broken):
    entries = [phone.append("note.added", visit) for _ in range(3)]
    fates = phone.fates(entries[0], broken, entries[2])
    assert fates == [("accepted", None), ("quarantined", "schema_invalid"), ("accepted", None)]
    assert phone.fates(phone.append("note.added", visit)) == [("accepted", None)]


def test_an_entry_that_nobody_can_read_blocks_nobody_who_sends_one_at_a_time(phone, visit):
    first, poison, last = (phone.append("note.added", visit) for _ in range(3))
    assert phone.fates(first) == [("accepted", None)]
    assert phone.fates({**poison, "also": "of a newer app"}) == [("quarantined", "schema_invalid")]
    assert phone.fates(last) == [("accepted", None)]


def test_a_session_that_changed_at_the_last_moment_takes_no_unknown_phone_from_its_owner(phone_of, work, visit):
    owner, guest = phone_of("T001"), phone_of("T002")
    entry = owner.append("note.added", visit)
    body = json.dumps(owner.batch([entry]))
    foreign = guest.post(body).get_json()
    assert (foreign["device"], foreign["results"][0]["code"]) == (None, "actor_mismatch")
    assert owner.post(body).get_json()["device"]["next_seq"] == 2


@pytest.mark.parametrize("poison", [{"also": "of a newer app"}, {"hash": 7}, {"payload": '{"v": 99, "actor": "T001"}'}])
def test_nor_where_only_the_name_in_its_facts_can_be_read(phone_of, visit, poison):
    owner, guest = phone_of("T001"), phone_of("T002")
    body = json.dumps(owner.batch([{**owner.append("note.added", visit), **poison}]))
    assert guest.post(body).get_json()["device"] is None
    assert owner.push(owner.append("note.added", visit))["device"] is not None


def test_a_gap_asks_for_what_is_missing_and_stores_nothing_after_it(phone, work, visit):
    entries = [phone.append("note.added", visit) for _ in range(3)]
    answer = phone.push(entries[1], entries[2])
    assert [(one["status"], one["code"], one["expect_seq"]) for one in answer["results"]] == [
        ("retry", "missing_prev", 1),
        ("retry", "missing_prev", 1),
    ]
    assert phone.fates(*entries) == [("accepted", None)] * 3


def test_the_order_within_a_batch_is_by_sequence_number(phone, visit):
    entries = [phone.append("note.added", visit) for _ in range(4)]
    assert phone.fates(*reversed(entries)) == [("accepted", None)] * 4


def test_an_entry_twice_in_one_batch_is_stored_once(phone, work, visit):
    entry = phone.append("note.added", visit)
    assert phone.fates(entry, entry) == [("accepted", None), ("duplicate", None)]


def test_the_same_id_with_other_bytes_is_quarantined(phone, visit):
    first = phone.append("note.added", visit)
    phone.push(first)
    second = {**phone.append("note.added", visit, data={"text": "changed"}), "id": first["id"]}
    assert phone.fates(second) == [("quarantined", "id_conflict")]


def test_facts_of_a_phone_that_was_put_back_to_an_earlier_state_wait_until_it_has_caught_up(phone, clock, work, visit):
    begun = [phone.append("note.added", visit) for _ in range(2)]
    lost = [phone.append("note.added", visit) for _ in range(2)]
    phone.push(*begun, *lost)
    phone.seq, phone.head = 2, begun[-1]["hash"]
    again = [phone.append("note.added", visit, data={"text": "after"}) for _ in range(4)]
    assert phone.fates(*again) == [("held", "chain_fork")] * 3 + [("accepted", None)]
    assert phone.fates(*again) == [("duplicate", None)] * 2 + [("duplicate", "chain_fork"), ("duplicate", None)]
    assert phone.fates(phone.append("note.added", visit)) == [("accepted", None)]
    with work.read() as db:
        histories, held = events.histories(db, cast.MAIN, [visit])
    assert ([event.type for event in histories[visit]].count("note.added"), held[visit]) == (6, 3)
    assert [fault for check in doctor.examine(work) for fault in check.faults] == []


def test_a_damaged_copy_gives_way_to_the_fact_itself(phone, work, visit):
    entry = phone.append("note.added", visit)
    damaged = {**entry, "payload": entry["payload"].replace("a note", "a nose")}
    assert phone.fates(damaged) == [("quarantined", "hash_mismatch")]
    assert phone.fates(entry) == [("accepted", None)]
    assert phone.fates(phone.append("note.added", visit)) == [("accepted", None)]


def test_a_fact_whose_id_was_damaged_on_the_way_is_there_once(phone, work, visit):
    fact = phone.append("note.added", visit)
    assert phone.fates({**fact, "id": new_id()}) == [("accepted", None)]
    assert phone.fates(fact, phone.append("note.added", visit)) == [("duplicate", None), ("accepted", None)]
    with work.read() as db:
        assert events.count(db, cast.MAIN) == 3  # the visit, and both


def test_a_chain_that_does_not_continue_is_held_and_said(phone, visit):
    phone.push(phone.append("note.added", visit))
    phone.head = "f" * 64
    answer = phone.push(phone.append("note.added", visit))
    assert (answer["results"][0]["status"], answer["results"][0]["code"]) == ("held", "chain_fork")
    assert answer["device"]["chain"] == "forked"


def test_after_a_restore_a_phone_may_go_on_and_fill_what_was_forgotten(phone, visit):
    entries = [phone.append("note.added", visit) for _ in range(4)]
    phone.epoch = new_id()
    assert phone.fates(entries[3]) == [("accepted", None)]
    assert phone.fates(*entries) == [("accepted", None)] * 3 + [("duplicate", None)]


def test_a_statement_as_long_as_a_push_can_carry_is_a_fact(phone, visit):
    doc = {"doc": "工" * 80_000, "doc_hash": "ab" * 32}
    payload = json.loads(phone.payload("statement.presented", visit, data=doc))
    entry = phone.append_text(json.dumps(payload, ensure_ascii=False))
    body = json.dumps(phone.batch([entry]), ensure_ascii=False).encode()
    assert [one["status"] for one in phone.post(body).get_json()["results"]] == ["accepted"]


def test_types_that_phones_do_not_record_are_quarantined(phone, work, visit):
    for kind, data in (("visit.voided", {"reason": "x"}), ("visit.reinstated", {"reason": "x"}), ("nonsense", {})):
        assert phone.fates(phone.append(kind, visit, data=data)) == [("quarantined", "schema_invalid")]
    assert state_of(work, visit).state == "planned"


def test_photos_not_yet_here_are_asked_for(phone, work, visit):
    sha = work.blobs.put(cast.MAIN, b"whole")
    data = {"slot": "before", "bytes": 5, "w": 1, "h": 1}
    answer = phone.push(
        phone.append("photo.added", visit, data={**data, "blob": sha}),
        phone.append("photo.added", visit, data={**data, "blob": "ab" * 32}),
    )
    assert answer["blobs_wanted"] == [{"blob": "ab" * 32, "offset": 0}]


def test_the_answer_carries_the_day_s_mark(phone, visit):
    answer = phone.push(phone.append("note.added", visit))
    day = phone.client.get("/api/sync/v1/day")
    assert day.get_json()["etag"] == answer["day_etag"]


def test_a_batch_leaves_one_audit_row_and_a_resend_none(phone, work, visit):
    phone.push()
    with work.read() as db:
        before = audit_rows(db)
    entries = [phone.append("note.added", visit) for _ in range(5)]
    phone.push(*entries)
    phone.push(*entries)
    with work.read() as db:
        assert audit_rows(db) == before + 1


def test_a_phone_that_the_server_forgot_is_known_again_by_its_push(phone, work, visit):
    phone.push(phone.append("note.added", visit))
    with work.read() as db:
        known = devices.find(db, cast.MAIN, phone.device_id)
    assert (known.account_id, known.next_seq) == (cast.T001.account_id, 2)


def test_live_score_equals_a_recount_after_a_push(phone, work, visit, start):
    from fieldapp.services import scoring

    phone.push(*whole_visit(phone, visit, start))
    live = scoring.month_scores(work, cast.M001.actor, cast.MAIN, "2026-10")
    recount = scoring.month_scores(work, cast.M001.actor, cast.MAIN, "2026-10", recount=True)
    assert live == recount
    assert [one.sheet.judged_visits for one in live.technicians if one.sheet.technician == "T001"] == [1]


def test_json_of_an_answer_has_the_documented_names(phone, visit):
    answer = phone.push(phone.append("note.added", visit))
    assert set(answer) == {
        "server_time", "server_epoch", "min_app", "results", "device", "blobs_wanted", "day_etag",
    }  # fmt: skip
    assert set(answer["results"][0]) == {"id", "status", "effective_at", "flags"}


def test_facts_about_a_visit_of_another_branch_wait_as_unknown(phone, work, start):
    foreign = plan(work, builders.scheduled("N-1", start, "T900"), branch=cast.NORTH)[0]
    assert phone.fates(phone.append("visit.arrived", foreign)) == [("held", "unknown_visit")]
    with work.read() as db:
        assert visits.get(db, cast.NORTH, foreign).state == "planned"


def test_whoever_went_to_another_branch_is_heard_there_over_the_gap(phone, work, visit):
    phone.push(phone.append("note.added", visit))
    accounts.change_account(
        work, cast.A001.actor, "T001", name="T", role="technician", branch=cast.NORTH, team="n"
    )  # fmt: skip
    entry = phone.append("note.added", visit)
    assert [one.get("expect_seq") for one in phone.push(entry)["results"]] == [1]
    phone.epoch = "forgotten"
    assert phone.fates(entry) == [("held", "unknown_visit")]
    assert phone.fates(phone.append("note.added", visit)) == [("held", "unknown_visit")]


def test_nothing_is_stored_without_signing_in(clock, client, work, visit):
    phone = Phone(clock, client)
    answer = phone.post(phone.batch([phone.append("note.added", visit)]))
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert "X-Field-Sync" not in answer.headers
    with work.read() as db:
        assert events.count(db, cast.MAIN) == 1


def test_pushes_are_for_technicians(sign_in):
    answer = sign_in("D001").post(PUSH, data=json.dumps({}), headers={**MARK, "Content-Type": "application/json"})
    assert answer.status_code == 403


def test_what_a_phone_sends_for_another_person_than_the_one_signed_in_is_refused(phone, work, visit):
    answer = phone.post(phone.batch([phone.append("note.added", visit)]), **{"X-Field-User": "T002"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "other_person")
    own = phone.post(phone.batch([phone.append("note.added", visit)]), **{"X-Field-User": "T001"})
    assert own.status_code == 200
    day = phone.client.get("/api/sync/v1/day", headers={"X-Field-User": "T002"})
    assert (day.status_code, day.get_json()["code"]) == (403, "other_person")
