"""Invitations: what a link must hold that stands for a password."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from click.testing import CliRunner

from fieldapp import logs
from fieldapp.cli import main
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Forbidden, NotFound
from fieldapp.services import accounts, invitations
from tests import cast

GOOD = "a quiet river bend"


@pytest.fixture
def secret(work) -> str:
    return invitations.make(work, cast.A001.actor, "D001")


def test_a_link_has_256_bits_and_only_its_hash_is_stored(work, secret):
    assert len(secret) == 43
    with work.read() as db:
        [stored] = db.connection().exec_driver_sql("SELECT token_hash FROM invitations").scalars().all()
    assert secret not in stored
    assert len(stored) == 64


def test_it_works_once_however_many_try_at_the_same_time(work, secret):
    def take(number: int) -> bool:
        try:
            invitations.accept(work, secret, f"{GOOD} {number}")
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(8))) == 1


def test_expired_revoked_replaced_used_and_made_up_look_the_same(app, work, clock):
    def another(login="D001"):
        return invitations.make(work, OPERATOR, login)

    used, replaced = another("Q001"), another()
    revoked = another()
    invitations.revoke(work, OPERATOR, "D001")
    invitations.accept(work, used, GOOD)
    disabled = another("M002")
    accounts.disable_account(work, OPERATOR, "M002")
    over = another("M001")
    clock.advance(seconds=invitations.LASTS.total_seconds())
    client = app.test_client()
    gone = (used, replaced, revoked, disabled, over, "made-up", "made-up-" * 600)
    answers = {_without_form_token(client.get(f"/invited/{one}").text.replace(one, "-")) for one in gone}
    assert len(answers) == 1
    assert "opens nothing" in answers.pop()
    clock.set(clock() - timedelta(seconds=1))
    assert client.get(f"/invited/{over}").status_code == 303


def _without_form_token(page):
    """The token tells the second in which it was made."""
    return "\n".join(line for line in page.splitlines() if "csrf_token" not in line)


def test_a_disabled_account_s_link_does_not_come_back_with_it(work, app):
    old = invitations.make(work, OPERATOR, "D001")
    accounts.disable_account(work, OPERATOR, "D001")
    accounts.enable_account(work, OPERATOR, "D001")
    assert app.test_client().get(f"/invited/{old}").status_code == 404


def test_another_password_ends_the_link_by_which_one_could_be_chosen(work, secret):
    accounts.reset_password(work, OPERATOR, "D001", GOOD)
    with pytest.raises(NotFound):
        invitations.open_link(work, secret)
    again = invitations.make(work, OPERATOR, "D001")
    accounts.change_password(work, cast.D001.actor, sign_in_id="-", current=GOOD, new=f"{GOOD} 2")
    with pytest.raises(NotFound):
        invitations.accept(work, again, f"{GOOD} 3")


def test_looking_changes_nothing_and_the_secret_leaves_the_address_at_once(app, secret):
    client = app.test_client()
    for method in ("HEAD", "GET"):
        answer = client.open(f"/invited/{secret}", method=method)
        assert (answer.status_code, answer.location) == (303, "/invited/")
        assert answer.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
    for _ in range(3):
        page = client.get("/invited/")
        assert page.status_code == 200
        assert secret not in page.text
        assert "no-store" in page.headers["Cache-Control"]


def test_the_secret_stays_out_of_the_log(secret, capfd):
    logs.configure()
    import structlog

    structlog.get_logger().error("unexpected", path=f"/invited/{secret}", text=f"GET /invited/{secret} HTTP/1.1")
    assert secret not in capfd.readouterr().err


def test_guessing_is_limited_by_address(app):
    client = app.test_client()
    statuses = [client.get(f"/invited/{number}").status_code for number in range(70)]
    assert statuses[0] == 404
    assert statuses[-1] == 429


def test_only_who_manages_accounts_makes_and_revokes(work):
    for person in (cast.M001, cast.D001, cast.T001):
        for act in (invitations.make, invitations.revoke, invitations.find_waiting):
            with pytest.raises(Forbidden):
                act(work, person.actor, "T001")


def test_the_audit_says_who_did_what(work, secret):
    invitations.accept(work, secret, GOOD)
    with work.read() as db:
        rows = db.connection().exec_driver_sql("SELECT actor, action, subject FROM audit ORDER BY number").all()
    assert [tuple(row) for row in rows][-2:] == [
        ("A001", "account.invited", "D001"), ("D001", "account.password_chosen", "D001"),
    ]  # fmt: skip
    assert secret not in str(rows)


def test_the_command_line_invites_and_shows_the_link_once(settings, work, app):
    def run(*arguments: str):
        return CliRunner(env={"FIELDAPP_INSTANCE": str(settings.instance)}).invoke(main, ["user", "invite", *arguments])

    done = run("Q777", "--role", "quality", "--name", "Qiu")
    assert done.exit_code == 0, done.output
    path = done.output.split("http://127.0.0.1:8000")[1].strip()
    assert app.test_client().get(path).status_code == 303
    again = run("Q777")
    assert again.exit_code == 0
    assert app.test_client().get(path).status_code == 404, "a new link ends the one before"
    for wrong in (("T777",), ("Q777", "--role", "quality", "--name", "Qiu"), ("Q777", "--mail", "a@example.org")):
        assert run(*wrong).exit_code == 2
