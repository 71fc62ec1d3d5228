"""A passkey in real Chromium, with the authenticator that its developer tools make."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from fieldapp.domain.access import OPERATOR
from fieldapp.services import passkeys, second_factors, sign_ins
from fieldapp.services.passkeys import Question, Site
from fieldapp.services.sign_ins import WrongCode
from fieldapp.storage.tables.accounts import PasskeyRow
from tests import cast
from tests.apps import shown
from tests.e2e.test_accessibility import violations

pytestmark = pytest.mark.browser


@pytest.fixture
def secret(work) -> str:
    """M001 has a second factor, by this secret."""
    return second_factors.give(work, OPERATOR, "M001").secret


def plug_in(page):
    """A new device, on which nothing is yet."""
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    page.device = page.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


@pytest.fixture
def page(desk_page, server):
    """A browser with a device in it, at this server by a name: devices know no bare numbers."""
    desk_page.devtools = desk_page.context.new_cdp_session(desk_page)
    desk_page.devtools.send("WebAuthn.enable")
    plug_in(desk_page)
    desk_page.home = server.replace("127.0.0.1", "localhost")
    return desk_page


def password(page):
    page.goto(f"{page.home}/login")
    page.fill("[name=login]", "M001")
    page.fill("[name=password]", cast.PASSWORD)
    with page.expect_navigation():
        page.press("[name=password]", "Enter")


def press(page, words):
    with page.expect_navigation():
        page.click(f"button:has-text('{words}')")


@pytest.fixture
def with_passkey(page, secret):
    """M001 signed in by a code, added a passkey, and signed out."""
    password(page)
    page.fill("[name=code]", shown(secret, datetime.now(UTC)))
    with page.expect_navigation():
        page.press("[name=code]", "Enter")
    page.goto(f"{page.home}/me/second-factor/")
    page.fill("[name=name]", "the office's stick")
    press(page, "Add a passkey")
    page.wait_for_selector("text=The passkey is added")
    page.context.clear_cookies()
    return page


def test_a_device_stands_for_the_code(with_passkey, work):
    page = with_passkey
    password(page)
    assert page.url.endswith("/login/code")
    page.wait_for_selector("button:has-text('Use a passkey')")
    assert violations(page) == []
    press(page, "Use a passkey")
    page.goto(f"{page.home}/me/second-factor/")
    assert violations(page) == []
    assert "the office's stick" in page.inner_text("table")
    [kept] = passkeys.list_own(work, cast.M001.actor)
    assert kept.used_at > kept.added_at
    press(page, "Take away")
    assert passkeys.list_own(work, cast.M001.actor) == []
    page.context.clear_cookies()
    password(page)
    assert page.locator("button:has-text('Use a passkey')").count() == 0


def test_where_the_device_does_not_answer_the_code_is_still_a_way_in(with_passkey, secret):
    page = with_passkey
    page.devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": page.device})
    plug_in(page)
    password(page)
    page.click("button:has-text('Use a passkey')")
    page.wait_for_selector("text=The device gave no answer")
    page.fill("[name=code]", shown(secret, datetime.now(UTC), 1))
    with page.expect_navigation():
        page.press("[name=code]", "Enter")
    assert "/scores/" in page.url


def test_an_answer_is_good_once_for_its_question_and_its_site_alone(with_passkey, work):
    page = with_passkey
    site = Site("localhost", page.home)

    def answer(question):
        return page.evaluate(
            """async (options) => JSON.stringify((await navigator.credentials.get({
              publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options))})).toJSON())""",
            question.options,
        )

    def enter(question, given, at=site):
        halfway = sign_ins.sign_in(work, login="M001", password=cast.PASSWORD, agent="", browser=None, old=None)
        return sign_ins.answer_by_passkey(
            work, at, question.state, given, ticket=halfway.ticket, agent="", browser=None, old=None
        )

    page.goto(f"{page.home}/login")
    first, second = (passkeys.ask(work, cast.M001.account_id, site) for _ in range(2))
    given = answer(first)
    broken = json.dumps({**json.loads(given), "response": {**json.loads(given)["response"], "signature": "AAAA"}})
    for question, wrong in ((second, given), (first, broken), (first, "{}"), (first, "[]"), (first, "no json")):
        with pytest.raises(WrongCode):
            enter(question, wrong)
    with pytest.raises(WrongCode):
        enter(first, given, Site("localhost", "https://localhost.example.org"))
    with work.write() as db:
        db.execute(update(PasskeyRow).values(used_at=work.now() - timedelta(days=1)))
    late = Question(first.options, {**first.state, "at": (work.now() - passkeys.LASTS).isoformat()})
    with pytest.raises(WrongCode):
        enter(late, given)
    assert enter(first, given).actor.login == "M001"
    with pytest.raises(WrongCode):
        enter(first, given)
    with pytest.raises(WrongCode):  # asked before the last one was answered
        enter(second, answer(second))
