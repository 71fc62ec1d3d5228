"""The admin's page for the tokens of other programs."""

from datetime import timedelta

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.services import tokens
from tests import cast


@pytest.fixture
def admin(sign_in):
    return sign_in("A001")


def add(work, name, **more):
    return tokens.add_token(work, OPERATOR, **{"branch": cast.MAIN, "name": name, "scopes": ["visits:read"], **more})


def test_without_any_the_page_says_how_to_make_one(admin):
    page = admin.get("/admin/tokens/").text
    assert "No other program has a token." in page
    assert "fieldapp token add" in page


def test_every_token_of_the_company_is_there_with_what_it_may_and_never_its_secret(admin, work, clock):
    secret = add(work, "crm", expires_at=clock() + timedelta(days=90)).partition(".")[2]
    add(work, "erp", branch=cast.NORTH, scopes=["scores:read", "visits:write"])
    page = admin.get("/admin/tokens/").text
    assert all(word in page for word in ("crm", "erp", "north", "scores:read", "visits:write", "never", "until"))
    assert secret not in page


def test_a_token_is_revoked_at_once_and_goes_to_the_end(admin, work, client):
    shown = add(work, "crm")
    add(work, "erp")
    token = next(one for one in tokens.list_tokens(work, OPERATOR) if one.name == "crm")
    answer = admin.post(f"/admin/tokens/main/{token.token_id}/revoke")
    assert answer.location == "/admin/tokens/"
    page = admin.get("/admin/tokens/").text
    assert "refused from its next request on" in page
    assert page.index(">erp<") < page.index(">crm<")
    assert client.get("/api/v1/visits", headers={"Authorization": f"Bearer {shown}"}).status_code == 401


def test_an_expired_one_is_shown_as_such_without_a_button(admin, work, clock):
    add(work, "crm", expires_at=clock() + timedelta(hours=1))
    clock.advance(hours=2)
    page = admin.get("/admin/tokens/").text
    assert "expired" in page
    assert "/revoke" not in page


def test_what_is_not_there_is_not_revoked(admin, work):
    add(work, "crm")
    token = tokens.list_tokens(work, OPERATOR)[0]
    for branch, token_id in ((cast.NORTH, token.token_id), (cast.MAIN, "x"), ("x", token.token_id)):
        assert admin.post(f"/admin/tokens/{branch}/{token_id}/revoke").status_code == 404


@pytest.mark.parametrize("login", ["T001", "D001", "Q001", "M001"])
def test_nobody_else_sees_them(sign_in, login):
    assert sign_in(login).get("/admin/tokens/").status_code == 403
