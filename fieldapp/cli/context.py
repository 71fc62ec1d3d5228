"""What commands start from: settings of the environment and work on them. Owns the check for pending migrations."""

import sys

import click

from fieldapp.domain.calendar import Month, parse_month
from fieldapp.domain.errors import Invalid
from fieldapp.services import data_keys, health
from fieldapp.services.work import Work, real_work
from fieldapp.settings import Settings


def make_work(settings: Settings) -> Work:
    """Work on the real parts, whatever the state of the schema; the command's end closes its connections."""
    work = real_work(
        settings.database_url, settings.blobs, settings.data_key, settings.seal_key,
        read_url=settings.database_read_url, read_lag=settings.database_read_lag,
    )  # fmt: skip
    command = click.get_current_context(silent=True)
    for one in (work.database, work.replica):
        if command is not None and one is not None:
            command.call_on_close(one.dispose)
    return work


def open_work(settings: Settings | None = None) -> Work:
    """Work on the database of the environment; ends the program when its schema is not this program's,
    or something in it stands under a data key that was not given."""
    work = make_work(settings or Settings.from_environment())
    report = health.readiness(work)
    if report["ready"] != "yes":
        click.echo(
            f"fieldapp: the database has schema {report['schema']}, this program needs {report['program_schema']}; "
            f"{health.way_on(work)}",
            err=True,
        )
        sys.exit(1)
    if fault := data_keys.fault(work):
        click.echo(f"fieldapp: {fault}", err=True)
        sys.exit(1)
    return work


def read_month(text: str) -> Month:
    """A month as it was typed; ends the program with exit 2 when it is none."""
    try:
        return parse_month(text)
    except Invalid:
        raise click.BadParameter(f"{text!r} is no month like 2026-10", param_hint="YYYY-MM") from None
