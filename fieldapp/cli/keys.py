"""`fieldapp keys`: the keys that personal data is sealed with (docs/operations.md, Data keys)."""

import sys

import click

from fieldapp.cli.context import open_work
from fieldapp.cli.long_work import long_work
from fieldapp.services import data_keys


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
