"""`fieldapp keys`: the keys that personal data is sealed with (docs/operations.md, Data keys)."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from fieldapp.cli.context import open_work
from fieldapp.cli.long_work import long_work
from fieldapp.services import data_keys
from fieldapp.services.work import Refused
from fieldapp.settings import Settings
from fieldapp.storage import keyfiles


@click.group("keys")
def group() -> None:
    """Keys that personal data is sealed with. A key is told by its name, never shown."""


@group.command("list")
def listed() -> None:
    """Every key, the newest first, with how many values stand under it."""
    found = data_keys.standings(open_work())
    for one in found.keys:
        click.echo(f"{one.name}\t{one.state}\t{one.values}")
    click.echo(f"readable\t-\t{found.readable}")
    sys.exit(1 if found.unopened or any(one.state == "missing" and one.values for one in found.keys) else 0)


@group.command("seal")
@click.option("--yes", is_flag=True, help="Do not ask, where nothing has been sealed here before.")
def seal(yes: bool) -> None:
    """Bring everything under the newest key, while the installation is served. May be broken off and begun again."""
    work = open_work()
    if not yes and not data_keys.has_begun(work):
        click.confirm(
            "From now on personal data is sealed here, and programs older than this one cannot work on this database "
            "any more. Has every server been upgraded?",
            abort=True,
        )
    done = data_keys.seal(work, long_work)
    click.echo(f"{done.sealed} values sealed under data key {work.vault.newest}")
    for name in done.unreadable[:20]:
        click.echo(f"fieldapp: {name}: no known key opens it, or it was changed since", err=True)
    sys.exit(1 if done.unreadable else 0)


@group.command("add")
def add() -> None:
    """Make another key, that everything is to stand under. Start every server again before: fieldapp keys seal."""
    settings = Settings.from_environment()
    open_work(settings).database.dispose()
    with _told():
        _keep(settings, data_keys.with_new(settings.data_key, secrets.token_urlsafe(48)))
    click.echo("start every server again, so that each knows the key; then: fieldapp keys seal", err=True)


@group.command("drop")
@click.argument("name")
def drop(name: str) -> None:
    """Let the key NAME go, under which nothing stands any more. Backups from before still need it."""
    settings = Settings.from_environment()
    data_keys.drop(open_work(settings), name)
    with _told():
        _keep(settings, data_keys.without(settings.data_key, name))
    click.echo("keep the key for as long as backups from before are kept: they open with it alone", err=True)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except data_keys.BadKeys as error:
        raise Refused(f"FIELDAPP_DATA_KEY {error}; write each key into a line of data-key in the instance") from None


def _keep(settings: Settings, keys: str) -> None:
    """Into the file that the keys come from; where they come from the environment, show what belongs there."""
    file = settings.instance / "data-key"
    if file.exists() and file.read_text().strip() == settings.data_key:
        keyfiles.write_over(file, f"{keys}\n".encode())
        click.echo(f"{file}: {', '.join(data_keys.names(keys))}")
        return
    click.echo("fieldapp: the keys come from the environment; this is FIELDAPP_DATA_KEY from now on:", err=True)
    click.echo(keys.replace("\n", "|"))
