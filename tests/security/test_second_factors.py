"""The acceptance list of security.md, item 9: a one-time code works once; and what else a second factor must hold."""

import base64
import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import DomainError, Forbidden
from fieldapp.services import accounts, second_factors, sign_ins
from fieldapp.services.sign_ins import Halfway, WrongCode
from fieldapp.services.work import UnknownKey, Unreadable
from fieldapp.storage import migrate
from tests import cast
from tests.apps import shown

#: The secret of RFC 6238, appendix B.
SECRET = base64.b32encode(b"12345678901234567890").decode()


def code(moment, steps: int = 0, secret: str = SECRET) -> str:
    """What an app shows."""
    return shown(secret, moment, steps)


def password(client, login="M001", **more):
    return client.post("/login", data={"login": login, "password": cast.PASSWORD, **more})


def enter(client, text):
    return client.post("/login/code", data={"code": text})


@pytest.fixture
def codes(work) -> list[str]:
    """M001 has a second factor; these are the recovery codes."""
    return second_factors.give(work, OPERATOR, "M001", SECRET).codes


@pytest.fixture
def halfway(app, codes):
    """A browser in which M001's password was entered."""
    client = app.test_client()
    assert password(client).location == "/login/code"
    return client


@pytest.mark.parametrize(("seconds", "shown"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_09_the_codes_are_those_of_the_standard(work, clock, seconds, shown):
    from datetime import UTC, datetime

    second_factors.give(work, OPERATOR, "M001", SECRET)
    clock.set(datetime.fromtimestamp(seconds, UTC))
    assert code(clock()) == shown
    with work.write() as db:
        assert second_factors.use(work, db, cast.M001.account_id, shown)


def test_09_the_password_alone_opens_nothing(halfway):
    for path in ("/me/", "/quality/", "/scores/norm", "/m/me.json"):
        assert halfway.get(path).status_code in {302, 401}
    assert halfway.get("/login/code").status_code == 200
    assert halfway.get_cookie("sid") is None


def test_09_a_code_opens_the_session_once_and_never_again(app, halfway, clock, codes):
    shown = code(clock())
    assert enter(halfway, shown).status_code == 303
    assert halfway.get("/me/").status_code == 200
    other = app.test_client()
    password(other)
    answer = enter(other, shown)
    assert answer.status_code == 401
    assert "wrong or was used" in answer.text
    clock.advance(seconds=30)
    assert enter(other, shown).status_code == 401, "nor in the half minute after it"
    assert enter(other, code(clock(), -1)).status_code == 401, "nor an older one after a newer one"
    clock.advance(seconds=30)
    assert enter(other, code(clock())).status_code == 303


def test_09_a_code_that_many_send_at_once_lets_one_in(work, clock, codes):
    tickets = [sign_ins.sign_in(work, login="M001", password=cast.PASSWORD, agent="", browser=None, old=None)
               for _ in range(8)]  # fmt: skip

    def try_it(found: Halfway) -> bool:
        try:
            sign_ins.enter_code(work, ticket=found.ticket, code=code(clock()), agent="", browser=None, old=None)
        except WrongCode:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(try_it, tickets)) == 1


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_09_clocks_may_part_by_half_a_minute(halfway, clock, steps):
    assert enter(halfway, f" {code(clock(), steps)[:3]} {code(clock(), steps)[3:]} ").status_code == 303


@pytest.mark.parametrize("text", ["", "000000", "abc", "9" * 5000, "\x00", "١٢٣٤٥٦", "aaaaa-bbbbb"])
def test_09_anything_else_is_a_wrong_code(halfway, text):
    assert enter(halfway, text).status_code == 401


@pytest.mark.parametrize("steps", [-2, 2])
def test_09_codes_further_away_are_wrong(halfway, clock, steps):
    assert enter(halfway, code(clock(), steps)).status_code == 401


def test_09_a_recovery_code_works_once(app, halfway, codes):
    assert len(set(codes)) == 10
    assert enter(halfway, codes[0].upper()).status_code == 303
    other = app.test_client()
    password(other)
    assert enter(other, codes[0]).status_code == 401
    assert enter(other, codes[1].replace("-", " ")).status_code == 303


def test_09_guessing_codes_ends_in_429_and_locks_no_known_browser(app, halfway, clock):
    known = app.test_client()
    password(known)
    assert enter(known, code(clock())).status_code == 303
    known.post("/logout")
    for _ in range(10):
        assert enter(halfway, "000000").status_code == 401
    answer = enter(halfway, code(clock(), 1))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    password(known)
    assert enter(known, code(clock(), 1)).status_code == 303


def test_09_being_halfway_ends_after_ten_minutes_and_with_the_password(app, work, halfway, clock):
    clock.advance(minutes=11)
    assert enter(halfway, code(clock())).status_code == 401
    password(halfway)
    accounts.reset_password(work, OPERATOR, "M001", "a quiet river bend")
    assert enter(halfway, code(clock())).status_code == 401
    assert halfway.post("/login", data={"login": "M001", "password": "a quiet river bend"}).status_code == 303
    accounts.disable_account(work, OPERATOR, "M001")
    assert enter(halfway, code(clock(), 1)).status_code == 401


def test_09_a_ticket_that_was_made_up_opens_nothing(work, clock, codes):
    found = sign_ins.sign_in(work, login="M001", password=cast.PASSWORD, agent="", browser=None, old=None)
    account, until, stamp = found.ticket.split(".")
    for ticket in (
        "", "..", f"{account}.{until}.{'0' * 64}", f"{cast.M002.account_id}.{until}.{stamp}",
        f"{account}.{int(until) + 1}.{stamp}", f"{account}.x.{stamp}", f"{account}.{'9' * 300}.{stamp}",
    ):  # fmt: skip
        with pytest.raises(WrongCode):
            sign_ins.enter_code(work, ticket=ticket, code=code(clock()), agent="", browser=None, old=None)


def test_09_where_one_wanted_to_go_is_kept_over_the_code(app, codes, clock):
    client = app.test_client()
    password(client, next="/scores/norm")
    assert enter(client, code(clock())).location == "/scores/norm"
    assert client.get("/login/code").location == "/login"


def test_09_nothing_that_is_stored_tells_the_secret_or_a_recovery_code(work, codes):
    with work.read() as db:
        rows = db.connection().exec_driver_sql("SELECT box, wrapped FROM second_factors").all()
        hashes = db.connection().exec_driver_sql("SELECT code_hash FROM recovery_codes").scalars().all()
    assert b"12345678901234567890" not in b"".join(bytes(one) for row in rows for one in row)
    assert not {part for one in codes for part in one.split("-")} & set("".join(hashes).split())
    other = dataclasses.replace(work, vault=type(work.vault)("another data key that is long enough to be one"))
    with pytest.raises((Unreadable, UnknownKey)), work.write() as db:
        second_factors.use(other, db, cast.M001.account_id, "000000")


def test_09_only_who_manages_accounts_gives_and_takes(work, codes):
    for person in (cast.M001, cast.D001, cast.T001):
        with pytest.raises(Forbidden):
            second_factors.give(work, person.actor, "M001")
        with pytest.raises(Forbidden):
            second_factors.take(work, person.actor, "M001")


def test_09_the_command_line_gives_shows_once_and_takes(settings, work, app, clock):
    def run(*arguments: str):
        return CliRunner(env={"FIELDAPP_INSTANCE": str(settings.instance)}).invoke(main, ["user", *arguments])

    done = run("add", "Q777", "--role", "quality", "--name", "Qiu", "--totp-secret", SECRET)
    assert done.exit_code == 0, done.output
    given = re.search(r"^password (\S+)$", done.output, re.MULTILINE)[1]
    assert len(re.findall(r"^recovery code \S+$", done.output, re.MULTILINE)) == 10
    client = app.test_client()
    # The command hashes as the real program does, the app of this test does not: another password.
    assert given
    accounts.reset_password(work, OPERATOR, "Q777", cast.PASSWORD)
    assert password(client, "Q777").location == "/login/code"
    assert enter(client, code(clock())).status_code == 303
    done = run("second-factor", "Q777")
    secret = re.search(r"secret=([A-Z2-7]+)", done.output)[1]
    password(client, "Q777")
    assert enter(client, code(clock(), 1)).status_code == 401, "the old secret ends"
    assert enter(client, code(clock(), secret=secret)).status_code == 303
    assert run("second-factor", "Q777", "--off").exit_code == 0
    assert password(app.test_client(), "Q777").location == "/quality/"
    assert run("second-factor", "Q777", "--off").exit_code == 2
    for wrong in ("short", "0189!", ""):
        done = run("add", "Q778", "--role", "quality", "--name", "Qiu", "--totp-secret", wrong)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "Q778" not in run("list").output


def test_09_no_older_program_lets_in_who_has_a_second_factor(work, codes):
    with pytest.raises(migrate.WouldLose, match="second_factors"):
        migrate.downgrade(work.database, "0024")
    second_factors.take(work, OPERATOR, "M001")
    with pytest.raises(migrate.WouldLose) as refusal:  # of others: what is sealed has no place there either
        migrate.downgrade(work.database, "0024")
    assert "second_factors" not in str(refusal.value)


def test_09_a_secret_that_is_none_is_refused(work):
    for wrong in ("", "A", "ABCDEFGH", "not base32 at all!", "0" * 32):
        with pytest.raises(DomainError) as refusal:
            second_factors.give(work, OPERATOR, "M001", wrong)
        assert refusal.value.code == "totp_secret"
