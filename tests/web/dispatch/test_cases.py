"""What a customer reports on the phone, at the dispatcher's desk."""

import pytest

from fieldapp.services import cases
from tests import links
from tests.cast import Q001
from tests.web.dispatch.test_pages import page


@pytest.fixture
def address(work):
    return f"/dispatch/visits/{links.planned_visit(work)}"


def test_a_call_becomes_a_case_that_quality_answers(sign_in, address, work):
    desk = sign_in("D001")
    assert f'{address}/case"' in page(desk.get(address))
    data = {"kind": "complaint", "text": "Nobody called back."}
    answer = desk.post(f"{address}/case", data=data)
    assert (answer.status_code, answer.location) == (303, address)
    assert "It is a case now." in page(desk.get(address))
    [found] = cases.desk(work, Q001.actor, "open")
    assert "The customer said on the phone" in page(sign_in("Q001").get(f"/quality/cases/{found.case.case_id}"))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"kind": "", "text": "Nobody called back."}, "Say whether it is a complaint"),
        ({"kind": "complaint", "text": ""}, "Please write a few words."),
    ],
)
def test_a_refusal_keeps_what_was_typed(sign_in, address, data, sentence):
    answer = sign_in("D001").post(f"{address}/case", data=data)
    assert answer.status_code == 422
    assert sentence in page(answer)
    assert data["text"] in page(answer)
