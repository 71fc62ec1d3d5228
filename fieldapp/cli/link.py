"""`fieldapp link`: a customer's own link, made at the command line and audited like any other."""

import click

from fieldapp.cli.context import open_work
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import BranchCode
from fieldapp.services import installation, links
from fieldapp.settings import Settings


@click.command("link")
@click.argument("external_id")
@click.option("--branch", default=installation.MAIN, show_default=True, metavar="CODE", help="The visit's branch.")
def link(external_id: str, branch: str) -> None:
    """Make the customer's own link for the visit EXTERNAL_ID and print it. It ends the one made before.

    Send it to the customer's own number or mail; who has it can act as the customer.
    """
    settings = Settings.from_environment()
    token = links.create_own_link_by_order(open_work(settings), OPERATOR, BranchCode(branch), external_id)
    click.echo(f"{settings.base_url or 'http://127.0.0.1:8000'}/c/{token}")
