"""Accounts: who may be made, changed and disabled, and which passwords are taken."""

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.services import accounts, branches, sign_ins
from fieldapp.services.sign_ins import WrongPassword
from tests import cast

GOOD = "a quiet river bend"


def add(work, **given):
    values = {"login": "N100", "name": "New One", "role": "technician", "password": GOOD} | given
    return accounts.add_account(work, given.pop("actor", OPERATOR), **{k: v for k, v in values.items() if k != "actor"})


def enter(work, login, password=GOOD):
    return sign_ins.sign_in(work, login=login, password=password, agent="", browser=None, old=None)


def test_a_technician_without_a_place_joins_the_default_team_of_main(work):
    account = add(work)
    assert (account.branch, account.team) == ("main", "a")


def test_an_admin_belongs_to_no_branch(work):
    account = add(work, role="admin", branch="main", team="a")
    assert (account.branch, account.team) == (None, None)


def test_a_new_account_can_sign_in(work):
    add(work)
    assert enter(work, "N100").actor.login == "N100"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"login": "no spaces"}, "login_malformed", "login"),
        ({"login": ""}, "login_malformed", "login"),
        ({"name": "   "}, "name_missing", "name"),
        ({"name": "tab\x00bed"}, "name_missing", "name"),
        ({"role": "boss"}, "role_unknown", "role"),
        ({"branch": "south"}, "branch_unknown", "branch"),
        ({"team": "n"}, "team_unknown", "team"),
        ({"password": "short"}, "password_short", "password"),
        ({"password": "x1" * 200}, "password_long", "password"),
        ({"password": "Password123"}, "password_common", "password"),
        ({"password": "aaaaaaaaaaaa"}, "password_common", "password"),
        ({"password": "N100n100"}, "password_common", "password"),
    ],
)
def test_what_is_wrong_is_named_with_its_field_and_nothing_is_made(work, given, code, field):
    before = len(accounts.list_accounts(work, OPERATOR))
    with pytest.raises(Invalid) as refused:
        add(work, **given)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert len(accounts.list_accounts(work, OPERATOR)) == before


def test_a_login_is_taken_in_any_spelling(work):
    with pytest.raises(Conflict, match="login_taken"):
        add(work, login="t001")


def test_a_password_typed_with_another_keyboard_is_the_same(work):
    add(work, password="caf\u00e9 au lait")
    assert enter(work, "N100", "cafe\u0301 au lait").actor.login == "N100"


@pytest.mark.parametrize("person", [cast.T001, cast.D001, cast.Q001, cast.M001], ids=lambda person: person.login)
def test_only_admins_manage_accounts(work, person):
    for act in (
        lambda: add(work, actor=person.actor),
        lambda: accounts.list_accounts(work, person.actor),
        lambda: accounts.disable_account(work, person.actor, "T002"),
        lambda: accounts.reset_password(work, person.actor, "T002", GOOD),
        lambda: branches.add_branch(work, person.actor, code="x", name="X", timezone="UTC"),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_disabled_account_is_shut_and_opened_again(work):
    accounts.disable_account(work, cast.A001.actor, "T002")
    with pytest.raises(WrongPassword):
        enter(work, "T002", cast.PASSWORD)
    accounts.enable_account(work, cast.A001.actor, "T002")
    assert enter(work, "T002", cast.PASSWORD).actor.login == "T002"


def test_the_last_admin_can_neither_be_disabled_nor_demoted(work):
    with pytest.raises(Conflict, match="last_admin"):
        accounts.disable_account(work, OPERATOR, "A001")
    with pytest.raises(Conflict, match="last_admin"):
        accounts.change_account(work, OPERATOR, "A001", name="Ai Xin", role="manager", branch="main", team=None)
    add(work, login="A002", role="admin")
    accounts.disable_account(work, OPERATOR, "A001")
    assert accounts.get_account(work, OPERATOR, "A001").disabled_at == work.now()


def test_a_technician_moves_to_another_branch_only_with_a_team_of_it(work):
    with pytest.raises(Invalid, match="team_unknown"):
        accounts.change_account(work, OPERATOR, "T001", name="Chen Wei", role="technician", branch="north", team="a")
    moved = accounts.change_account(work, OPERATOR, "T001", name="Chen Wei", role="technician", branch="north", team="")
    assert (moved.branch, moved.team) == ("north", "n")


def test_one_must_know_the_old_password_to_choose_a_new_one(work):
    session = sign_ins.resume(work, enter(work, "T001", cast.PASSWORD).secret)
    with pytest.raises(Invalid) as refused:
        accounts.change_password(work, session.actor, sign_in_id=session.sign_in_id, current="not it", new=GOOD)
    assert refused.value.field == "current"
    assert enter(work, "T001", cast.PASSWORD)


def test_nobody_is_found_under_an_unknown_login(work):
    with pytest.raises(NotFound, match="account_unknown"):
        accounts.disable_account(work, OPERATOR, "T777")


def test_what_admins_do_stands_in_the_audit_chain_without_names_or_passwords(work):
    accounts.reset_password(work, cast.A001.actor, "T001", GOOD)
    accounts.disable_account(work, cast.A001.actor, "T001")
    with work.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, subject, facts FROM audit ORDER BY number").all()
    assert [tuple(row[:3]) for row in rows] == [
        ("A001", "account.password_reset", "T001"),
        ("A001", "account.disabled", "T001"),
    ]
    assert GOOD not in str(rows)
    assert "Chen" not in str(rows)


def test_a_branch_has_a_team_from_the_start(work):
    branches.add_branch(work, OPERATOR, code="south", name="South", timezone="Asia/Taipei", currency="TWD")
    assert add(work, branch="south").team == "main"
    with pytest.raises(Conflict, match="branch_taken"):
        branches.add_branch(work, OPERATOR, code="south", name="South", timezone="Asia/Taipei")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"code": "no good"}, "code"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"currency": "yuan"}, "currency"),
        ({"name": ""}, "name"),
    ],
)
def test_a_branch_that_makes_no_sense_is_refused(work, given, field):
    values = {"code": "south", "name": "South", "timezone": "Asia/Taipei", "currency": "TWD"} | given
    with pytest.raises(Invalid) as refused:
        branches.add_branch(work, OPERATOR, **values)
    assert refused.value.field == field
