"""The customer's own link at the desk: made by the office, shown once, never to a technician."""

import re

import pytest

from tests.links import planned_visit, signed_visit


def made(page):
    return re.search(r"http://localhost/c/(main\.[\w-]+)", page.text)


def test_the_link_is_shown_on_the_answer_that_made_it_and_never_again(work, sign_in, client):
    visit = planned_visit(work)
    dispatcher = sign_in("D001")
    assert made(dispatcher.get(f"/dispatch/visits/{visit}/link")) is None
    answer = dispatcher.post(f"/dispatch/visits/{visit}/link")
    assert client.get(f"/c/{made(answer)[1]}").status_code == 303
    page = dispatcher.get(f"/dispatch/visits/{visit}/link")
    assert made(page) is None
    assert "in use" in page.text


def test_the_desk_sees_what_the_customer_did(work, sign_in, client):
    visit = planned_visit(work)
    dispatcher = sign_in("D001")
    client.get(f"/c/{made(dispatcher.post(f'/dispatch/visits/{visit}/link'))[1]}")
    client.post("/c/confirm", data={"act": "confirm_visit"})
    assert "confirmed the appointment" in dispatcher.get(f"/dispatch/visits/{visit}/link").text


@pytest.mark.parametrize(
    ("login", "status"), [("Q001", 200), ("M001", 200), ("T001", 403), ("A001", 403), ("D900", 404)]
)
def test_who_may_make_one(work, sign_in, login, status):
    visit = signed_visit(work)
    answer = sign_in(login).post(f"/dispatch/visits/{visit}/link")
    assert answer.status_code == status
    assert (made(answer) is not None) is (status == 200)


def test_a_visit_that_does_not_exist_answers_like_a_foreign_one(work, sign_in):
    assert sign_in("D001").post("/dispatch/visits/no-such-visit/link").status_code == 404
