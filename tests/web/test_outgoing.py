"""The admin's page for outgoing work."""

import pytest

from fieldapp.services import jobs
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
