"""Backups: one view of everything while others write, and what an older program wrote."""

import tarfile
from datetime import timedelta
from pathlib import Path

import pytest

from fieldapp.services import backups, erasing, health, installation, restoring
from fieldapp.services.doctor import examine
from fieldapp.services.work import Busy, Work
from fieldapp.storage import events, migrate, visits
from fieldapp.storage.blobs import WrongHash
from fieldapp.storage.erase_list import EraseList
from tests import builders, cast
from tests.conftest import make_test_work
from tests.fakes import Clock
from tests.sync.phone import plan

KEYS = {"secret-key": cast.SECRET, "data-key": cast.DATA_KEY}


def silent(rows: int, photos: int) -> None:
    pass


def write(work: Work, path: Path, progress: backups.Progress = silent) -> backups.Manifest:
    return backups.write(work, path, program="1", keys=KEYS, key_files={}, seal=None, progress=progress)


def restored(work: Work, path: Path, folder: Path, *, prepared: bool = False) -> Work:
    """A new place with what is in the file; `prepared`: an installation that nobody used yet."""
    folder.mkdir()
    there = make_test_work(folder, Clock(work.now() + timedelta(minutes=1)))
    if prepared:
        installation.upgrade(there, timezone=cast.ZONE)
    checked = backups.check(path, None, silent)
    assert restoring.keys_for(checked, KEYS, folder) == KEYS
    done = restoring.restore(
        there, path, checked, seal=None, instance=folder, timezone=cast.ZONE,
        erase_list=EraseList(folder / "erasures.jsonl"), by="root", progress=silent,
    )  # fmt: skip
    assert (done.faults, done.visits) == ([], 0)
    return there


def orders(work: Work) -> set[str]:
    with work.read() as db:
        return {
            one.external_id for one in visits.between(db, cast.MAIN, cast.NOW - timedelta(9), cast.NOW + timedelta(9))
        }


def test_what_is_written_meanwhile_is_not_in_it_and_nothing_is_torn(work, settings, clock, tmp_path):
    """Facts, visits and audit rows that belong together are in different tables."""
    plan(work, builders.scheduled("WO-1", clock()))
    other = make_test_work(settings.instance, clock, settings.database_url)
    written = []

    def meanwhile(rows: int, photos: int) -> None:
        clock.advance(seconds=1)
        written.append(f"WO-{rows}-{photos}-{len(written)}")
        plan(other, builders.scheduled(written[-1], clock()))

    write(work, tmp_path / "b", meanwhile)
    other.database.dispose()
    assert len(written) > 20
    assert {"WO-1", *written} == orders(work)
    there = restored(work, tmp_path / "b", tmp_path / "there")
    assert orders(there) == {"WO-1"}
    assert [check for check in examine(there) if check.faults] == []
    there.database.dispose()


def test_a_photo_that_comes_meanwhile_does_no_harm(work, tmp_path):
    work.blobs.put(cast.MAIN, b"first")

    def meanwhile(rows: int, photos: int) -> None:
        if photos == 0:
            work.blobs.put(cast.MAIN, f"photo {rows}".encode())

    made = write(work, tmp_path / "b", meanwhile)
    assert made.photos > 1
    there = restored(work, tmp_path / "b", tmp_path / "there")
    assert list(there.blobs.all(cast.MAIN)) == list(work.blobs.all(cast.MAIN))
    there.database.dispose()


@pytest.mark.sqlite
def test_a_photo_that_the_store_has_lost_is_named_and_stops_nothing(work, tmp_path):
    sha256 = "a" * 64
    with work.write() as db:
        statement = "INSERT INTO blobs (branch, sha256, size, media, received_at) VALUES (?, ?, 1, 'image/jpeg', ?)"
        db.connection().exec_driver_sql(statement, (cast.MAIN, sha256, "2026-10-01 00:00:00.000000"))
    assert write(work, tmp_path / "b").missing == [f"main/{sha256}"]


@pytest.mark.parametrize("prepared", [False, True], ids=["nowhere", "prepared"])
def test_what_an_older_program_wrote_is_upgraded_on_its_way(work, clock, tmp_path, prepared):
    cast.as_before_sealing(work)
    plan(work, *builders.perfect_visit("WO-1", clock() - timedelta(hours=3)))
    with work.write() as db:
        db.connection().exec_driver_sql("DELETE FROM jobs")  # which that program did not know
    migrate.downgrade(work.database, "0014")
    write(work, tmp_path / "b")
    there = restored(work, tmp_path / "b", tmp_path / "there", prepared=prepared)
    assert migrate.current(there.database) == migrate.head()
    assert orders(there) == {"WO-1"}
    assert [check for check in examine(there) if check.faults] == []
    there.database.dispose()


def test_a_disk_that_takes_nothing_leaves_the_place_as_it_was(work, clock, tmp_path):
    """The place is a folder of photos that cannot be written."""
    plan(work, builders.scheduled("WO-1", clock()))
    work.blobs.put(cast.MAIN, b"photo")
    write(work, tmp_path / "b")
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "blobs").write_text("a file where a folder should be")
    there = make_test_work(folder, clock)
    checked = backups.check(tmp_path / "b", None, silent)
    with pytest.raises(Busy):
        restoring.restore(
            there, tmp_path / "b", checked, seal=None, instance=folder, timezone=cast.ZONE,
            erase_list=EraseList(tmp_path / "erasures.jsonl"), by="root", progress=silent,
        )  # fmt: skip
    assert migrate.current(there.database) is None
    there.database.dispose()


@pytest.mark.parametrize(
    "engine", [pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgresql", marks=pytest.mark.postgres)]
)
@pytest.mark.parametrize("prepared", [False, True], ids=["nowhere", "prepared"])
def test_until_the_erased_are_erased_again_nothing_is_served_and_what_breaks_off_leaves_nothing(
    work, clock, tmp_path, monkeypatch, request, prepared, engine
):
    plan(work, builders.scheduled("WO-1", clock()))
    photo = work.blobs.put(cast.MAIN, b"photo")
    write(work, tmp_path / "b")
    folder = tmp_path / "there"
    (folder / "blobs").mkdir(parents=True)
    url = request.getfixturevalue("postgres_url") if engine == "postgresql" else None
    there = make_test_work(folder, clock, url)
    if prepared:
        installation.upgrade(there, timezone=cast.ZONE)

    def dies(*_):
        assert (orders(there), there.blobs.has(cast.MAIN, photo)) == ({"WO-1"}, True)
        assert any("restore broke off" in line for line in health.refusals(there))
        raise Busy("another writer")

    def restore() -> None:
        restoring.restore(
            there, tmp_path / "b", backups.check(tmp_path / "b", None, silent), seal=None, instance=folder,
            timezone=cast.ZONE, erase_list=EraseList(tmp_path / "erasures.jsonl"), by="root", progress=silent,
        )  # fmt: skip

    monkeypatch.setattr(erasing, "again", dies)
    with pytest.raises(Busy):
        restore()
    monkeypatch.undo()
    assert migrate.current(there.database) == (migrate.head() if prepared else None)
    assert there.blobs.is_empty()
    restore()
    assert (orders(there), health.refusals(there)) == ({"WO-1"}, [])
    there.database.dispose()


def test_a_photo_is_only_taken_under_its_own_name(work, tmp_path):
    (tmp_path / "photo").write_bytes(b"photo")
    with (tmp_path / "photo").open("rb") as source, pytest.raises(WrongHash):
        work.blobs.take(cast.MAIN, "a" * 64, source)
    assert list(work.blobs.all(cast.MAIN)) == []


def test_everybody_with_tar_can_read_it(work, clock, tmp_path):
    plan(work, builders.scheduled("WO-1", clock()))
    write(work, tmp_path / "b")
    with tarfile.open(tmp_path / "b", "r:gz") as archive:
        names = archive.getnames()
        assert b'"visit.scheduled"' in archive.extractfile("tables/events/000001.jsonl").read()
    assert (names[0], names[-1]) == ("backup.json", "manifest.json")
    assert not any("sign_ins" in name for name in names)
    with work.read() as db:
        assert len(list(events.all_events(db, cast.MAIN))) == 1
