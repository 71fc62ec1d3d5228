"""Quarantine: sealed, seen by quality alone, read at last after an update, erased with the visit it is about."""

import json
import re
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from fieldapp.cli import main
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.visits.upcasting import Versions
from fieldapp.services import doctor, installation, quarantine, sync_push, sync_wire
from fieldapp.storage import devices, events, visits
from fieldapp.storage import quarantine as shelf
from tests import cast
from tests.sync.phone import new_id

#: The reader of a program that is older than the phones' app.
OLDER = Versions(0, {})
NOTE = {"text": "Mrs Zhou has a dog"}


@pytest.fixture
def unread(phone, work):
    """`unread(entries)`: came while the program could not read it; returns the digests, the latest first."""

    def act(*entries):
        body = json.dumps(phone.batch(list(entries))).encode()
        batch = sync_wire.read_batch(body, work.now().date(), versions=OLDER)
        sync_push.deposit(work, cast.T001.actor, batch, by=cast.T001.actor)
        return [one.digest for one in quarantine.list_kept(work, cast.Q001.actor)]

    return act


@pytest.fixture
def registered(phone):
    phone.client.post(
        "/api/sync/v1/devices", json={"device_id": phone.device_id, "name": "Moto"}, headers={"X-Field-Sync": "1"}
    )
    return phone


def words(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def facts(work):
    with work.read() as db:
        return [(event.type, event.effective_at, event.grade) for event in events.all_events(db, cast.MAIN)][1:]


def actions(work):
    with work.database.engine.connect() as connection:
        rows = connection.execute(text("SELECT action, actor FROM audit WHERE action LIKE 'quarantine%'"))
        return [tuple(row) for row in rows]


def audit_subjects(work):
    with work.database.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT subject FROM audit WHERE action = 'quarantine.replayed' ORDER BY number")
        )
        return [row[0] for row in rows]


def test_nothing_that_was_sent_can_be_read_in_the_database(unread, registered, work, visit):
    unread(registered.append("note.added", visit, data=NOTE))
    with work.database.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM quarantine")).one()
    assert b"dog" not in b"".join(one for one in row if isinstance(one, bytes))
    assert row.raw is None
    assert row.problem is None


def test_what_is_read_after_an_update_counts_as_of_when_it_came(unread, registered, work, visit, clock):
    happened = clock()
    entry = registered.append("visit.arrived", visit)
    clock.advance(hours=2)
    digest = unread(entry)[0]
    clock.advance(hours=40)
    assert quarantine.replay(work, cast.Q001.actor, digest) == "accepted"
    assert facts(work) == [("visit.arrived", happened, "B")]
    with work.read() as db:
        assert visits.get(db, cast.MAIN, visit).state == "arrived"
        assert shelf.count(db, cast.MAIN) == 0
    assert actions(work) == [("quarantine.replayed", "Q001")]
    assert registered.fates(registered.append("note.added", visit)) == [("accepted", None)]
    assert [check.faults for check in doctor.examine(work) if check.faults] == []


def test_a_clock_that_was_set_back_gains_nothing_by_a_detour(unread, registered, work, visit, clock):
    registered.wrong = -timedelta(minutes=40)
    registered.off = 0
    entry = registered.append("visit.arrived", visit)
    registered.off = 40 * 60_000
    clock.advance(minutes=30)
    digest = unread(entry)[0]
    assert quarantine.replay(work, cast.Q001.actor, digest) == "held"
    with work.read() as db:
        assert [fact.code for fact in events.held_of(db, cast.MAIN)] == ["clock_suspect"]


def test_a_replay_is_done_once_and_a_resend_after_it_is_known(unread, registered, work, visit):
    entry = registered.append("note.added", visit, data=NOTE)
    digest = unread(entry)[0]
    quarantine.replay(work, cast.Q001.actor, digest)
    with pytest.raises(quarantine.Conflict, match="quarantine_ended"):
        quarantine.replay(work, cast.Q001.actor, digest)
    assert registered.fates(entry) == [("duplicate", None)]
    assert len(facts(work)) == 1


def test_everything_is_tried_in_the_order_in_which_it_was_sent(unread, registered, work, visit, clock):
    unread(*(registered.append("note.added", visit) for _ in range(11)))
    clock.advance(minutes=1)
    unread(registered.append("visit.departed", visit))
    assert quarantine.replay_all(work, cast.Q001.actor) == {"accepted": 12}
    with work.read() as db:
        found = devices.find(db, cast.MAIN, registered.device_id)
        replays = audit_subjects(work)
        kept = {one.digest: int(one.seq) for one in shelf.listed(db, cast.MAIN)}
    assert (found.next_seq, found.head, found.chain) == (13, registered.head, "ok")
    assert [kept[digest] for digest in replays] == list(range(1, 13))


def test_what_is_no_fact_stays(registered, work, visit):
    registered.push(registered.append_text("{}"))
    kept = quarantine.list_kept(work, cast.Q001.actor)[0]
    with pytest.raises(quarantine.Conflict, match="quarantine_still"):
        quarantine.replay(work, cast.Q001.actor, kept.digest)
    assert quarantine.replay_all(work, cast.Q001.actor) == {"still": 1}


def test_a_replay_counts_no_more_than_the_push_would_have(phone_of, work, visit):
    """Whoever sends unreadable things in a colleague's name gains nothing by having them read."""
    owner, guest = phone_of("T001"), phone_of("T002")
    owner.push(owner.append("note.added", visit))
    guest.device_id = owner.device_id
    forged = owner.append("visit.arrived", visit)
    body = json.dumps(owner.batch([forged])).encode()
    batch = sync_wire.read_batch(body, work.now().date(), versions=OLDER)
    sync_push.deposit(work, cast.T002.actor, batch, by=cast.T002.actor)
    kept = quarantine.list_kept(work, cast.Q001.actor)[0]
    assert quarantine.replay(work, cast.Q001.actor, kept.digest) == "held"
    with work.read() as db:
        assert [fact.code for fact in events.held_of(db, cast.MAIN)] == ["actor_mismatch"]


def test_quality_sees_it_and_opening_it_is_written_down(unread, registered, work, visit, sign_in):
    digest = unread(registered.append("note.added", visit, data=NOTE))[0]
    quality = sign_in("Q001")
    assert "The program could not read it" in words(quality.get("/quality/quarantine/"))
    assert "dog" not in words(quality.get(f"/quality/quarantine/{digest}"))
    assert actions(work) == []
    assert "Mrs Zhou has a dog" in words(quality.post(f"/quality/quarantine/{digest}/reveal"))
    assert actions(work) == [("quarantine.revealed", "Q001")]


@pytest.mark.parametrize("payload", ["\x00", '"\\ud800"', "[" * 100_000, "9" * 5000, "<script>alert(1)</script>"])
def test_whatever_was_sent_can_be_shown(phone, sign_in, payload):
    phone.push(phone.append_text(payload))
    quality = sign_in("Q001")
    digest = re.search(r"/quality/quarantine/([0-9a-f]{64})", quality.get("/quality/quarantine/").text).group(1)
    page = quality.post(f"/quality/quarantine/{digest}/reveal")
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_quality_has_it_read_by_a_button(unread, registered, visit, sign_in):
    digest = unread(registered.append("note.added", visit, data=NOTE))[0]
    quality = sign_in("Q001")
    answer = quality.post(f"/quality/quarantine/{digest}/replay", follow_redirects=True)
    assert "Read at last: stored, it counts." in words(answer)
    assert "Nothing is in quarantine" in words(quality.get("/quality/quarantine/"))
    assert digest in quality.get("/quality/quarantine/?state=ended").text
    again = quality.post("/quality/quarantine/replay", follow_redirects=True)
    assert "Read at last: 0. Still waiting: 0." in words(again)


def damaged(phone, visit):
    return {**phone.append("note.added", visit, data=NOTE), "hash": "0" * 64}


def doubled(phone, visit):
    entry = phone.append("note.added", visit, data=NOTE)
    phone.push(entry)
    return {**phone.append("visit.departed", visit), "id": entry["id"]}


def nonsense(phone, visit):
    return phone.append_text("{}")


@pytest.mark.parametrize(
    ("code", "sent"), [("hash_mismatch", damaged), ("id_conflict", doubled), ("schema_invalid", nonsense)]
)
def test_quality_settles_each_kind_with_a_reason_and_the_bar_counts_it_no_more(
    registered, work, visit, sign_in, code, sent
):  # fmt: skip
    assert registered.fates(sent(registered, visit)) == [("quarantined", code)]
    (kept,) = quarantine.list_kept(work, cast.Q001.actor)
    before = quarantine.reveal(work, cast.Q001.actor, kept.digest)
    assert before.raw
    client = sign_in("Q001")
    waiting = re.compile(r'href="/quality/quarantine/"[^>]*>.*?1', re.DOTALL)
    assert quarantine.count_waiting(work, cast.Q001.actor) == 1
    page = client.get(f"/quality/quarantine/{kept.digest}")
    assert waiting.search(page.text)
    assert "Settle it" in words(page)
    answer = client.post(f"/quality/quarantine/{kept.digest}/settle", data={"reason": " Li Wei tried two apps. "})
    assert answer.status_code == 303
    assert quarantine.count_waiting(work, cast.Q001.actor) == 0
    assert "Nothing is in quarantine" in words(client.get("/quality/quarantine/"))
    page = words(client.get(f"/quality/quarantine/{kept.digest}"))
    assert "Q001 settled it on" in page
    assert "Li Wei tried two apps." in page
    assert "Settle it" not in page
    assert quarantine.reveal(work, cast.Q001.actor, kept.digest) == before
    assert ("quarantine.settled", "Q001") in actions(work)
    with work.database.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM quarantine")).one()
    assert b"two apps" not in b"".join(one for one in row if isinstance(one, bytes))
    assert [check.faults for check in doctor.examine(work) if check.faults] == []


def test_what_is_settled_is_settled_once_and_with_a_reason(registered, work, visit, sign_in):
    registered.push(damaged(registered, visit))
    (kept,) = quarantine.list_kept(work, cast.Q001.actor)
    client, address = sign_in("Q001"), f"/quality/quarantine/{kept.digest}/settle"
    for reason in ("", " \n"):
        answer = client.post(address, data={"reason": reason})
        assert answer.status_code == 422
        assert "Please give a reason." in words(answer)
    assert client.post(address, data={"reason": "x" * 1001}).status_code == 422
    quarantine.settle(work, cast.Q001.actor, kept.digest, "looked at")
    with pytest.raises(quarantine.Conflict, match="quarantine_ended"):
        quarantine.settle(work, cast.Q001.actor, kept.digest, "again")
    assert "Somebody has dealt with this already" in words(
        client.post(address, data={"reason": "again"}, follow_redirects=True)
    )
    assert quarantine.detail(work, cast.Q001.actor, kept.digest)[1] == "looked at"
    assert actions(work) == [("quarantine.settled", "Q001")]


def test_what_was_settled_may_still_be_read_one_day(unread, registered, work, visit):
    digest = unread(registered.append("visit.arrived", visit))[0]
    quarantine.settle(work, cast.Q001.actor, digest, "an app that nobody has any more")
    assert quarantine.replay_all(work, cast.Q001.actor) == {}
    assert quarantine.replay(work, cast.Q001.actor, digest) == "accepted"
    assert [kind for kind, *_ in facts(work)] == ["visit.arrived"]
    with pytest.raises(quarantine.Conflict, match="quarantine_ended"):
        quarantine.settle(work, cast.Q001.actor, digest, "too late")


def test_the_reason_goes_with_the_customer(unread, registered, work, visit):
    digest = unread(registered.append("note.added", visit, data=NOTE))[0]
    quarantine.settle(work, cast.Q001.actor, digest, "Mrs Zhou was called")
    assert quarantine.erase(work, OPERATOR, cast.MAIN, [visit]) == 1
    assert quarantine.detail(work, cast.Q001.actor, digest)[1] is None
    with work.database.engine.connect() as connection:
        assert connection.execute(text("SELECT wrapped, reason_wrapped FROM quarantine")).all() == [(None, None)]


def test_an_admin_sees_only_that_something_is_there(unread, registered, visit, sign_in):
    digest = unread(registered.append("note.added", visit, data=NOTE))[0]
    admin = sign_in("A001")
    assert "1 thing that a phone or an import sent" in words(admin.get("/admin/"))
    assert admin.get(f"/quality/quarantine/{digest}").status_code == 403
    for act in ("reveal", "replay", "settle"):
        assert admin.post(f"/quality/quarantine/{digest}/{act}", data={"reason": "why"}).status_code == 403


def test_another_branch_finds_nothing(unread, registered, visit, sign_in):
    digest = unread(registered.append("note.added", visit, data=NOTE))[0]
    far = sign_in("Q900")
    assert far.get(f"/quality/quarantine/{digest}").status_code == 404
    for act in ("reveal", "replay", "settle"):
        assert far.post(f"/quality/quarantine/{digest}/{act}", data={"reason": "why"}).status_code == 404


def test_it_is_erased_with_the_visit_it_names(unread, registered, work, visit, settings, sign_in):
    digest = unread(registered.append("note.added", visit, data=NOTE), registered.append_text("{}"))[0]
    run = CliRunner().invoke(
        main, ["quarantine", "erase", "WO-1"], env={"FIELDAPP_INSTANCE": str(settings.instance)}, catch_exceptions=False
    )
    assert run.output == "erased: 1\n"
    left = {one.erased_at is None for one in quarantine.list_kept(work, cast.Q001.actor, is_open=False)}
    assert left == {False}
    (gone,) = quarantine.list_kept(work, cast.Q001.actor, is_open=False)
    assert "was erased" in words(sign_in("Q001").get(f"/quality/quarantine/{gone.digest}"))
    for act in (quarantine.reveal, quarantine.replay):
        with pytest.raises(quarantine.Conflict):
            act(work, cast.Q001.actor, gone.digest)
    assert digest in {one.digest for one in [gone, *quarantine.list_kept(work, cast.Q001.actor)]}


def test_a_database_from_before_sealing_is_sealed_by_the_upgrade(work):
    with work.database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO quarantine (branch, digest, code, origin, received_at, problem, raw) VALUES"
                " ('main', 'old', 'schema_invalid', 'push', '2026-10-01 00:00:00.000000', 'no payload', :raw)"
            ),
            {"raw": b'{"name":"Mrs Zhou"}'},
        )
    installation.upgrade(work, timezone=cast.ZONE)
    (kept,) = quarantine.list_kept(work, cast.Q001.actor)
    assert quarantine.reveal(work, cast.Q001.actor, kept.digest) == quarantine.Content(
        "no payload", b"", b'{"name":"Mrs Zhou"}'
    )
    with work.database.engine.connect() as connection:
        assert connection.execute(text("SELECT raw, problem FROM quarantine")).all() == [(None, None)]


def test_doctor_names_what_was_changed_in_the_database(registered, work, visit):
    entries = [registered.append("note.added", visit, data=NOTE) for _ in range(3)]
    registered.push(*entries, {**registered.append("note.added", visit), "id": new_id(), "also": 1})
    assert [check.faults for check in doctor.examine(work) if check.faults] == []
    with work.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE payloads SET payload = :other WHERE event_id = :one"),
            {"other": entries[1]["payload"].replace("dog", "cat").encode(), "one": entries[1]["id"]},
        )
        connection.execute(text("UPDATE quarantine SET actor = actor, box = :other"), {"other": b"x" * 60})
    faults = {fault for check in doctor.examine(work) for fault in check.faults}
    assert f"fact {entries[1]['id']}: its bytes are not what the phone hashed" in faults
    assert any("sealed with another data key" in fault for fault in faults)
