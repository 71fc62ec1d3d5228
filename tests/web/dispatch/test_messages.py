"""The pages for messages to customers, and what a visit's page says of them."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.services import jobs
from tests import builders, cast, mailboxes
from tests.services.test_messages import handlers
from tests.sync.phone import plan

VISIT = visit_id(cast.MAIN, "WO-1")


@pytest.fixture
def desk(sign_in):
    return sign_in("D001")


@pytest.fixture
def with_mail(app):
    """A mail server is set up."""
    set_up = {"smtp_url": "smtp://127.0.0.1:1", "mail_from": "visits@example.org"}
    app.extensions["settings"] = replace(app.extensions["settings"], **set_up)


def words(**more):
    return {"subject": "Hello {customer}", "body": "See {link}", **more}


def test_without_a_channel_every_page_says_that_nothing_is_sent(desk, work, clock):
    plan(work, builders.scheduled("WO-1", clock() + timedelta(days=1)))
    assert "Customers are told nothing" in desk.get(f"/dispatch/visits/{VISIT}").text
    assert "FIELDAPP_SMTP_URL" in desk.get("/dispatch/messages/").text


def test_the_visit_s_page_lists_each_message_with_a_masked_address(desk, work, clock, with_mail):
    customer = builders.customer(email="fang.wang@example.org")
    plan(work, builders.scheduled("WO-1", clock() + timedelta(days=3), customer=customer))
    assert "None yet." in desk.get(f"/dispatch/visits/{VISIT}").text
    with mailboxes.receiving() as mailbox:
        while jobs.do_next(work, handlers(mailbox)):
            pass
    page = desk.get(f"/dispatch/visits/{VISIT}").text
    section = page[page.index('id="messages"') : page.index("</section>", page.index('id="messages"'))]
    assert all(word in section for word in ("Confirmation", "by mail", "f•••@example.org", "Reminder", "waits"))
    assert "fang.wang" not in section
    assert re.search(r"/c/main\.\w", page) is None


def test_words_are_looked_at_before_they_are_saved(desk, work):
    shown = desk.post("/dispatch/messages/late/en", data=words(body="{apology}come {window}", look="1"))
    assert "Hello Wang Fang" in shown.text
    assert "we are sorry: come 09:00–10:30" in shown.text
    assert "own words" not in desk.get("/dispatch/messages/").text
    assert desk.post("/dispatch/messages/late/en", data=words(save="1")).location == "/dispatch/messages/"
    assert "own words" in desk.get("/dispatch/messages/").text
    assert "by D001" in desk.get("/dispatch/messages/late/en").text


def test_what_cannot_be_sent_comes_back_as_it_was_typed(desk):
    answer = desk.post("/dispatch/messages/late/en", data=words(subject="Dear {name}", save="1"))
    assert answer.status_code == 422
    assert "Nothing can be filled in for {name}" in answer.text
    assert 'value="Dear {name}"' in answer.text


def test_what_is_no_text_is_not_found(desk):
    for address in ("late/xx", "spam/en"):
        assert desk.get(f"/dispatch/messages/{address}").status_code == 404


def test_rules_are_saved_and_shown(desk, with_mail):
    data = {"on": ["confirmation", "receipt"], "quiet_from": "20:30", "quiet_to": "09:00"}
    assert desk.post("/dispatch/messages/", data=data).status_code == 303
    page = desk.get("/dispatch/messages/").text
    assert page.count("switched off") == 6
    assert 'value="20:30"' in page
    assert desk.post("/dispatch/messages/", data={**data, "quiet_to": "x"}).status_code == 422
    assert desk.post("/dispatch/messages/", data={**data, "on": ["spam"]}).status_code == 422


def test_a_mail_address_is_typed_with_the_order_and_never_reaches_the_phone(desk, work, clock, sign_in):
    page = desk.get("/dispatch/new").text
    assert 'name="email"' in page
    customer = builders.customer(email="fang.wang@example.org")
    plan(work, builders.scheduled("WO-1", clock() + timedelta(hours=1), customer=customer))
    day = sign_in("T001").get("/api/sync/v1/day", headers={"X-Field-Sync": "1"})
    assert "WO-1" in day.text
    assert "example.org" not in day.text
