"""`fieldapp person`: everything that is stored about a customer or an employee as one file, and their erasure."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from fieldapp.cli.context import open_work
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import NotFound
from fieldapp.services import erasing, leavers, persons
from fieldapp.services.work import Refused, Work
from fieldapp.settings import Settings
from fieldapp.storage.visits import Visit

_OPTIONS = (
    click.option("--order", metavar="NUMBER", help="The visit with this order number."),
    click.option("--phone", metavar="NUMBER", help="Every visit whose customer has this telephone number."),
    click.option("--visit", metavar="ID", help="The visit with this id."),
    click.option("--employee", metavar="LOGIN", help="An employee instead of a customer."),
    click.option("--branch", metavar="CODE", help="Only in this branch; without it: in every one."),
)


def _who(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group("person")
def group() -> None:
    """What is stored about one person: hand it out, or erase it."""


@group.command("export")
@_who
@click.option(
    "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The archive to write (zip)."
)
def export(
    order: str | None, phone: str | None, visit: str | None, employee: str | None, branch: str | None, output: Path
) -> None:  # fmt: skip
    """Write everything that is stored about a person into a zip archive: data as JSON, photos, signatures.

    It holds personal data: hand it to that person alone, and remove it afterwards.
    """
    work = open_work()
    if output.exists():
        raise Refused(f"{output} is there already, and nothing is written over; give another name")
    draft = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with (
            os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target,
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            told = _write(archive, work, order, phone, visit, employee, branch)
        draft.replace(output)
    except OSError as error:
        raise Refused(f"{output} cannot be written ({error.strerror}); nothing was left there") from None
    finally:
        draft.unlink(missing_ok=True)
    click.echo(f"{output}: {told}")


def _write(
    archive: zipfile.ZipFile, work: Work, order: str | None, phone: str | None, visit: str | None,
    employee: str | None, branch: str | None,
) -> str:  # fmt: skip
    if employee is not None:
        _alone(order, phone, visit)
        things = [msgspec.to_builtins(one) for one in leavers.everything(work, OPERATOR, employee)]
        archive.writestr("data.json", _json(things))
        return f"{len(things)} things"
    found = _customer(work, order, phone, visit, branch)
    pictures = signatures = 0
    for one in found:
        data = persons.everything(work, OPERATOR, one)
        folder = f"{one.branch}/{one.visit_id}"
        archive.writestr(f"{folder}/data.json", _json(data))
        for name, drawing in persons.signatures(data):
            archive.writestr(f"{folder}/signatures/{name}.svg", drawing)
            signatures += 1
        for name, picture in persons.pictures(work, one, data):
            archive.writestr(f"{folder}/photos/{name}.jpg", picture)
            pictures += 1
    return f"{len(found)} visits, {pictures} photos, {signatures} signatures"


@group.command("erase")
@_who
def erase(order: str | None, phone: str | None, visit: str | None, employee: str | None, branch: str | None) -> None:
    """Erase a person for good. Visits, scores and closed months stay; name, address, words, signature, photos go.

    Who was erased is also written into FIELDAPP_ERASURES, outside of the database: keep that file with the backups, but
    not in them, so that `fieldapp restore` of an older one erases the person again.
    """
    settings = Settings.from_environment()
    work = open_work(settings)
    try:
        # Only the list, which comes first, raises an OSError.
        if employee is not None:
            _alone(order, phone, visit)
            leavers.erase(work, OPERATOR, settings.erase_list, employee, settings.keeping.time("employees"))
            click.echo(f"erased: employee {employee}")
            return
        found = _customer(work, order, phone, visit, branch)
        for one in found:
            if one.state in {"planned", "en_route", "arrived", "admitted", "signed", "disputed"}:
                click.echo(
                    f"fieldapp: {one.external_id} is not over yet: whoever goes there finds no name and no address",
                    err=True,
                )
        done = erasing.erase(work, OPERATOR, settings.erase_list, [(one.branch, one.visit_id) for one in found])
    except OSError as error:
        raise Refused(f"{settings.erase_list.path} cannot be written ({error.strerror}); nobody was erased") from None
    click.echo(f"erased: {done.visits} visits, {done.facts} facts, {done.photos} photos")
    _tell_others(work, found, phone)


def _customer(work: Work, order: str | None, phone: str | None, visit: str | None, branch: str | None) -> list[Visit]:
    given = [one for one in (order, phone, visit) if one is not None]
    if len(given) != 1:
        raise click.UsageError("say who: exactly one of --order, --phone, --visit, --employee")
    by = persons.by_order if order is not None else persons.by_phone if phone is not None else persons.by_visit
    try:
        return by(work, OPERATOR, branch, given[0])
    except NotFound:
        raise Refused(f"there is no visit for {given[0]!r}; `fieldapp person --help` says how to find one") from None


def _alone(*others: str | None) -> None:
    if any(one is not None for one in others):
        raise click.UsageError("say who: exactly one of --order, --phone, --visit, --employee")


def _tell_others(work: Work, found: list[Visit], phone: str | None) -> None:
    """An order is one visit: the same customer may have had others."""
    if phone is not None:
        return
    for number in sorted({one.phone for one in found if one.phone}):
        try:
            others = persons.by_phone(work, OPERATOR, None, number)
        except NotFound:
            continue
        click.echo(f"fieldapp: {len(others)} more visits have the same telephone number; see --phone", err=True)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
