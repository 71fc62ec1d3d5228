"""Who gets in at /api/v1: a good token and nothing else, for what its scopes say, as often as it may."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.services import accounts, tokens
from fieldapp.storage.tables.audit import AuditRow
from fieldapp.storage.tables.tokens import TokenRow
from tests import cast

VISITS = "/api/v1/visits"


def ask(client, authorization=None, path=VISITS, method="GET"):
    return client.open(path, method=method, headers={"Authorization": authorization} if authorization else {})


def only_token(work):
    return tokens.list_tokens(work, OPERATOR)[0]


def test_a_token_opens_what_its_scope_says(program):
    assert program("visits:read").get("/visits").json == {"items": [], "next": None}


@pytest.mark.parametrize(
    "authorization",
    [
        None, "Bearer", "Bearer ", "Bearer main", "Bearer main.", "Bearer .x", "Bearer main." + "x" * 43, "main.x",
        "Basic bWFpbi54", "Bearer nowhere." + "x" * 43, "Bearer " + "x" * 5000, "Bearer main.\x00", "Bearer main.“”",
        "Bearer a b",
    ],
)  # fmt: skip
def test_without_a_good_token_the_answer_is_401_and_says_what_is_asked_for(client, authorization):
    answer = ask(client, authorization)
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.json["code"] == "token_missing"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="fieldapp"')


def test_one_sign_of_a_token_changed_opens_nothing(program, client):
    token = program("visits:read").token
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), token + "x", token.replace("main.", "north.")):
        assert ask(client, f"Bearer {wrong}").status_code == 401


def test_a_cookie_of_somebody_signed_in_opens_nothing(sign_in):
    for login in ("A001", "D001", "M001"):
        assert ask(sign_in(login)).status_code == 401


def test_a_token_opens_no_page_and_no_phone_s_address(program, client):
    token = program("visits:read", "visits:write", "scores:read").token
    for path in ("/dispatch/", "/admin/", "/api/sync/v1/day", "/me/"):
        assert ask(client, f"Bearer {token}", path).status_code in {302, 401}


def test_a_missing_scope_is_403_and_named(program):
    answer = program("scores:read").get("/visits")
    assert (answer.status_code, answer.json["code"]) == (403, "scope_missing")
    assert 'error="insufficient_scope", scope="visits:read"' in answer.headers["WWW-Authenticate"]


def test_who_may_write_visits_may_read_them(program):
    assert program("visits:write").get("/visits").status_code == 200
    assert program("visits:read", name="erp").get("/scores/2026-10").status_code == 403


def test_a_revoked_token_opens_nothing_from_the_next_request_on(program, work):
    crm = program("visits:read")
    token = only_token(work)
    tokens.revoke_token(work, OPERATOR, token.branch, token.token_id)
    assert crm.get("/visits").status_code == 401


def test_an_expired_token_opens_nothing(program, clock):
    crm = program("visits:read", expires_at=clock() + timedelta(days=1))
    clock.advance(hours=23, minutes=59)
    assert crm.get("/visits").status_code == 200
    clock.advance(minutes=1)
    assert crm.get("/visits").status_code == 401


def test_only_a_hash_of_the_secret_is_kept(program, work):
    secret = program("visits:read").token.rpartition(".")[2]
    assert len(secret) >= 43  # 256 bits
    with work.read() as db:
        row = db.scalars(select(TokenRow)).one()
        audited = [f"{one.subject} {one.facts}" for one in db.scalars(select(AuditRow))]
    assert secret not in " ".join(str(value) for value in vars(row).values())
    assert secret not in " ".join(audited)


def test_making_and_revoking_are_audited(program, work):
    program("visits:read")
    tokens.revoke_named(work, OPERATOR, cast.MAIN, "crm")
    with work.read() as db:
        found = [(one.branch, one.actor, one.action, one.subject) for one in db.scalars(select(AuditRow))]
    assert found == [(cast.MAIN, "office", "token.added", "crm"), (cast.MAIN, "office", "token.revoked", "crm")]


def test_the_last_use_is_written_down_and_not_at_every_request(program, work, clock):
    crm = program("visits:read")
    assert only_token(work).used_at is None
    first = clock()
    for _ in range(3):
        crm.get("/visits")
        clock.advance(minutes=1)
    assert only_token(work).used_at == first
    clock.advance(minutes=5)
    crm.get("/visits")
    assert only_token(work).used_at == clock()


def test_a_program_that_asks_too_often_waits_and_others_do_not(program, clock):
    eager, calm = program("visits:read", rate=3), program("visits:read", name="erp")
    assert [eager.get("/visits").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = eager.get("/visits")
    assert (refused.json["code"], refused.headers["Retry-After"]) == ("rate_exceeded", "21")
    assert calm.get("/visits").status_code == 200
    clock.advance(seconds=21)
    assert [eager.get("/visits").status_code for _ in range(2)] == [200, 429]


def test_a_name_is_one_program_s_until_its_token_is_revoked(program, work):
    program("visits:read")
    with pytest.raises(Conflict, match="token_name_taken"):
        program("visits:read")
    program("visits:read", branch=cast.NORTH)
    tokens.revoke_named(work, OPERATOR, cast.MAIN, "crm")
    assert program("visits:read").get("/visits").status_code == 200


def test_nobody_signs_in_under_the_name_of_a_program(work):
    for login in ("api.crm", "API.crm"):
        with pytest.raises(Conflict, match="login_taken"):
            accounts.add_account(work, OPERATOR, login=login, name="X", role="quality", password="a quiet river bend")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": ""}, "token_name_malformed"), ({"name": "x" * 29}, "token_name_malformed"),
        ({"name": "a b"}, "token_name_malformed"), ({"scopes": []}, "scope_unknown"),
        ({"scopes": ["visits:all"]}, "scope_unknown"), ({"branch": "nowhere"}, "branch_unknown"),
        ({"rate": 0}, "rate_out_of_range"), ({"rate": 10**9}, "rate_out_of_range"),
        ({"expires_at": cast.NOW}, "expiry_past"),
    ],
)  # fmt: skip
def test_a_token_that_makes_no_sense_is_not_made(work, wrong, code):
    asked = {"branch": cast.MAIN, "name": "crm", "scopes": ["visits:read"], **wrong}
    with pytest.raises(Invalid, match=code):
        tokens.add_token(work, OPERATOR, **asked)
    assert tokens.list_tokens(work, OPERATOR) == []


@pytest.mark.parametrize("person", [cast.T001, cast.D001, cast.Q001, cast.M001], ids=lambda one: one.role)
def test_only_an_administrator_has_to_do_with_tokens(work, person):
    for act in (
        lambda: tokens.list_tokens(work, person.actor),
        lambda: tokens.add_token(work, person.actor, branch=cast.MAIN, name="x", scopes=["visits:read"]),
        lambda: tokens.revoke_named(work, person.actor, cast.MAIN, "x"),
        lambda: tokens.revoke_token(work, person.actor, cast.MAIN, "x"),
    ):
        with pytest.raises(Forbidden):
            act()


def test_what_is_not_there_cannot_be_revoked(work):
    with pytest.raises(NotFound):
        tokens.revoke_named(work, cast.A001.actor, cast.MAIN, "nobody")
