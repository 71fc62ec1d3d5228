"""Bringing a backup back: into an empty place only, wholly or not at all.

A restored server is another life of it: its epoch changes, so that phones send again what they still hold (design:
sync.md). Sessions do not come back; everybody signs in anew.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fieldapp.domain.access import OPERATOR
from fieldapp.services import backups, erasing, installation, leavers, upgrading
from fieldapp.services.backups import Checked, KeyMember, PhotoMember, Progress, TableMember
from fieldapp.services.clocks import BELIEVED
from fieldapp.services.installation import EPOCH, RESTORING
from fieldapp.services.work import Db, Refused, Vault, Work
from fieldapp.storage import audit, copying, keyfiles, migrate, sealing, server
from fieldapp.storage.blobs import WrongHash
from fieldapp.storage.copying import Tally
from fieldapp.storage.engine import Database
from fieldapp.storage.erase_list import BadList, EraseList, Line

#: The row that follows, in the company's chain, where the chains ended in the backup.
RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Restored:
    """Faults of the audit chains, and how many visits and employees were in it that had been erased."""

    faults: list[str]
    visits: int
    employees: int


def keys_for(checked: Checked, given: Mapping[str, str], instance: Path) -> dict[str, str]:
    """The secrets to go on with: those in the file, or those of the environment or the instance (`given`, `` for none).
    Raises `Refused` unless they are the ones that the backup was made with."""
    found = {}
    for name, mark in checked.header.keys.items():
        setting = f"FIELDAPP_{name.replace('-', '_').upper()}"
        held = checked.keys.get(name, b"").decode().strip()
        if given.get(name) and mark not in backups.fingerprints(given[name]):
            raise Refused(
                f"{setting} (or {instance / name}) is not the key that this backup was made with; "
                "give that one, or none where the backup holds it"
            )
        if not (given.get(name) or held):
            raise Refused(f"this backup was made with {setting} in the environment and does not hold it; set it")
        if held and mark not in backups.fingerprints(held):
            raise Refused(f"the {name} in this backup is not the one it was made with; take another copy of the file")
        found[name] = given.get(name) or held
    lacking = set(checked.header.data_keys) - set(Vault(found["data-key"]).known)
    if lacking:
        raise Refused(
            f"something in this backup is sealed with data key {', '.join(sorted(lacking))}; let FIELDAPP_DATA_KEY "
            "hold that key, too (docs/operations.md, Data keys)"
        )
    for name, content in checked.keys.items():
        if (instance / name).exists() and (instance / name).read_bytes() != content:
            raise Refused(
                f"{instance / name} is another key than the one in the backup; give an empty FIELDAPP_INSTANCE"
            )
    return found


def restore(
    work: Work, path: Path, checked: Checked, *, seal: str | None, instance: Path, timezone: str,
    erase_list: EraseList, by: str, progress: Progress,
) -> Restored:  # fmt: skip
    """Put everything back, and erase again whom the list says; what is wrong with the audit chains is what was wrong
    when they were copied. `by`: who gave the command, as the machine knows them; the audit says so.

    Raises `Refused` when the place is not empty; whatever else goes wrong leaves it as it was.
    """
    if checked.header.schema not in installation.revisions():
        raise Refused(
            f"this backup has schema {checked.header.schema}, which this program does not know; "
            f"use fieldapp {checked.header.program} or newer"
        )
    lines = erased(erase_list)
    with _undoing(work, instance, timezone):
        _prepare(work, checked.header.schema)
        for name, content in checked.keys.items():
            keyfiles.write_once(instance / name, content)
        with work.write() as db:
            copying.clear(db)
            with copying.unguarded(db):
                _load(work, db, path, seal, progress)
            _compare(db, checked)
            server.save(db, EPOCH, work.new_id())
            server.save(db, RESTORING, "yes")
        upgrading.upgrade(work, timezone=timezone)
        with work.read() as db:
            faults = audit.verify(db)
        again = erasing.again(work, OPERATOR, lines), leavers.again(work, OPERATOR, lines)
        # From now on the list is whole again, should this backup know more than the list did.
        erasing.write_down(erase_list, [*erasing.from_database(work), *leavers.from_database(work)])
        with work.write() as db:
            server.forget(db, RESTORING)
            server.forget(db, BELIEVED)  # a backup may be old; what is due goes today
            _audit(work, db, checked, by)
    return Restored(faults, *again)


def erased(erase_list: EraseList) -> list[Line]:
    """Whom the list names. Raises `Refused`."""
    try:
        return erase_list.read()
    except BadList as error:
        raise Refused(f"{error}; give another file as FIELDAPP_ERASURES") from None


def _audit(work: Work, db: Db, checked: Checked, by: str) -> None:
    heads = {chain: f"{count}:{head}" for chain, (count, head) in checked.manifest.heads.items()}
    audit.append(
        db, None, entry_id=work.new_id(), now=work.now(), actor=OPERATOR.login, action=RESTORED,
        subject=f"{checked.header.made_at:%Y-%m-%dT%H:%M:%SZ}",
        facts={"by": by, "program": checked.header.program, "heads": heads},
    )  # fmt: skip


def told(db: Db) -> list[str]:
    """One line for each time that this installation was brought back, for the doctor."""
    return [
        f"restored at {one.when:%Y-%m-%d %H:%M} UTC from the backup of {one.subject}"
        for one in audit.done(db, audit.COMPANY, RESTORED)
    ]


@contextmanager
def _undoing(work: Work, instance: Path, timezone: str) -> Iterator[None]:
    """Look whether the place is empty; take away again what was put there when the block does not come to its end."""
    if not migrate.is_owner(work.database):
        raise Refused(str(migrate.NotOwner()))
    before = migrate.current(work.database)
    if before is not None:
        with work.read() as db:
            if not copying.is_fresh(db):
                raise Refused(
                    "this place holds an installation already, and a backup goes into an empty one only; "
                    "set FIELDAPP_INSTANCE (and FIELDAPP_DATABASE_URL) to an empty place"
                )
            is_strange = sealing.unknown(work.vault, sealing.register(db)) is not None
        if is_strange:  # prepared with another key; nothing is sealed with it yet, so nothing goes with it
            bare = Database(work.database.url)
            with bare.write() as db:
                copying.clear(db)
            bare.dispose()
            before = None
    with ExitStack() as undo:
        undo.callback(_empty, work, None if before is None else timezone)
        if work.blobs.is_empty():
            undo.callback(work.blobs.clear)
        for name in backups.KEY_FILES:
            if not (instance / name).exists():
                undo.callback((instance / name).unlink, missing_ok=True)
        yield
        undo.pop_all()


def _empty(work: Work, timezone: str | None) -> None:
    """No table any more, or (with a `timezone`) those of an installation that nobody has used."""
    if migrate.current(work.database) is not None:
        with work.write() as db:
            copying.empty(db)
        migrate.downgrade(work.database, "base")
        work.database.scrub()
    if timezone is not None:
        installation.upgrade(work, timezone=timezone)


def _prepare(work: Work, schema: str) -> None:
    """The tables as they were when the backup was made, empty."""
    if migrate.current(work.database) not in {None, schema}:
        with work.write() as db:
            copying.clear(db)
        migrate.downgrade(work.database, "base")
    migrate.upgrade(work.database, schema)


def _load(work: Work, db: Db, path: Path, seal: str | None, progress: Progress) -> None:
    rows = photos = 0
    with backups.reading(path, seal) as (header, members):
        for member in members:
            match member:
                case TableMember(name, lines):
                    _rows(db, name, header.tables[name], lines)
                    rows += len(lines)
                case PhotoMember(branch, sha256, content):
                    try:
                        work.blobs.take(branch, sha256, content)
                    except WrongHash:
                        raise Refused(f"{path} changed while it was read; nothing was touched") from None
                    photos += 1
                case KeyMember() | backups.Manifest():
                    continue
            progress(rows, photos)


def _rows(db: Db, table: str, columns: Mapping[str, str], lines: list[bytes]) -> None:
    try:
        copying.load(db, table, columns, lines)
    except copying.Unloadable as error:
        raise Refused(f"the database does not take the rows of {table} ({error}); nothing was touched") from error


def _compare(db: Db, checked: Checked) -> None:
    """Read everything back: what is here now must add up to what was there then."""
    for name, columns in checked.header.tables.items():
        tally = Tally()
        for line in copying.lines(db, name, columns):
            tally.add(line)
        if (tally.rows, tally.sum) != checked.manifest.tables[name]:
            raise Refused(f"the table {name} came back other than it was; nothing was touched")
    if audit.heads(db) != checked.manifest.heads:
        raise Refused("the audit chains came back other than they were; nothing was touched")
