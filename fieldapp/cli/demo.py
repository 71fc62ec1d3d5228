"""`fieldapp demo`: loads the demo company and tells one login per role, on stdout and in the instance folder."""

import os
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from fieldapp.cli.context import make_work
from fieldapp.domain.calendar import localise, parse_month
from fieldapp.services import accounts, upgrading
from fieldapp.services import demo as company
from fieldapp.services.demo import Login, Wish
from fieldapp.settings import Settings

LOGINS = "demo-logins.txt"


@click.command("demo")
@click.option("--visits", default=700, show_default=True, type=click.IntRange(0, 20_000), help="Visits of the past.")
@click.option("--month", help="Only this month of history, YYYY-MM (else: last month and this one so far).")
@click.option("--seed", default="fieldapp", show_default=True, help="Another seed, another company.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Build around 13:00 of this day instead of now.")
@click.option("--if-empty", is_flag=True, help="Where there is data already, only tell how to sign in.")
def demo(visits: int, month: str | None, seed: str, today: datetime | None, if_empty: bool) -> None:
    """Load a deterministic demo company into an empty installation."""
    if today and not 2001 <= today.year < 2099:
        raise click.BadParameter(f"{today:%Y-%m-%d} does not lie in this century", param_hint="--today")
    settings = Settings.from_environment()
    work = make_work(settings)
    upgrading.upgrade(work, timezone=settings.timezone)
    if if_empty and not accounts.is_empty(work):
        found = company.existing(work)
        if found is None:
            click.echo("fieldapp: this installation holds a real company; the demo stays out", err=True)
            return
    else:
        zone = ZoneInfo(settings.timezone)
        moment = localise(datetime.combine(today, time(13)), zone) if today else _round(work.now())
        wish = Wish(seed, moment, visits, _months(month, moment.astimezone(zone).date()))
        found = company.load_demo(work, wish, _progress)
    _tell(found, settings.instance / LOGINS)


def _months(month: str | None, today: date) -> tuple[date, ...]:
    if month is not None:
        return (date.fromisoformat(f"{parse_month(month)}-01"),)
    this = today.replace(day=1)
    return ((this - timedelta(days=1)).replace(day=1), this)


def _round(moment: datetime) -> datetime:
    """Five minutes are as exact as people promise."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % 300, UTC)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty() and (done % 50 == 0 or done == total):
        click.echo(f"\rdemo company: {done} visits ", nl=False, err=True)


def _tell(found: list[Login], file: Path) -> None:
    lines = [f"login {one.role} {one.login} {one.password}" for one in found]
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as target:
        target.write("\n".join(lines) + "\n")
    if sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)
    click.echo("\n".join(lines))
