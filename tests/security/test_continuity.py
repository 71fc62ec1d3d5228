"""The acceptance list of security.md, item 51: a backup comes back whole into an empty place, or not at all.

Through the commands, as an operator does it.
"""

import io
import re
import shutil
import tarfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner, Result

from fieldapp.app import create_app
from fieldapp.cli import main
from fieldapp.cli.context import make_work
from fieldapp.services.doctor import examine
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from fieldapp.storage import audit, copying
from fieldapp.storage.object_store import ObjectStore, read_place
from tests import builders, cast, closing, postgres, processes
from tests.client import Client
from tests.conftest import make_test_work
from tests.fakes import Clock
from tests.sync.phone import Phone, plan

IDENTITY = pyrage.x25519.Identity.generate()
KEY = str(IDENTITY)
PHOTO = b"\xff\xd8 not much of a photo, but bytes"


@dataclass
class Place:
    """An installation, or where one could be."""

    folder: Path
    #: Of its database; on SQLite unless said otherwise, whatever the tests' `work` is on.
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        url = self.url or f"sqlite:///{self.folder / 'fieldapp.db'}"
        return {"FIELDAPP_INSTANCE": str(self.folder), "FIELDAPP_DATABASE_URL": url}

    def run(self, *arguments: str, **more: str) -> Result:
        return CliRunner(env={**self.environment, **more}).invoke(main, arguments)

    def work(self) -> Work:
        return make_work(Settings.from_environment(self.environment))

    def holds(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


def sums(work) -> dict[str, tuple[int, str]]:
    """Rows and their sum, of every table that does not say which life of the server this is."""
    found = {}
    with work.read() as db:
        for name, columns in copying.tables(db).items():
            tally = copying.Tally()
            for line in copying.lines(db, name, columns):
                tally.add(line)
            found[name] = (tally.rows, tally.sum)
    for name in ("server_facts", "audit", "audit_heads"):  # of chains, the heads are compared
        del found[name]
    return found


def heads(work):
    with work.read() as db:
        return audit.heads(db)


def chains_go_on(work, before) -> bool:
    """Whether every chain holds all that it held before, and one row after that: who restored it from what."""
    found = heads(work)
    with work.read() as db:
        [row] = audit.with_action(db, audit.COMPANY, "restored")
        kept = {chain: (number, audit.hash_at(db, chain, number)) for chain, (number, _) in before.items()}
    assert row.facts["heads"] == {chain: f"{number}:{head}" for chain, (number, head) in before.items()}
    assert row.facts["by"]
    longer = {chain: number - before.get(chain, (0, ""))[0] for chain, (number, _) in found.items()}
    return kept == before != {} and longer == {chain: int(chain == audit.COMPANY) for chain in found}


def fill(work) -> None:
    """A month that is closed and adjusted, a visit done by phone, photos in two branches."""
    closing.september(work)
    closing.close(work)
    late = closing.finding("WO-1", item="decorum")
    closing.store(work, [late, closing.upheld(late)])
    closing.adjust(work)
    for branch in (cast.MAIN, cast.NORTH):
        work.blobs.put(branch, PHOTO + branch.encode())


@pytest.fixture(scope="module")
def source(_template, tmp_path_factory) -> Place:
    """A real installation on SQLite, looked at by many tests and changed by none."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copyfile(_template, folder / "fieldapp.db")
    (folder / "data-key").write_text(cast.DATA_KEY)
    work = make_test_work(folder, Clock(cast.NOW))
    fill(work)
    work.database.dispose()
    return Place(folder)


@pytest.fixture
def empty(tmp_path) -> Place:
    return Place(tmp_path / "empty")


def _backup(source: Place, path: Path, key: str) -> Path:
    done = source.run("backup", str(path), FIELDAPP_BACKUP_KEY=key)
    assert done.exit_code == 0, done.output
    return path


@pytest.fixture(scope="module")
def file(source, tmp_path_factory) -> Path:
    """Its backup."""
    return _backup(source, tmp_path_factory.mktemp("backup") / "open", "")


@pytest.fixture(scope="module")
def sealed(source, tmp_path_factory) -> Path:
    """The same, sealed with `KEY`."""
    return _backup(source, tmp_path_factory.mktemp("backup") / "sealed", str(IDENTITY.to_public()))


@pytest.fixture(params=["open", "sealed"])
def whole(request) -> Path:
    """Either of them."""
    return request.getfixturevalue("file" if request.param == "open" else "sealed")


def test_51_a_backup_in_an_empty_place_has_equal_counts_sums_photos_and_chain_heads(source, empty, file):
    done = empty.run("restore", str(file))
    assert (done.exit_code, done.stderr) == (0, "")
    here, there = source.work(), empty.work()
    assert sums(there) == sums(here)
    assert chains_go_on(there, heads(here))
    for branch in (cast.MAIN, cast.NORTH):
        assert list(there.blobs.all(branch)) == list(here.blobs.all(branch)) != []
    doctor = empty.run("doctor")
    assert (doctor.exit_code, "restored at " in doctor.stdout, "restored" in source.run("doctor").stdout) == (
        0,
        True,
        False,
    )
    assert {"data-key", "seal-key.pem"} <= set(empty.holds())
    assert (empty.folder / "seal-key.pem").stat().st_mode & 0o777 == 0o600


def test_51_photos_come_back_on_another_kind_of_storage(source, empty, file, s3_url):
    done = empty.run("restore", str(file), FIELDAPP_BLOBS=s3_url)
    assert (done.exit_code, done.stderr) == (0, "")
    there = ObjectStore(read_place(s3_url))
    for branch in (cast.MAIN, cast.NORTH):
        assert there.read(branch, next(there.all(branch))) == PHOTO + branch.encode()
    assert empty.run("doctor", FIELDAPP_BLOBS=s3_url).exit_code == 0
    assert not (empty.folder / "blobs").exists()


def test_51_a_restored_server_is_another_life_of_it_and_phones_send_again_what_it_has_forgotten(
    work, settings, empty, sign_in, clock, tmp_path
):
    source = Place(settings.instance, settings.database_url)
    visit = plan(work, builders.scheduled("WO-9", clock() + timedelta(hours=1)))[0]
    phone = Phone(clock, sign_in("T001"))
    before = phone.append("visit.departed", visit)
    phone.epoch = phone.push(before)["server_epoch"]
    assert source.run("backup", str(tmp_path / "b")).exit_code == 0
    after = phone.append("visit.arrived", visit)
    assert phone.fates(after) == [("accepted", None)]
    assert empty.run("restore", str(tmp_path / "b")).exit_code == 0

    clock.advance(minutes=1)
    old, there = phone.client, make_test_work(empty.folder, clock)
    restored = create_app(Settings.from_environment({"FIELDAPP_INSTANCE": str(empty.folder)}), work=there)
    restored.test_client_class = Client
    phone.client = restored.test_client()
    phone.client.set_cookie("sid", old.get_cookie("sid").value)
    assert phone.post(phone.batch([after])).status_code == 401, "sessions do not come back"
    form = {"login": "T001", "password": cast.PASSWORD}
    page = phone.client.get("/login").text
    form["csrf_token"] = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', page)[1]
    assert phone.client.post("/login", data=form).status_code == 303
    answer = phone.push(before, after)
    assert answer["server_epoch"] != phone.epoch
    assert [one["status"] for one in answer["results"]] == ["duplicate", "accepted"]
    there.database.dispose()


def test_51_a_sealed_backup_opens_with_its_key_and_no_other(empty, sealed):
    assert b"age-encryption.org" in sealed.read_bytes()[:40]
    for key in ("", str(IDENTITY.to_public()), str(pyrage.x25519.Identity.generate()), "AGE-SECRET-KEY-1NONSENSE"):
        done = empty.run("restore", str(sealed), FIELDAPP_BACKUP_KEY=key)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.output
        assert "sealed" in done.stderr
        assert empty.holds() == []
    assert empty.run("restore", str(sealed), FIELDAPP_BACKUP_KEY=KEY).exit_code == 0
    assert empty.run("doctor").exit_code == 0


def spots(content: bytes) -> list[int]:
    return [*range(0, len(content), len(content) // 8), len(content) - 1]


def test_51_a_file_cut_off_anywhere_fails_and_touches_nothing(empty, whole, tmp_path):
    content, cut = whole.read_bytes(), tmp_path / "cut"
    for size in spots(content):
        cut.write_bytes(content[:size])
        done = empty.run("restore", str(cut), FIELDAPP_BACKUP_KEY=KEY)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), (size, done.output, done.exception)
        assert "not a whole backup" in done.stderr
        assert empty.holds() == []


def test_51_a_file_with_one_byte_changed_fails_and_touches_nothing(empty, whole, tmp_path):
    content, changed = whole.read_bytes(), tmp_path / "changed"
    for spot in spots(content):
        # Every bit of it: some that fill a byte up mean nothing, and what is packed stays the same without them.
        changed.write_bytes(content[:spot] + bytes([content[spot] ^ 0xFF]) + content[spot + 1 :])
        done = empty.run("restore", str(changed), FIELDAPP_BACKUP_KEY=KEY)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), (spot, done.output, done.exception)
        assert empty.holds() == []


def tampered(file: Path, changed: Path, name: str, change) -> None:
    """The same archive with other content in one member, as somebody with tar could make it."""
    with tarfile.open(file, "r:gz") as old, tarfile.open(changed, "w:gz") as new:
        for member in old:
            content = old.extractfile(member).read()
            if re.fullmatch(name, member.name):
                content = change(content)
                member.size = len(content)
            if content is not None:
                new.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (r"tables/audit/.*", lambda raw: raw.replace(b'"M001"', b'"M002"', 1)),
        (r"tables/events/.*", lambda raw: raw[: raw.index(b"\n") + 1]),
        (r"tables/visits/.*", lambda raw: raw * 2),
        (r"blobs/main/.*", lambda raw: raw + b"x"),
        (r"keys/data-key", lambda raw: b"another key, but long enough to be one\n"),
        (r"manifest.json", lambda raw: b"{}"),
        (r"manifest.json", lambda raw: raw.replace(b'"photos":2', b'"photos":3')),
        (r"backup.json", lambda raw: raw.replace(b'"format":1', b'"format":2')),
        (r"backup.json", lambda raw: re.sub(rb'"schema":"\d+"', b'"schema":"9999"', raw)),
    ],
)
def test_51_what_does_not_add_up_is_refused_and_touches_nothing(empty, file, tmp_path, name, change):
    tampered(file, tmp_path / "changed", name, change)
    done = empty.run("restore", str(tmp_path / "changed"))
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1), (done.output, done.exception)
    assert empty.holds() == []


def test_51_a_member_that_wants_to_be_somewhere_else_is_refused(empty, file, tmp_path):
    for name in ("../../escaped", "/etc/passwd", "blobs/../" + "a" * 64, "keys/../secret-key", "tables/../1.jsonl"):
        with tarfile.open(file, "r:gz") as old, tarfile.open(tmp_path / "changed", "w:gz") as new:
            for member in old:
                new.addfile(member, old.extractfile(member))
                if member.name == "backup.json":
                    new.addfile(tarfile.TarInfo(name), io.BytesIO())
        done = empty.run("restore", str(tmp_path / "changed"))
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), (name, done.output)
        assert empty.holds() == []


@pytest.mark.parametrize("name", ["FIELDAPP_DATA_KEY", "FIELDAPP_SECRET_KEY"])
def test_51_another_key_in_the_environment_fails_and_touches_nothing(empty, file, name):
    done = empty.run("restore", str(file), **{name: "another key that is long enough to be one"})
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert name in done.stderr
    assert empty.holds() == []


@pytest.mark.parametrize("name", ["data-key", "secret-key", "seal-key.pem"])
def test_51_another_key_in_the_instance_fails_and_touches_nothing(empty, file, name):
    empty.folder.mkdir()
    (empty.folder / name).write_text("another key that is long enough to be one\n")
    done = empty.run("restore", str(file))
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert str(empty.folder / name) in done.stderr
    assert empty.holds() == [name]


def test_51_keys_of_the_environment_are_not_in_the_file_and_wanted_again(settings, work, empty, tmp_path):
    source = Place(settings.instance, settings.database_url)
    closing.september(work)
    closing.close(work)
    keys = {"FIELDAPP_DATA_KEY": cast.DATA_KEY, "FIELDAPP_SECRET_KEY": cast.SECRET}
    (source.folder / "data-key").unlink()
    assert source.run("backup", str(tmp_path / "b"), **keys).exit_code == 0
    with tarfile.open(tmp_path / "b", "r:gz") as archive:
        assert [name for name in archive.getnames() if name.startswith("keys/")] == ["keys/seal-key.pem"]
    done = empty.run("restore", str(tmp_path / "b"))
    assert (done.exit_code, empty.holds()) == (2, [])
    assert "FIELDAPP_SECRET_KEY" in done.stderr
    assert empty.run("restore", str(tmp_path / "b"), **keys).exit_code == 0
    assert "data-key" not in empty.holds()
    assert empty.run("doctor", **keys).exit_code == 0


def test_51_a_place_with_an_installation_is_never_restored_over(source, empty, file):
    here = source.work()
    before = (sums(here), heads(here), source.holds())
    done = source.run("restore", str(file))
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "an empty one only" in done.stderr
    assert (sums(here), heads(here), source.holds()) == before
    assert empty.run("db", "upgrade").exit_code == 0
    for key in ("data-key", "secret-key"):  # which every command makes where there is none
        (empty.folder / key).unlink()
    assert empty.run("restore", str(file)).exit_code == 0, "a place that was only prepared is empty"
    assert empty.run("restore", str(file)).exit_code == 2


def test_51_no_backup_is_written_over_and_none_is_left_half(source, file, tmp_path):
    before = file.read_bytes()
    done = source.run("backup", str(file))
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert file.read_bytes() == before
    done = source.run("backup", str(tmp_path / "nowhere" / "b"))
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_51_a_rehearsal_restores_elsewhere_and_lets_the_doctor_look(settings, work, empty, sealed, tmp_path):
    done = empty.run("restore", str(sealed), "--rehearse", FIELDAPP_BACKUP_KEY=KEY)
    assert (done.exit_code, done.output) == (0, "rehearsal: restored and healthy\n")
    assert empty.holds() == []
    plan(work, builders.scheduled("WO-9", cast.NOW))
    with work.write() as db:
        db.connection().exec_driver_sql("UPDATE visits SET state = 'completed'")
    done = Place(settings.instance, settings.database_url).run("backup", str(tmp_path / "b"), "--rehearse")
    assert done.exit_code == 1
    assert "state differ" in done.stderr


@pytest.mark.postgres
def test_51_a_backup_of_one_database_comes_back_in_the_other(postgres_work, postgres_url, tmp_path):
    fill(postgres_work)
    here, there = tmp_path, tmp_path / "there"
    (here / "data-key").write_text(cast.DATA_KEY)
    done = processes.run(here, "backup", str(tmp_path / "b"), "--rehearse", FIELDAPP_DATABASE_URL=postgres_url)
    assert done.returncode == 0, done.stderr
    with postgres.empty_database(postgres_url.partition("?host=")[2]) as url:
        done = processes.run(there, "restore", str(tmp_path / "b"), FIELDAPP_DATABASE_URL=url)
        assert (done.returncode, done.stderr) == (0, "")
        work = make_work(Settings.from_environment({"FIELDAPP_INSTANCE": str(there), "FIELDAPP_DATABASE_URL": url}))
        assert sums(work) == sums(postgres_work)
        assert chains_go_on(work, heads(postgres_work))
        assert [check for check in examine(work) if check.faults] == []
        work.database.dispose()
        assert processes.run(there, "restore", str(tmp_path / "b"), FIELDAPP_DATABASE_URL=url).returncode == 2
