"""Passkeys: whose they are, where they are offered, and that making up an answer is guessing. What devices answer is in
tests/e2e/test_passkeys.py, where there is one."""

import base64
import json
import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from fido2.cose import ES256
from fido2.webauthn import Aaguid, AttestedCredentialData
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldapp.domain.access import OPERATOR
from fieldapp.services import passkeys, second_factors
from fieldapp.services.passkeys import Passkey, Site, WrongPasskey
from fieldapp.storage import passkeys as stored
from tests import cast
from tests.security.test_second_factors import SECRET, code, enter, password

HERE = "/me/second-factor/"


@pytest.fixture
def key(work):
    """M001 has codes, and a passkey; its name here."""
    second_factors.give(work, OPERATOR, "M001", SECRET)
    public = ES256.from_cryptography_key(generate_private_key(SECP256R1()).public_key())
    data = AttestedCredentialData.create(Aaguid.NONE, os.urandom(32), public)
    now = work.now()
    kept = Passkey(stored.name_of(data.credential_id), "a stick", bytes(data), 0, now, now)
    with work.write() as db:
        assert stored.add(db, cast.M001.account_id, kept)
        assert not stored.add(db, cast.M002.account_id, kept), "a key is one person's"
    return kept.passkey_id


@pytest.fixture
def mine(app, clock, key):
    """M001, signed in by a code."""
    client = app.test_client()
    password(client)
    enter(client, code(clock()))
    return client


def left(work):
    return len(passkeys.list_own(work, cast.M001.actor))


def test_the_question_is_put_to_whoever_has_one_and_after_the_password_alone(app, key, work):
    second_factors.give(work, OPERATOR, "Q001")
    with_one, without, stranger = app.test_client(), app.test_client(), app.test_client()
    password(with_one)
    password(without, "Q001")
    assert "data-passkey" in with_one.get("/login/code").text
    assert "data-passkey" not in without.get("/login/code").text
    assert stranger.get("/login/code").status_code == 302


def test_each_question_is_another_one(app, key):
    client = app.test_client()
    password(client)
    assert client.get("/login/code").text != client.get("/login/code").text


@pytest.mark.parametrize("host", ["http://127.0.0.1:8000", "http://[::1]:8000"])
def test_none_is_offered_where_devices_know_no_site(mine, host):
    assert "data-passkey" in mine.get(HERE).text
    mine.set_cookie("sid", mine.get_cookie("sid").value, domain=host.split("//")[1].rsplit(":", 1)[0].strip("[]"))
    assert "data-options" not in mine.get(HERE, base_url=host).text


@pytest.mark.parametrize(
    "answer",
    ["{}", "[]", "x", "null", "9" * 5000, "[" * 9000, '{"id":' * 3000, '{"id": "AA", "response": {}}', "\ud800"],
)
def test_what_was_made_up_opens_nothing(app, key, answer):
    client = app.test_client()
    password(client)
    client.get("/login/code")
    told = client.post("/login/code", data={"answer": answer.encode("utf-8", "replace").decode()})
    assert told.status_code == 401
    assert client.get_cookie("sid") is None


def test_making_up_answers_is_limited_like_guessing_codes(app, key, clock):
    client = app.test_client()
    password(client)
    for _ in range(10):
        assert client.post("/login/code", data={"answer": "{}"}).status_code == 401
    assert client.post("/login/code", data={"answer": "{}"}).status_code == 429
    assert enter(client, code(clock())).status_code == 429


def test_nothing_is_kept_of_an_answer_that_is_none(mine, work):
    mine.get(HERE)
    for answer in ("", "{}", "x"):
        assert mine.post(f"{HERE}passkeys", data={"answer": answer}).status_code == 303
    assert "did not work" in mine.get(HERE).text
    assert left(work) == 1


def test_who_has_no_codes_gets_no_passkey(sign_in):
    assert "data-options" not in sign_in("D001").get(HERE).text


def test_one_takes_away_one_s_own_and_nobody_else_s(sign_in, mine, key, work):
    assert sign_in("M002").post(f"{HERE}passkeys/{key}/remove").status_code == 404
    assert left(work) == 1
    assert mine.post(f"{HERE}passkeys/{key}/remove").status_code == 303
    assert left(work) == 0


def test_they_go_with_the_second_factor(sign_in, mine, key, work):
    assert sign_in("A001").post("/admin/accounts/M001/second-factor/take").status_code == 303
    assert left(work) == 0


def web(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


#: Bytes of a CBOR map, an array or anything: what stands where a device's own words belong.
_BYTES = st.binary(max_size=300) | st.builds(lambda head, rest: head + rest, st.sampled_from(
    [b"\xa3cfmtdnonegattStmt\xa0hauthData", b"\x9f" * 200, b"\xa1" * 200]), st.binary(max_size=200))  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=_BYTES, signature=_BYTES, kind=st.sampled_from(["webauthn.create", "webauthn.get"]))
def test_whatever_bytes_a_device_says_it_is_a_wrong_answer_and_no_crash(work, key, words, signature, kind):
    site = Site("localhost", "http://localhost:8000")
    with work.read() as db:
        [had] = stored.of_account(db, cast.M001.account_id)
    identity = web(AttestedCredentialData(had.credential).credential_id)
    for question in (passkeys.ask_for_new(work, cast.M001.actor, site), passkeys.ask(work, cast.M001.account_id, site)):
        client = json.dumps(
            {"type": kind, "challenge": json.loads(question.options)["challenge"], "origin": site.origin}
        )
        told = {"clientDataJSON": web(client.encode()), "attestationObject": web(words),
                "authenticatorData": web(words), "signature": web(signature)}  # fmt: skip
        answer = json.dumps({"id": identity, "rawId": identity, "type": "public-key", "response": told})
        with pytest.raises(WrongPasskey):
            passkeys.add(work, cast.M001.actor, site, question.state, answer, "x")
        with work.write() as db:
            assert not passkeys.use(work, db, cast.M001.account_id, site, question.state, answer)
