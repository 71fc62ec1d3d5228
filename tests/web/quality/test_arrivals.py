"""`/quality/findings/arrivals/`: what is in doubt, why, and the decision; the technician reads it on their pages."""

import re

import pytest

from tests.services.test_arrivals import GPS, doubtful
from tests.web.dispatch.test_pages import page

BOARD = "/quality/findings/arrivals/"


@pytest.fixture
def quality(sign_in):
    return sign_in("Q001")


@pytest.fixture
def visit(work):
    return doubtful(work, **GPS)


def decide(client, visit, in_time="yes", **other):
    key = re.search(r'name="finding_id"[^>]*value="([^"]+)"', page(client.get(f"{BOARD}{visit}")))[1]
    data = {"finding_id": key, "in_time": in_time, "basis": "evidence", "note": "the photo of the door", **other}
    return client.post(f"{BOARD}{visit}", data=data)


def test_the_list_says_why_and_leads_to_the_evidence(quality, visit):
    html = page(quality.get(BOARD))
    for text in ("WO-1", "Chen Wei", "clock gained while it was without signal", "100 %", f'href="{BOARD}{visit}"'):
        assert text in html
    html = page(quality.get(f"{BOARD}{visit}"))
    for text in (
        "Evidence C: nobody can rely on this time", "By the satellites", "Wed, Oct 14, 08:40", "Server heard of it",
        "m from the address, give or take 20 m", "What the customer was promised", "What happened",
    ):  # fmt: skip
        assert text in html
    assert "rated" not in html
    assert f'href="{BOARD}{visit}"' in page(quality.get(f"/scores/visits/{visit}"))


def test_a_decision_leads_to_its_finding_and_the_technician_reads_it(quality, sign_in, visit):
    answer = decide(quality, visit, "no", note="The neighbour saw them at ten.")
    assert answer.status_code == 303
    html = page(quality.get(answer.location))
    assert "Decided. It counts at once" in html
    assert "Punctuality" in html
    html = page(quality.get(f"{BOARD}{visit}"))
    assert "Decided: late" in html
    assert "They came late" not in html
    html = page(sign_in("T001").get(f"/scores/visits/{visit}"))
    assert "The neighbour saw them at ten." in html
    assert "Decide about the arrival" not in html


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"in_time": ""}, "Say whether they came in time."),
        ({"basis": ""}, "Say what your decision rests on."),
        ({"note": " ", "basis": "customer"}, "Please give a reason"),
    ],
)
def test_a_refused_decision_loses_no_word(quality, visit, data, sentence):
    answer = decide(quality, visit, **data)
    html = page(answer)
    assert answer.status_code == 422
    assert sentence in html
    if "note" not in data:
        assert "the photo of the door</textarea>" in html


def test_whoever_was_slower_sees_what_the_other_decided(quality, visit):
    decide(quality, visit)
    data = {"finding_id": "00000000-0000-4000-8000-000000000000", "in_time": "no", "basis": "evidence", "note": "x"}
    answer = quality.post(f"{BOARD}{visit}", data=data)
    assert answer.status_code == 303
    assert "Somebody decided about this arrival meanwhile." in page(quality.get(answer.location))


def test_managers_read_and_decide_nothing(sign_in, visit):
    manager = sign_in("M001")
    assert "WO-1" in page(manager.get(BOARD))
    assert "Quality staff decide about it." in page(manager.get(f"{BOARD}{visit}"))
    assert manager.post(f"{BOARD}{visit}", data={"in_time": "yes"}).status_code == 403
    assert sign_in("T001").get(BOARD).status_code == 403
    assert sign_in("Q900").get(f"{BOARD}{visit}").status_code == 404


def test_months_lead_to_each_other(quality):
    assert "No arrival waits for a decision." in page(quality.get(f"{BOARD}?month=2026-08"))
    assert quality.get(f"{BOARD}?month=soon").status_code == 422
