"""`fieldapp person`, as an operator uses it: a customer and an employee handed out, erased, and erased again after an
older backup was restored."""

import json
import zipfile
from datetime import timedelta

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import visit_id
from fieldapp.services import accounts, calendar_feeds, photos
from fieldapp.storage import visits
from tests import builders, cast
from tests.cast import MAIN, T001
from tests.conftest import make_test_work
from tests.fakes import Clock
from tests.links import store

START = cast.NOW - timedelta(days=2)
NAMES = ("Wang Fang", "13800000001", "Harbour Road")


@pytest.fixture
def run(work, settings):
    store(work, builders.perfect_visit("WO-1", START))
    store(work, builders.perfect_visit("WO-2", START + timedelta(hours=3)))

    def act(*arguments: str, **more: str):
        environment = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_BACKUP_KEY": "", **more}
        return CliRunner(env=environment).invoke(main, arguments)

    return act


def place(folder, **more: str) -> dict[str, str]:
    """Settings of an installation of its own, on SQLite whatever the first one is on."""
    return {"FIELDAPP_INSTANCE": str(folder), "FIELDAPP_DATABASE_URL": f"sqlite:///{folder / 'fieldapp.db'}", **more}


def holds(work) -> list[str]:
    """Which of the customer's data the program can still read."""
    with work.read() as db:
        told = [visits.get(db, MAIN, visit_id(MAIN, one)) for one in ("WO-1", "WO-2")]
    return [name for name in NAMES if any(name in f"{one.customer_name} {one.phone} {one.address}" for one in told)]


def holds_there(folder) -> list[str]:
    """The same in such a place."""
    work = make_test_work(folder, Clock(cast.NOW))
    found = holds(work)
    work.database.dispose()
    return found


def test_a_customer_gets_an_archive_with_data_and_signature(run, tmp_path):
    target = tmp_path / "wang.zip"
    done = run("person", "export", "--phone", "138-0000-0001", "--output", str(target))
    assert (done.exit_code, done.stdout) == (0, f"{target}: 2 visits, 0 photos, 2 signatures\n")
    assert target.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        assert [name.split("/")[0] for name in names] == [MAIN] * 4
        [data, *_] = [json.loads(archive.read(name)) for name in names if name.endswith("data.json")]
    assert data["order"]["customer_name"] == "Wang Fang"
    again = run("person", "export", "--order", "WO-1", "--output", str(target))
    assert (again.exit_code, again.stderr) == (
        2,
        f"fieldapp: {target} is there already, and nothing is written over; give another name\n",
    )


def test_one_person_is_named_in_one_way(run, tmp_path):
    for arguments in ((), ("--order", "WO-1", "--phone", "1"), ("--order", "WO-1", "--employee", "T001")):
        done = run("person", "erase", *arguments)
        assert (done.exit_code, "exactly one of" in done.stderr) == (2, True)
    done = run("person", "erase", "--order", "WO-9")
    assert (done.exit_code, "there is no visit for 'WO-9'" in done.stderr) == (2, True)


def test_a_list_that_cannot_be_written_is_named_and_nobody_is_erased(run, work, tmp_path):
    listed = tmp_path / "nowhere" / "list"
    done = run("person", "erase", "--phone", "13800000001", FIELDAPP_ERASURES=str(listed))
    assert (done.exit_code, "nobody was erased" in done.stderr, str(listed) in done.stderr) == (2, True, True)
    assert holds(work) == list(NAMES)


def test_where_a_photo_cannot_be_removed_the_erasure_says_so_and_the_next_one_finishes_it(run, work, settings):
    photo = work.blobs.put(MAIN, b"photo")
    store(work, [builders.line("photo.added", "WO-1", START, slot="after", blob=photo, bytes=1, w=1, h=1)])
    photos.received(work, T001.actor, photo)
    [file] = (settings.instance / "blobs").rglob(photo)
    file.unlink()
    file.mkdir()  # no file: removing it fails
    done = run("person", "erase", "--phone", "13800000001")
    assert (done.exit_code, "nobody was erased" in done.stderr, "try again" in done.stderr) == (1, False, True)
    assert len((settings.instance / "erasures.jsonl").read_text().splitlines()) == 2
    file.rmdir()
    file.write_bytes(b"photo")
    assert run("person", "erase", "--order", "WO-1").exit_code == 0
    assert run("person", "erase", "--order", "WO-2").exit_code == 0
    assert (file.exists(), holds(work)) == (False, [])
    assert run("doctor").exit_code == 0


def test_an_erased_customer_stays_erased_when_an_older_backup_is_restored(run, work, settings, tmp_path):
    assert run("backup", str(tmp_path / "old")).exit_code == 0
    done = run("person", "erase", "--order", "WO-1")
    assert (done.exit_code, done.stdout) == (0, "erased: 1 visits, 13 facts, 0 photos\n")
    assert done.stderr == "fieldapp: 1 more visits have the same telephone number; see --phone\n"
    done = run("person", "erase", "--phone", "13800000001")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "erased: 1 visits, 13 facts, 0 photos\n", "")
    assert run("doctor").exit_code == 0
    assert holds(work) == []

    there = tmp_path / "there"
    listed = settings.instance / "erasures.jsonl"
    assert not any(name in listed.read_text() for name in (*NAMES, "WO-1"))
    done = run("restore", str(tmp_path / "old"), **place(there, FIELDAPP_ERASURES=str(listed)))
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "erased again: 2 visits, 0 employees")
    assert holds_there(there) == []
    assert run("doctor", **place(there)).exit_code == 0
    elsewhere = run("restore", str(tmp_path / "old"), **place(tmp_path / "else"))
    assert "no list of erasures" in elsewhere.stdout
    assert holds_there(tmp_path / "else") == list(NAMES)


def test_a_rehearsal_leaves_the_list_of_erasures_alone(run, settings, tmp_path):
    assert run("person", "erase", "--order", "WO-1").exit_code == 0
    (settings.instance / "erasures.jsonl").unlink()
    for number, known in enumerate(("", '{"branch":"main","id":"x","when":"2026-10-01T00:00:00Z"}\n')):
        listed = tmp_path / f"list{number}"
        if known:
            listed.write_text(known)
        done = run("backup", str(tmp_path / f"b{number}"), "--rehearse", FIELDAPP_ERASURES=str(listed))
        assert (done.exit_code, "restored and healthy" in done.stdout) == (0, True)
        assert (listed.read_text() if listed.exists() else "") == known
    listed.write_text("erase Mr Lu\nand Ms Wang\n")
    done = run("restore", str(tmp_path / "b0"), "--rehearse", FIELDAPP_ERASURES=str(listed))
    assert (done.exit_code, f"{listed}, line 1" in done.stderr) == (2, True)


def test_a_list_that_cannot_be_written_is_named_and_nothing_is_left_of_the_restore(run, settings, tmp_path):
    assert run("person", "erase", "--order", "WO-1").exit_code == 0
    assert run("backup", str(tmp_path / "b")).exit_code == 0
    there, listed = tmp_path / "there", tmp_path / "nowhere" / "list"
    more = place(there, FIELDAPP_ERASURES=str(listed))
    done = run("restore", str(tmp_path / "b"), **more)
    assert (done.exit_code, f"{listed} cannot be written" in done.stderr) == (1, True)
    assert not [path for path in there.rglob("*") if path.is_file() and "fieldapp.db" not in path.name]
    listed.parent.mkdir()
    assert run("restore", str(tmp_path / "b"), **more).exit_code == 0
    assert len(listed.read_text().splitlines()) == 1


def test_a_list_that_is_none_stops_a_restore_before_it_begins(run, settings, tmp_path):
    assert run("backup", str(tmp_path / "old")).exit_code == 0
    (tmp_path / "list").write_text("erase Mr Lu\nand Ms Wang\n")
    there = tmp_path / "there"
    more = place(there, FIELDAPP_ERASURES=str(tmp_path / "list"))
    done = run("restore", str(tmp_path / "old"), **more)
    assert (done.exit_code, "line 1: no line of an erase list" in done.stderr) == (2, True)
    assert [path.name for path in there.iterdir()] == []


def test_an_employee_is_erased_once_they_left_long_enough_ago(run, work, clock, tmp_path):
    def erase() -> str:
        return run("person", "erase", "--employee", "T001", FIELDAPP_KEEP="employees=1").stderr

    calendar_feeds.create(work, T001.actor)
    assert "still works here" in erase()
    accounts.disable_account(work, OPERATOR, "T001")
    # The command has the machine's own clock, which is later than the tests'.
    assert "∞" in run("person", "erase", "--employee", "T001", FIELDAPP_KEEP="employees=never").stderr
    target = tmp_path / "t001.zip"
    assert run("person", "export", "--employee", "T001", "--output", str(target)).exit_code == 0
    with zipfile.ZipFile(target) as archive:
        kinds = {one["kind"] for one in json.loads(archive.read("data.json"))}
    assert {"account", "score", "fact", "audit"} <= kinds
    assert run("backup", str(tmp_path / "old")).exit_code == 0

    assert erase() == ""
    assert calendar_feeds.since(work, T001.actor) is None
    assert accounts.get_account(work, OPERATOR, "T001").name == "T001"
    assert "only the code is left" in erase()
    assert run("doctor").exit_code == 0
    there = tmp_path / "there"
    more = place(there, FIELDAPP_ERASURES=str(work.blobs.folder.parent / "erasures.jsonl"))
    done = run("restore", str(tmp_path / "old"), **more)
    assert done.stdout.splitlines()[-1] == "erased again: 0 visits, 1 employees"
    assert T001.name not in run("user", "list", **more).stdout
