"""`fieldapp doctor`: everything replayed, recounted and verified; exit 1 with what was found."""

import json
import sys
from collections.abc import Iterator, Sequence

import click

from fieldapp.cli.context import make_work
from fieldapp.cli.long_work import long_work
from fieldapp.services.doctor import SCHEMA, Check, checks, head_on_paper
from fieldapp.services.work import Work
from fieldapp.settings import Settings


@click.command("doctor")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--head", "heads", multiple=True, metavar="BRANCH:ROW:HASH", help="From a printed slip; may be repeated.")
def doctor(form: str, heads: tuple[str, ...]) -> None:
    """Compare the store with its facts: migrations, audit chain, visits, scores, photos."""
    work = make_work(Settings.from_environment())
    found = []
    for check in _checks(work, heads):
        found.append(check)
        if form == "text":
            click.echo("\n".join([f"{'FAULT' if check.faults else 'ok   '} {check.name}", *_indented(check)]))
    is_well = not any(check.faults for check in found)
    if form == "json":
        listed = [{"name": check.name, "faults": list(check.faults), "notes": list(check.notes)} for check in found]
        click.echo(json.dumps({"healthy": is_well, "checks": listed}, ensure_ascii=False, indent=1))
    sys.exit(0 if is_well else 1)


def _checks(work: Work, heads: Sequence[str]) -> Iterator[Check]:
    """Each as soon as it is done; of those that take long, how far they are."""
    for check in checks(work, long_work):
        yield check
        if check.name == SCHEMA and check.faults:
            return
    yield from (head_on_paper(work, head) for head in heads)


def _indented(check: Check) -> Iterator[str]:
    return (f"      {line}" for line in (*check.faults, *check.notes))
