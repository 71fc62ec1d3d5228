"""Acts that weigh much want to know who acts, not only from which session: after half an hour a sign-in is stale."""

import re

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts, second_factors, sign_ins
from fieldapp.web.fresh import FRESH
from tests import cast
from tests.security.test_second_factors import SECRET, code, enter, password

#: All of them. A new act that makes people, figures or rules what they were not belongs here.
ACTS = {
    "admin.change", "admin.take_second_factor", "admin_invitations.invite", "admin_invitations.make",
    "adjustments.decide", "closing.propose", "closing.confirm", "drafts.decide",
    "factor.another", "factor.confirm", "factor.renew", "factor.end",
    "factor.add_passkey", "factor.remove_passkey", "own.end", "own.end_others",
}  # fmt: skip
CHANGE = "/admin/accounts/T002"
DATA = {"name": "Li <Jing> & Co.", "role": "quality", "branch": "main", "team": "", "note": "two\r\nlines"}


def role(work, login="T002"):
    return accounts.get_account(work, OPERATOR, login).role


def kept(page):
    """The fields of the form in the answer, as a browser would send them."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    decoded = {"&lt;": "<", "&gt;": ">", "&#34;": '"', "&amp;": "&"}
    return {name: re.sub("&[^;]+;", lambda one: decoded[one[0]], value) for name, value in found}


@pytest.fixture
def stale(sign_in, clock):
    """A001, who signed in half an hour ago."""
    client = sign_in("A001")
    clock.advance(minutes=30)
    return client


def test_every_act_that_weighs_much_asks(app):
    assert {name for name, view in app.view_functions.items() if getattr(view, FRESH, False)} == ACTS


def test_a_fresh_sign_in_is_enough(sign_in, work, clock):
    client = sign_in("A001")
    clock.advance(minutes=29)
    assert client.post(CHANGE, data=DATA).status_code == 303
    assert role(work) == "quality"


def test_a_stale_one_is_asked_and_nothing_typed_is_lost(stale, work):
    asked = stale.post(CHANGE, data=DATA)
    assert asked.status_code == 401
    assert f'action="{CHANGE}"' in asked.text
    assert role(work) == "technician"
    assert {name: kept(asked.text)[name] for name in DATA} == DATA
    done = stale.post(CHANGE, data={**kept(asked.text), "proof": cast.PASSWORD})
    assert (done.status_code, done.location) == (303, CHANGE)
    assert accounts.get_account(work, OPERATOR, "T002").name == DATA["name"]
    assert stale.post(CHANGE, data={**DATA, "role": "manager"}).status_code == 303, "asked once, not each time"


def test_the_session_has_another_secret_afterwards(app, stale):
    before = stale.get_cookie("sid").value
    thief = app.test_client()
    thief.set_cookie("sid", before)
    assert thief.get("/admin/").status_code == 200
    stale.post(CHANGE, data={**DATA, "proof": cast.PASSWORD})
    assert stale.get_cookie("sid").value != before
    assert stale.get("/admin/").status_code == 200
    assert thief.get("/admin/").status_code == 302


def test_a_wrong_proof_changes_nothing_and_keeps_what_was_typed(stale, work):
    for wrong in ("", "not-the-password", "\x00", "x" * 5000):
        answer = stale.post(CHANGE, data={**DATA, "proof": wrong})
        assert answer.status_code == 422
        assert kept(answer.text)["name"] == DATA["name"]
        assert "not-the-password" not in answer.text
    assert role(work) == "technician"


def test_guessing_ends_in_429_and_locks_nobody_out(app, stale, work, sign_in):
    for _ in range(10):
        assert stale.post(CHANGE, data={**DATA, "proof": "wrong-guess-1"}).status_code == 422
    refused = stale.post(CHANGE, data={**DATA, "proof": cast.PASSWORD})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert role(work) == "technician"
    assert sign_in("A001").get("/admin/").status_code == 200


def test_whoever_has_a_second_factor_shows_it_and_a_code_works_once(app, work, clock):
    second_factors.give(work, OPERATOR, "A001", SECRET)
    client = app.test_client()
    password(client, "A001")
    enter(client, code(clock()))
    clock.advance(minutes=31)
    asked = client.post(CHANGE, data=DATA)
    assert "One-time code" in asked.text
    assert client.post(CHANGE, data={**DATA, "proof": cast.PASSWORD}).status_code == 422
    proof = code(clock())
    assert client.post(CHANGE, data={**DATA, "proof": proof}).status_code == 303
    clock.advance(minutes=31)
    assert client.post(CHANGE, data={**DATA, "proof": proof}).status_code == 422


def test_proving_does_not_make_a_session_last_longer(stale, clock):
    stale.post(CHANGE, data={**DATA, "proof": cast.PASSWORD})
    clock.advance(seconds=(sign_ins.OFFICE - sign_ins.FRESH).total_seconds() - 1)
    assert stale.get("/admin/").status_code == 200
    clock.advance(seconds=1)
    assert stale.get("/admin/").status_code == 302


def test_who_may_not_act_is_not_asked(sign_in, clock):
    client = sign_in("M001")
    clock.advance(minutes=31)
    assert client.post(CHANGE, data=DATA).status_code == 403


def test_another_site_gets_nobody_s_words_back(stale):
    answer = stale.post(CHANGE, data=DATA, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "Jing" not in answer.text
