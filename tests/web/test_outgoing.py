"""The admin's page for outgoing work."""

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.services import jobs, tokens, webhooks
from fieldapp.services.jobs import Job, Outcome
from fieldapp.storage import jobs as store
from tests import cast


@pytest.fixture
def admin(sign_in):
    return sign_in("A001")


def give_up(work, name="a", branch=cast.MAIN):
    made = Job(branch=branch, job_id=name, kind="news", payload={}, created_at=work.now(), due_at=work.now())
    with work.write() as db:
        store.add(db, [made])
    jobs.do_next(work, {"news": lambda *_: Outcome(kind="dead", detail="http_410")})


def stage_webhook(work):
    shown = tokens.add_token(work, OPERATOR, branch=cast.MAIN, name="crm", scopes=["webhooks:write"])
    made = webhooks.add_webhook(work, tokens.recognise(work, shown).actor, "https://crm.example.org/hook", ())
    return made.webhook.branch, made.webhook.webhook_id


def test_without_any_the_page_says_so(admin):
    assert "Nothing was given up." in admin.get("/admin/outgoing/").text


def test_what_was_given_up_is_listed_counted_and_tried_again_by_a_button(admin, work):
    give_up(work, branch=cast.NORTH)
    page = admin.get("/admin/outgoing/").text
    assert all(word in page for word in ("telling others of new facts", "north", "http_410"))
    answer = admin.post("/admin/outgoing/north/a/again")
    assert answer.location == "/admin/outgoing/"
    page = admin.get("/admin/outgoing/").text
    assert "It is tried again now" in page
    assert "Nothing was given up." in page


def test_what_is_not_there_or_not_given_up_is_not_tried_again(admin, work):
    give_up(work)
    assert admin.post("/admin/outgoing/main/x/again").status_code == 404
    assert admin.post("/admin/outgoing/north/a/again").status_code == 404
    admin.post("/admin/outgoing/main/a/again")
    assert admin.post("/admin/outgoing/main/a/again").status_code == 409


def test_a_webhook_is_sent_a_test_by_a_button_and_the_page_says_what_became_of_it(admin, work):
    branch, name = stage_webhook(work)
    assert "Send a test" in admin.get("/admin/outgoing/").text
    answer = admin.post(f"/admin/outgoing/webhooks/{branch}/{name}/test")
    assert answer.location == "/admin/outgoing/"
    assert "A test is on its way." in admin.get("/admin/outgoing/").text
    jobs.do_next(work, {"webhook": lambda *_: Outcome(kind="dead", detail="not_reached")})
    page = " ".join(admin.get("/admin/outgoing/").text.split())
    assert "<span>given up <code>not_reached</code>" in page
    assert admin.post(f"/admin/outgoing/webhooks/north/{name}/test").status_code == 404
