"""`fieldapp routes`: every route with its methods and its guard, for people and for acceptance checks."""

import json

import click

from fieldapp.app import create_app
from fieldapp.cli.context import make_work
from fieldapp.settings import Settings
from fieldapp.web.guards import guard_of


@click.command("routes")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def routes(form: str) -> None:
    """List every route with its methods and who gets through."""
    settings = Settings.from_environment()
    app = create_app(settings, work=make_work(settings))
    found = [
        {
            "route": rule.rule,
            "methods": _methods(rule.methods or set()),
            "guard": guard_of(app, rule.endpoint),
            "endpoint": rule.endpoint,
        }
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    ]
    if form == "json":
        click.echo(json.dumps(found, indent=1))
        return
    for one in found:
        click.echo(f"{','.join(one['methods']):<12} {one['route']:<55} {one['guard']}")


def _methods(known: set[str]) -> list[str]:
    """Without those that Flask adds to every route by itself."""
    return sorted(known - ({"OPTIONS", "HEAD"} if "GET" in known else {"OPTIONS"}))
