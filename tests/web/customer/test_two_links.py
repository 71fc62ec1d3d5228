"""Two appointments in one browser: what a page showed is what its buttons are about."""

import re

import pytest

from fieldapp.services import planning
from tests import cast
from tests.links import planned_visit, signed_visit, unsigned_visit

FORM = re.compile(r'<form[^>]*method="post"[^>]*>(.*?)</form>', re.DOTALL)
PLANNED = ("/c/", "/c/cancel", "/c/move", "/c/access", "/c/report/complain")
SIGNED = ("/c/", "/c/report/commend", "/c/report/complain", "/c/report/repudiate")


def state_of(work, visit):
    return planning.get_visit(work, cast.D001.actor, cast.MAIN, visit).state


@pytest.mark.parametrize("address", ["/c/cancel", "/c/confirm", "/c/access", "/c/move", "/c/report/complain"])
def test_what_was_shown_of_one_visit_is_not_done_to_the_other(enter_link, work, address):
    first, second = planned_visit(work, "WO-1"), planned_visit(work, "WO-2", days=2)
    enter_link(first)
    client = enter_link(second)
    answer = client.post(address, data={"visit": first, "reason": "", "text": "x", "act": "confirm_visit"})
    assert answer.status_code == 409
    assert "This page was about another appointment" in answer.text
    assert [state_of(work, one) for one in (first, second)] == ["planned", "planned"]
    assert client.get("/c/receipt.pdf", query_string={"visit": first}).status_code == 409


def test_with_the_visit_that_was_shown_it_is_done(enter_link, work):
    first = planned_visit(work, "WO-1")
    client = enter_link(first)
    assert client.post("/c/cancel", data={"visit": first}).status_code == 303
    assert state_of(work, first) == "cancelled"


@pytest.mark.parametrize(
    ("make", "addresses"), [(planned_visit, PLANNED), (signed_visit, SIGNED), (unsigned_visit, ("/c/sign",))],
    ids=["planned", "signed", "unsigned"],
)  # fmt: skip
def test_every_form_says_which_visit_it_showed(enter_link, work, make, addresses):
    visit = make(work)
    client = enter_link(visit)
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        acting = [one for one in FORM.findall(answer.text) if 'name="language"' not in one and "lang" not in one[:400]]
        assert acting, address
        for form in acting:
            assert f'name="visit" value="{visit}"' in form, address
