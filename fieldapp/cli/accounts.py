"""`fieldapp user` and `fieldapp branch`: the first account of an installation is made here."""

import sys

import click

from fieldapp.cli.context import open_work
from fieldapp.domain.access import OPERATOR, ROLES
from fieldapp.services import accounts, branches, invitations, password_rules, second_factors
from fieldapp.settings import Settings

_FROM_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group("user")
def user() -> None:
    """Accounts: who may sign in, and as what."""


@user.command("add")
@click.argument("login")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--name", required=True, help="As customers and colleagues know them.")
@click.option("--branch", help="A branch's code; without it: main.")
@click.option("--team", help="A team's code, for technicians; without it: the branch's default team.")
@click.option("--totp-secret", metavar="BASE32", help="A second factor from the start, with this secret.")
@_FROM_STDIN
def add(
    login: str, role: str, name: str, branch: str | None, team: str | None, totp_secret: str | None,
    password_stdin: bool,
) -> None:  # fmt: skip
    """Make an account; a technician's LOGIN is the staff code. Prints a password unless one is given."""
    password = _password(password_stdin)
    work = open_work()
    if totp_secret is not None:
        second_factors.check(totp_secret)
    account = accounts.add_account(
        work, OPERATOR, login=login, name=name, role=role, password=password, branch=branch, team=team
    )
    click.echo(f"added {account.login} as {account.role} of {account.branch or 'the whole company'}")
    _tell(password, password_stdin)
    if totp_secret is not None:
        _tell_codes(second_factors.give(work, OPERATOR, account.login, totp_secret))


@user.command("invite")
@click.argument("login")
@click.option("--role", type=click.Choice(ROLES), help="Of a new account; without it: a link for one that exists.")
@click.option("--name", default="", help="Of a new account: as customers and colleagues know them.")
@click.option("--branch", help="A branch's code; without it: main.")
@click.option("--team", help="A team's code, for technicians; without it: the branch's default team.")
@click.option("--mail", "address", default="", metavar="ADDRESS", help="Mail the link there, too (FIELDAPP_SMTP_URL).")
def invite(
    login: str, role: str | None, name: str, branch: str | None, team: str | None, address: str
) -> None:  # fmt: skip
    """Print a link with which the owner of LOGIN chooses a password, once, within three days.

    With --role it makes the account first. A new link ends the one before.
    """
    settings = Settings.from_environment()
    work, server = open_work(settings), settings.mail_server
    invitations.check_address(address)
    if address and server is None:
        raise click.UsageError("there is no mail server to send it with: set FIELDAPP_SMTP_URL and FIELDAPP_MAIL_FROM")
    if role is None:
        account = accounts.get_account(work, OPERATOR, login)
        secret = invitations.make(work, OPERATOR, login)
    else:
        account, secret = invitations.invite(
            work, OPERATOR, login=login, name=name, role=role, branch=branch, team=team
        )  # fmt: skip
        click.echo(f"added {account.login} as {account.role} of {account.branch or 'the whole company'}")
    link = f"{settings.base_url or 'http://127.0.0.1:8000'}/invited/{secret}"
    click.echo(f"link {link}")
    if server is not None and address:
        sent = invitations.send(work, server, account, address, link, settings.locale)
        click.echo(f"mailed to {address}" if sent else f"not mailed: the server did not take it for {address}")


@user.command("list")
def list_all() -> None:
    """All accounts: login, role, branch, team, state, name."""
    for account in accounts.list_accounts(open_work(), OPERATOR):
        state = "disabled" if account.disabled_at else "active"
        fields = (account.login, account.role, account.branch or "-", account.team or "-", state, account.name)
        click.echo("\t".join(fields))


@user.command("reset-password")
@click.argument("login")
@_FROM_STDIN
def reset_password(login: str, password_stdin: bool) -> None:
    """Give LOGIN another password; all its sessions end. Prints it unless one is given."""
    password = _password(password_stdin)
    accounts.reset_password(open_work(), OPERATOR, login, password)
    click.echo(f"new password for {login}; it is signed out everywhere")
    _tell(password, password_stdin)


@user.command("second-factor")
@click.argument("login")
@click.option("--totp-secret", metavar="BASE32", help="This secret instead of a new one.")
@click.option("--off", is_flag=True, help="Take it away: the password alone lets in again.")
def second_factor(login: str, totp_secret: str | None, off: bool) -> None:
    """Give LOGIN a second factor: prints the address for an authenticator app, and ten recovery codes. Shown once."""
    work = open_work()
    if off:
        second_factors.take(work, OPERATOR, login)
        click.echo(f"{login} signs in with the password alone")
        return
    made = second_factors.give(work, OPERATOR, login, totp_secret)
    click.echo(made.address)
    _tell_codes(made)


@user.command("disable")
@click.argument("login")
def disable(login: str) -> None:
    """Let LOGIN sign in no more; ends its sessions at once."""
    accounts.disable_account(open_work(), OPERATOR, login)
    click.echo(f"disabled {login}")


@click.group("branch")
def branch() -> None:
    """Branches of the company."""


@branch.command("add")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--timezone", metavar="ZONE", help="An IANA zone; without it: FIELDAPP_TIMEZONE.")
@click.option("--currency", metavar="CUR", default="CNY", show_default=True)
def add_branch(code: str, name: str, timezone: str | None, currency: str) -> None:
    """Make a branch with a team of its own, `main`."""
    settings = Settings.from_environment()
    added = branches.add_branch(
        open_work(settings), OPERATOR, code=code, name=name, timezone=timezone or settings.timezone, currency=currency
    )
    click.echo(f"added branch {added.code}, {added.timezone}, {added.currency}")


@branch.command("list")
def list_branches() -> None:
    """All branches: code, zone, currency, teams, name."""
    work = open_work()
    teams = branches.list_teams(work, OPERATOR)
    for each in branches.list_branches(work, OPERATOR):
        own = ",".join(team.code for team in teams if team.branch == each.code)
        click.echo("\t".join((each.code, each.timezone, each.currency, own or "-", each.name)))


def _password(from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else password_rules.invent()


def _tell_codes(made: second_factors.Fresh) -> None:
    for code in made.codes:
        click.echo(f"recovery code {code}")


def _tell(password: str, given: bool) -> None:
    if not given:
        click.echo(f"password {password}")
