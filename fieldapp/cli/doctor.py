"""`fieldapp doctor`: everything replayed, recounted and verified; exit 1 with what was found."""

import json
import sys

import click

from fieldapp.cli.context import make_work
from fieldapp.services.doctor import examine, head_on_paper
from fieldapp.settings import Settings


@click.command("doctor")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--head", "heads", multiple=True, metavar="BRANCH:ROW:HASH", help="From a printed slip; may be repeated.")
def doctor(form: str, heads: tuple[str, ...]) -> None:
    """Compare the store with its facts: migrations, audit chain, visits, scores, photos."""
    work = make_work(Settings.from_environment())
    checks = examine(work)
    if not checks[0].faults:
        checks += tuple(head_on_paper(work, head) for head in heads)
    is_well = not any(check.faults for check in checks)
    if form == "json":
        listed = [{"name": check.name, "faults": list(check.faults), "notes": list(check.notes)} for check in checks]
        click.echo(json.dumps({"healthy": is_well, "checks": listed}, ensure_ascii=False, indent=1))
    else:
        for check in checks:
            click.echo(f"{'ok   ' if not check.faults else 'FAULT'} {check.name}")
            for line in (*check.faults, *check.notes):
                click.echo(f"      {line}")
    sys.exit(0 if is_well else 1)
