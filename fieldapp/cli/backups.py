"""`fieldapp backup` and `fieldapp restore` (docs/operations.md)."""

import os
import pwd
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from fieldapp import __version__
from fieldapp.cli.context import make_work, open_work
from fieldapp.services import backups, erasing, restoring
from fieldapp.services.backups import KEY_FILES, Checked
from fieldapp.services.doctor import examine
from fieldapp.services.restoring import Restored
from fieldapp.settings import Settings

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup")
@click.argument("file", type=_FILE)
@click.option(
    "--rehearse", is_flag=True, help="Then restore it into a temporary place and let the doctor look at that."
)
def backup(file: Path, rehearse: bool) -> None:
    """Write everything (facts, photos, keys) into FILE, while the installation is being served.

    With FIELDAPP_BACKUP_KEY the file is sealed; without it, whoever has the file can read it.
    """
    settings = Settings.from_environment()
    if rehearse and (settings.backup_key or "").startswith("age1"):
        raise click.UsageError("--rehearse has to read the backup: FIELDAPP_BACKUP_KEY must be the AGE-SECRET-KEY-1...")
    secrets = {"secret-key": settings.secret_key, "data-key": settings.data_key}
    # What comes from the environment is not in the folder, and not in the backup either.
    files = {name: path.read_bytes() for name in KEY_FILES if (path := settings.instance / name).exists()}
    files = {
        name: content for name, content in files.items() if secrets.get(name) in {None, content.decode().strip()}
    }  # fmt: skip
    work = open_work(settings)
    with _disk(file), _progress("backup") as progress:
        made = backups.write(
            work, file, program=__version__, keys=secrets, key_files=files, seal=settings.backup_key, progress=progress
        )
    if settings.backup_key is None:
        click.echo(
            "fieldapp: FIELDAPP_BACKUP_KEY is not set: whoever has this file can read it, keys included", err=True
        )
    for name in made.missing[:10]:
        click.echo(f"fieldapp: photo {name} is not in the store any more and not in the backup", err=True)
    rows = sum(count for count, _ in made.tables.values())
    click.echo(f"{file}: {rows} rows, {made.photos} photos, {file.stat().st_size} bytes")
    if rehearse:
        _rehearse(file, settings)


@click.command("restore")
@click.argument("file", type=_FILE)
@click.option("--rehearse", is_flag=True, help="Restore into a temporary place, let the doctor look, throw it away.")
def restore(file: Path, rehearse: bool) -> None:
    """Bring the backup FILE back into an empty place.

    The place is that of FIELDAPP_INSTANCE, FIELDAPP_DATABASE_URL and FIELDAPP_BLOBS. The file is read to its end first:
    one that is cut off, changed or sealed with another key changes nothing.
    """
    settings = Settings.from_environment(with_keys=False)
    if rehearse:
        _rehearse(file, settings)
        return
    with _progress("reading") as progress:
        checked = backups.check(file, settings.backup_key, progress)
    done = _restore(file, checked, settings, _keys(checked, settings))
    for fault in done.faults:
        click.echo(f"fieldapp: restored, but {fault}; run: fieldapp doctor", err=True)
    click.echo(
        f"{checked.rows} rows and {checked.manifest.photos} photos of {checked.header.made_at:%Y-%m-%d %H:%M} UTC"
    )
    if settings.erase_list.path.exists():
        click.echo(f"erased again: {done.visits} visits, {done.employees} employees")
    else:
        click.echo(f"no list of erasures at {settings.erase_list.path}: whom it would name is in it again")
    sys.exit(1 if done.faults else 0)


def _rehearse(file: Path, settings: Settings) -> None:
    """The whole way into a place that nobody needs; ends the program with exit 1 when the doctor finds anything."""
    with _progress("reading") as progress:
        checked = backups.check(file, settings.backup_key, progress)
    keys = _keys(checked, settings)
    with tempfile.TemporaryDirectory(prefix="fieldapp-rehearsal-") as folder:
        place = Path(folder)
        there = replace(
            settings,
            instance=place,
            erasures=place / "erasures.jsonl",
            database_url=f"sqlite:///{place / 'fieldapp.db'}",
            blobs=place / "blobs",
        )
        # What the backup knows more than the list is not written into the real one.
        erasing.write_down(there.erase_list, restoring.erased(settings.erase_list))
        _restore(file, checked, there, keys)
        work = make_work(replace(there, secret_key=keys["secret-key"], data_key=keys["data-key"]))
        faults = [f"{check.name}: {fault}" for check in examine(work) for fault in check.faults]
        work.database.dispose()
    for fault in faults:
        click.echo(f"fieldapp: rehearsal: {fault}", err=True)
    click.echo("rehearsal: restored and healthy" if not faults else "rehearsal: restored, with faults")
    if faults:
        sys.exit(1)


def _keys(checked: Checked, settings: Settings) -> dict[str, str]:
    given = {"secret-key": settings.secret_key, "data-key": settings.data_key}
    return restoring.keys_for(checked, given, settings.instance)


def _restore(file: Path, checked: Checked, settings: Settings, keys: dict[str, str]) -> Restored:
    settings = replace(settings, secret_key=keys["secret-key"], data_key=keys["data-key"])
    work = make_work(settings)
    with _disk(settings.instance), _progress("restore") as progress:
        done = restoring.restore(
            work, file, checked, seal=settings.backup_key, instance=settings.instance, timezone=settings.timezone,
            erase_list=settings.erase_list, by=_whoever(), progress=progress,
        )  # fmt: skip
    work.database.dispose()
    return done


def _whoever() -> str:
    """Who gave the command, as the machine knows them: whose terminal it is, and as whom."""
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container has people without names
        account = str(os.getuid())
    try:
        person = os.getlogin()
    except OSError:  # no terminal
        return account
    return account if person == account else f"{person} as {account}"


@contextmanager
def _progress(what: str) -> Iterator[backups.Progress]:
    """A line on a terminal that says how far it is."""
    told = -1

    def tell(rows: int, photos: int) -> None:
        nonlocal told
        now = (rows + photos * 100) // 5000
        if sys.stderr.isatty() and now != told:
            told = now
            click.echo(f"\r{what}: {rows} rows, {photos} photos ", nl=False, err=True)

    yield tell
    if told >= 0:
        click.echo("\r" + " " * 60 + "\r", nl=False, err=True)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 5)
        click.echo(f"fieldapp: {error.filename or path} cannot be written ({reason}); nothing was left there", err=True)
        sys.exit(1)
