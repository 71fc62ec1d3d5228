"""`fieldapp export`: a month's visits, verdicts or scores as a file. Owns where it goes: whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from fieldapp.cli.context import open_work, read_month
from fieldapp.cli.scoring import find_zone, read_moment
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import BranchCode
from fieldapp.services import exports, table_files
from fieldapp.services.installation import MAIN


@click.command("export")
@click.argument("kind", type=click.Choice(exports.KINDS))
@click.argument("month", metavar="YYYY-MM")
@click.option("--format", "form", type=click.Choice(table_files.FORMS), default="csv", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; default: stdout.")
@click.option("--branch", default=MAIN, show_default=True, metavar="CODE", help="Branch whose month it is.")
@click.option("--now", metavar="ISO", help="The time as of which missed visits count; default: now.")
def export(
    kind: exports.Kind, month: str, form: table_files.Form, output: Path | None, branch: str, now: str | None
) -> None:
    """Visits, verdicts or scores of a month as a table."""
    wanted, work = read_month(month), open_work()
    zone = find_zone(work, branch)
    moment = read_moment(now, zone) if now else None
    if output is None and form == "xlsx" and sys.stdout.isatty():
        raise click.UsageError("a workbook is nothing for a terminal; add --output FILE")
    with _target(output) as target, table_files.table(form, target, kind, exports.COLUMNS[kind]) as put:
        exports.export(work, OPERATOR, BranchCode(branch), wanted, kind, put, now=moment)


@contextmanager
def _target(output: Path | None) -> Iterator[IO[bytes]]:
    """Where the bytes go. A file appears under its name once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    draft = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with draft.open("wb") as target:
            yield target
        draft.replace(output)
    except OSError as error:
        raise click.BadParameter(f"{str(output)!r}: {error.strerror}", param_hint="--output") from None
    finally:
        draft.unlink(missing_ok=True)
