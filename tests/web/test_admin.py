"""The admin's pages: accounts, branches, teams."""

import re

import pytest

from tests import cast
from tests.links import own_token, planned_visit


@pytest.fixture
def admin(sign_in):
    return sign_in("A001")


def account(**given):
    return {
        "login": "N100",
        "name": "新来的",
        "role": "technician",
        "branch": "main",
        "team": "main/b",
    } | given


def test_the_list_names_everybody(admin):
    page = admin.get("/admin/").text
    assert all(person.login in page and person.name in page for person in cast.EVERYBODY)


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [("q=李静", "T002", "T001"), ("q=NORTH", "T900", "T001"), ("role=manager", "M001", "T001"),
     ("state=disabled", "T099", "T001"), ("q=%25", "Nobody matches", "T001"), ("q=_", "Nobody matches", "T001")],
)  # fmt: skip
def test_the_list_is_narrowed(admin, query, there, gone):
    page = admin.get(f"/admin/?{query}").text
    assert there in page
    assert f">{gone}<" not in page


def test_the_list_sorts_and_turns_round(admin):
    names = admin.get("/admin/?sort=name").text
    assert names.index("Chen Wei") < names.index("Zhao Min")
    turned = admin.get("/admin/?sort=name&down=1").text
    assert turned.index("Zhao Min") < turned.index("Chen Wei")
    assert 'aria-sort="descending"' in turned


@pytest.mark.parametrize(
    "query", ["page=0", "page=9999", "page=x", "sort=password_hash", "endpoint=x&_external=1", "q=\x00"]
)
def test_any_query_gets_a_page(admin, query):
    assert admin.get(f"/admin/?{query}").status_code == 200


def test_a_refused_account_comes_back_with_every_word_in_it(admin):
    answer = admin.post("/admin/accounts", data=account(login="T 1"))
    assert answer.status_code == 422
    assert 'value="T 1"' in answer.text
    assert "新来的" in answer.text
    assert '<option selected value="main/b">' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_team_of_another_branch_is_refused(admin):
    answer = admin.post("/admin/accounts", data=account(team="north/n"))
    assert answer.status_code == 422
    assert "has no team" in answer.text


def test_an_account_changes_its_role_from_the_next_click_on(admin, sign_in):
    client = sign_in("M001")
    assert client.get("/admin/").status_code == 403
    data = {"name": "Ma Ling", "role": "admin", "branch": "main", "team": ""}
    assert admin.post("/admin/accounts/M001", data=data).status_code == 303
    assert client.get("/admin/").status_code == 200


def test_an_account_is_disabled_and_opened_again(admin, client, sign_in):
    admin.post("/admin/accounts/D001/disable")
    assert client.post("/login", data={"login": "D001", "password": cast.PASSWORD}).status_code == 401
    assert "Let them sign in again" in admin.get("/admin/accounts/D001").text
    admin.post("/admin/accounts/D001/enable")
    assert sign_in("D001")


def test_the_last_admin_stays(admin):
    answer = admin.post("/admin/accounts/A001/disable")
    assert answer.status_code == 409
    assert "last administrator" in answer.text
    data = {"name": "Ai Xin", "role": "manager", "branch": "main", "team": ""}
    assert admin.post("/admin/accounts/A001", data=data).status_code == 422


def test_extra_fields_change_nothing(admin, work):
    admin.post("/admin/accounts", data=account(account_id="x", disabled_at="2026-01-01", locale="zh-Hans"))
    page = admin.get("/admin/accounts/N100").text
    assert "Disable the account" in page


@pytest.mark.parametrize(
    "path", ["/admin/accounts/T777", "/admin/accounts/T777/invitation", "/admin/accounts/T777/disable"]
)
def test_an_unknown_account_is_not_found(admin, path):
    answer = admin.post(path, data={}) if "/T777/" in path else admin.get(path)
    assert answer.status_code == 404


def test_branches_and_teams_are_added(admin):
    data = {"code": "south", "name": "南区", "timezone": "Asia/Taipei", "currency": "twd"}
    assert admin.post("/admin/branches", data=data).status_code == 303
    assert admin.post("/admin/teams", data={"branch": "south", "code": "s1", "name": "南一队"}).status_code == 303
    page = admin.get("/admin/branches").text
    assert all(text in page for text in ("南区", "Asia/Taipei", "TWD", "南一队 (s1)"))


def test_customers_are_told_which_number_to_call(admin, work, client):
    token = own_token(work, planned_visit(work))

    def number_on_page():
        return re.findall('href="tel:([^"]*)"', client.get(f"/c/{token}", follow_redirects=True).text)

    assert number_on_page() == []
    assert admin.post("/admin/branches/phone", data={"branch": "main", "phone": "0517 8352 1010"}).status_code == 303
    assert "0517 8352 1010" in admin.get("/admin/branches").text
    assert number_on_page() == ["051783521010"]
    refused = admin.post("/admin/branches/phone", data={"branch": "main", "phone": "call me"})
    assert refused.status_code == 422
    assert "This is no phone number." in refused.text
    assert admin.post("/admin/branches/phone", data={"branch": "nowhere", "phone": ""}).status_code == 422
    assert admin.post("/admin/branches/phone", data={"branch": "main", "phone": ""}).status_code == 303
    assert number_on_page() == []


def test_a_refused_branch_comes_back_with_every_word_in_it(admin):
    data = {"code": "south", "name": "南区", "timezone": "Asia/Nowhere", "currency": "CNY"}
    answer = admin.post("/admin/branches", data=data)
    assert answer.status_code == 422
    assert 'value="南区"' in answer.text
    assert "is no time zone" in answer.text
    assert admin.post("/admin/teams", data={"branch": "main", "code": "a", "name": "x"}).status_code == 422


@pytest.mark.parametrize("login", ["T001", "D001", "Q001", "M001"])
@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/new", "/admin/accounts/T001", "/admin/branches"])
def test_nobody_else_gets_in(sign_in, login, path):
    client = sign_in(login)
    assert client.get(path).status_code == 403
