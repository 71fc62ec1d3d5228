"""Rescue files: the same facts by the same rules, whoever brings them, how often; nothing at all from a bad file."""

import hashlib
import io
import json
import re
from datetime import timedelta

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from fieldapp.services import phones, photos, rescue
from fieldapp.storage import audit, devices, events, quarantine, visits
from tests import cast
from tests.sync.phone import new_id
from tests.sync.sealing import seal
from tests.sync.test_blobs import jpeg


@pytest.fixture
def server(phone):
    return phone.client.get("/m/me.json").get_json()["rescue"]


@pytest.fixture
def bring(sign_in):
    def act(raw, login="D001"):
        return sign_in(login).post("/rescue/", data={"file": (io.BytesIO(raw), "fieldapp-rescue-T001.json")})

    return act


def words(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def stored(work):
    with work.read() as db:
        return (
            events.count(db, cast.MAIN), sorted(one.event.id for one in events.held_of(db, cast.MAIN)),
            quarantine.count(db, cast.MAIN), sorted(work.blobs.all(cast.MAIN)),
        )  # fmt: skip


def register(phone):
    phone.client.post(
        "/api/sync/v1/devices", json={"device_id": phone.device_id, "name": "Moto"}, headers={"X-Field-Sync": "1"}
    )


@pytest.mark.parametrize("login", ["D001", "Q001", "M001", "T002", "A001"])
def test_anybody_of_the_staff_brings_in_facts_and_photos_that_count_for_their_owner(
    login, phone, work, visit, start, server, bring
):
    register(phone)
    photo = jpeg((600, 400))
    entries = [phone.append("visit.departed", visit, start), phone.append("visit.arrived", visit, start)]
    answer = bring(seal(phone, server, entries, (photo,)), login)
    assert answer.status_code == 200
    assert words(answer).count("Stored; it counts.") == 2
    assert "Brought in for Chen Wei. Entries: 2, photos: 1" in words(answer)
    with work.read() as db:
        assert visits.get(db, cast.MAIN, visit).state == "arrived"
        found, _ = events.histories(db, cast.MAIN, [visit])
        assert {event.actor for event in found[visit]} >= {"T001"}
        assert devices.payload(db, cast.MAIN, entries[0]["id"]) == entries[0]["payload"].encode()
        assert audit.verify(db) == []
    assert len(list(work.blobs.all(cast.MAIN))) == 1


def test_twice_and_then_the_phone_itself_changes_nothing(phone, work, visit, start, server, bring):
    register(phone)
    entries = [phone.append("visit.departed", visit, start), phone.append("visit.arrived", visit, start)]
    raw = seal(phone, server, entries, (jpeg((600, 400)),))
    bring(raw)
    first = stored(work)
    assert words(bring(raw, "T002")).count("Was on the server already.") == 3
    assert phone.fates(*entries) == [("duplicate", None)] * 2
    assert phone.fates(phone.append("note.added", visit)) == [("accepted", None)]
    count, *rest = stored(work)
    assert (count, *rest) == (first[0] + 1, *first[1:])


def test_a_gap_before_the_file_is_bridged_and_may_be_filled_later(phone, work, visit, server, bring):
    register(phone)
    lost, kept = phone.append("note.added", visit), phone.append("note.added", visit)
    assert "Stored; it counts." in words(bring(seal(phone, server, [kept])))
    assert phone.fates(lost) == [("accepted", None)]


def test_the_rules_of_a_push_hold(phone, work, visit, start, server, bring, phone_of):
    register(phone)
    foreign = phone_of("T002").append("note.added", visit)
    bad = {**phone.append("note.added", visit), "hash": "0" * 64}
    unknown = phone.append("note.added", new_id())
    answer = words(bring(seal(phone, server, [bad, unknown, {**foreign, "seq": 3}])))
    assert "it cannot be read" in answer
    assert "The server does not know this visit" in answer
    assert stored(work)[2] == 1


def test_from_an_unknown_device_everything_waits(phone, work, visit, server, bring):
    answer = words(bring(seal(phone, server, [phone.append("note.added", visit)])))
    assert "Recorded by somebody else" in answer
    assert len(stored(work)[1]) == 1


def test_from_a_revoked_device_everything_waits(phone, work, visit, server, bring, sign_in):
    register(phone)
    sign_in("A001").post(f"/admin/accounts/T001/phones/{phone.device_id}/revoke")
    assert "signed off by the office" in words(bring(seal(phone, server, [phone.append("note.added", visit)])))


def test_more_than_a_hundred_entries_are_all_taken(phone, work, visit, server, bring):
    register(phone)
    entries = [phone.append("note.added", visit) for _ in range(205)]
    assert words(bring(seal(phone, server, entries))).count("Stored; it counts.") == 205


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda raw: raw[: len(raw) // 2], "not whole"),
        (lambda raw: b"hello", "no rescue file"),
        (lambda raw: b"", "no rescue file"),
        (lambda raw: b"[" * 100_000, "no rescue file"),
        (lambda raw: json.dumps({**json.loads(raw), "key": "0" * 16}).encode(), "another server"),
        (lambda raw: json.dumps({**json.loads(raw), "login": "T002"}).encode(), "changed or damaged"),
        (lambda raw: json.dumps({**json.loads(raw), "parts": json.loads(raw)["parts"][:-1]}).encode(), "changed or"),
        (lambda raw: json.dumps({**json.loads(raw), "parts": []}).encode(), "changed or damaged"),
        (lambda raw: json.dumps({**json.loads(raw), "ephemeral": "AAAA"}).encode(), "changed or damaged"),
        (lambda raw: json.dumps({**json.loads(raw), "parts": ["é"]}).encode(), "changed or damaged"),
    ],
)  # fmt: skip
def test_a_bad_file_touches_nothing(spoil, said, phone, work, visit, server, bring):
    register(phone)
    raw = seal(phone, server, [phone.append("note.added", visit)], (jpeg((600, 400)),))
    before = stored(work)
    answer = bring(spoil(raw))
    assert answer.status_code == 422
    assert said in words(answer)
    assert stored(work) == before


def test_a_file_of_another_branch_is_refused(phone, work, visit, server, bring):
    register(phone)
    before = stored(work)
    assert bring(seal(phone, server, [phone.append("note.added", visit)]), "D900").status_code == 422
    assert stored(work) == before


def test_a_page_without_its_form_token_is_refused(app, sign_in):
    app.config["WTF_CSRF_ENABLED"] = True
    client = sign_in("D001")
    bare = client.post("/rescue/", data={"file": (io.BytesIO(b"x"), "x.json"), "csrf_token": "wrong"})
    assert bare.status_code == 400


def test_the_command_says_item_by_item_what_became_of_it(phone, work, visit, server, settings, tmp_path):
    register(phone)
    file = tmp_path / "rescue.json"
    file.write_bytes(seal(phone, server, [phone.append("note.added", visit)]))
    env = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_SECRET_KEY": settings.secret_key}
    done = CliRunner(env=env).invoke(main, ["import", "rescue", str(file)])
    assert (done.exit_code, done.output) == (0, "1\tnote.added\taccepted\n1 entries and 0 photos of T001\n")
    file.write_bytes(file.read_bytes()[:-9])
    cut = CliRunner(env=env).invoke(main, ["import", "rescue", str(file)])
    assert cut.exit_code == 2
    assert "not whole" in cut.output


def test_the_key_is_made_once_and_private(settings, server, app, sign_in):
    file = settings.instance / "rescue-key.pem"
    assert file.stat().st_mode & 0o077 == 0
    assert sign_in("T002").get("/m/me.json").get_json()["rescue"] == server


def test_a_rescued_phone_no_longer_holds_anything(phone, work, visit, server, bring, clock):
    register(phone)
    entries = [phone.append("note.added", visit), phone.append("note.added", visit)]
    told = {"app": "1", "outbox": 5, "photos": 2, "oldest": (clock() - timedelta(hours=80)).timestamp() * 1000}
    phone.push(entries[0], client=told)
    [held] = phones.list_phones(work, cast.D001.actor, cast.MAIN)
    assert (held.facts, held.photos, held.is_alert) == (4, 2, True)
    bring(seal(phone, server, entries))
    [after] = phones.list_phones(work, cast.D001.actor, cast.MAIN)
    assert (after.holds, after.is_alert) == (False, False)


def test_what_somebody_else_brings_at_the_same_moment_is_no_damage(phone, bring, server, work, monkeypatch):
    """Whoever else it is (the phone, another member of staff) is a piece ahead, each time."""
    monkeypatch.setattr(rescue.photos, "MAX_PIECE", 1000)
    photo = b"\xff\xd8\xff" + bytes(5000)
    add, ahead = photos.add_piece, []

    def after_another(work, owner, sha256, **piece):
        ahead.append(add(work, owner, sha256, **piece))
        return add(work, owner, sha256, **piece)

    monkeypatch.setattr(rescue.photos, "add_piece", after_another)
    answer = bring(seal(phone, server, [], (photo,)))
    assert "damaged" not in words(answer)
    assert len(ahead) == 6
    assert work.blobs.has(cast.MAIN, hashlib.sha256(photo).hexdigest())
