"""`/quality/findings/calls`: the list, the blind questions, the comparison and what it leads to."""

import re

import pytest

from fieldapp.domain.appeals import Subject
from fieldapp.domain.call_backs import ASKED
from fieldapp.services import appeals, call_backs, finding_views
from fieldapp.web.call_words import QUESTIONS
from fieldapp.web.pwa.words_signoff import SIGNOFF
from tests import links
from tests.cast import MAIN, Q001, T001
from tests.web.dispatch.test_pages import page

BOARD = "/quality/findings/calls"
WELL = {f"answer-{code}": "no" if code == "supplied_tools" else "yes" for code in ASKED}


@pytest.fixture
def quality(sign_in):
    return sign_in("Q001")


@pytest.fixture
def visit(work):
    return links.unsigned_visit(work)


def test_a_caller_asks_what_the_customers_own_form_asks():
    own = {code.removeprefix("question."): text for code, text in SIGNOFF.items() if code.startswith("question.")}
    assert {code: str(text) for code, text in QUESTIONS.items() if code != "signed"} == {
        code: str(text) for code, text in own.items()
    }
    assert tuple(QUESTIONS) == ASKED


def address(visit, act=""):
    return f"{BOARD}/{visit}{act}"


def save(client, visit, outcome="reached", seen="0", **said):
    return client.post(address(visit), data={**WELL, "outcome": outcome, "seen": seen, "comment": "", **said})


def key(html):
    return re.search(r'name="finding_id"[^>]*value="([^"]+)"', html)[1]


def test_the_list_leads_to_the_call_and_the_call_to_the_next(quality, visit):
    html = page(quality.get(BOARD))
    assert f'href="{address(visit)}"' in html
    for text in ("王芳", "WO-1", "nobody signed", "not yet called", "This month has no sealed draw"):
        assert text in html
    answer = save(quality, visit, "no_answer")
    assert (answer.status_code, answer.location) == (303, f"{BOARD}?month=2026-10")
    html = page(quality.get(answer.location))
    for text in ("Kept: no answer.", "no answer on 1 day", "tried today"):
        assert text in html


def test_the_page_of_a_call_is_blind_until_it_is_saved(quality, visit):
    html = page(quality.get(address(visit)))
    for text in ("Did the technician wear a badge?", "Did you sign for the work", "Ask without knowing"):
        assert text in html
    for secret in ("a secret word between us", "Signed and said", "13800000001", "/scores/visits/"):
        assert secret not in html
    answer = save(quality, visit, **{"answer-cleanup": "no", "comment": "Dust on the shelf."})
    html = page(quality.get(answer.location))
    for text in ("a secret word between us", "Signed and said", "Dust on the shelf.", "differs"):
        assert text in html
    assert "Save the answers" not in html
    assert "Compare" in page(quality.get(BOARD))


SECRET, WAITS = "a secret word between us", "This customer is still to be called back."


def pages_about(client, visit):
    """Everything about the visit that tells what its customer answered."""
    item = "/scores/2026-10/T001/courtesy"
    return [page(client.get(f"/scores/visits/{visit}")), page(client.get(item)),
            page(client.get("/scores/2026-10/T001/visits"))]  # fmt: skip


def test_who_may_have_to_call_reads_no_signed_answer_on_any_page_before_it_is_over(quality, work):
    visit = links.unsigned_visit(work, courteous="no")
    of_visit, of_item, visits = pages_about(quality, visit)
    for html in (of_visit, of_item):
        assert SECRET not in html
        assert "The customer answered" not in html
        assert "once their call-back is over" in html
    assert WAITS in of_visit
    assert f'href="{address(visit)}"' in of_visit
    assert "Customer answered" not in of_visit
    assert "Courtesy" not in visits
    assert "to be called back first" in visits
    save(quality, visit)
    of_visit, of_item, visits = pages_about(quality, visit)
    assert SECRET in of_visit
    assert WAITS not in of_visit
    assert "The customer answered “no”." in of_visit
    assert "The customer answered “no”." in of_item
    assert "Courtesy" in visits


def test_no_sum_of_the_branch_leads_to_what_was_signed_before_the_call(quality, sign_in, work):
    visit = links.unsigned_visit(work, courteous="no")
    for_item, every = "/scores/2026-10/behind?item=courtesy", "/scores/2026-10/behind"
    assert "WO-1" not in page(quality.get(for_item))
    assert "once their call-back is over" in page(quality.get(for_item))
    assert "Courtesy" not in page(quality.get(every))
    assert "to be called back first" in page(quality.get(every))
    assert "WO-1" in page(sign_in("M001").get(for_item))
    save(quality, visit)
    assert "WO-1" in page(quality.get(for_item))
    assert "Courtesy" in page(quality.get(every))


def test_who_calls_nobody_reads_what_was_signed(sign_in, work):
    visit = links.unsigned_visit(work, courteous="no")
    for html in pages_about(sign_in("M001"), visit)[:2]:
        assert "The customer answered “no”." in html
        assert WAITS not in html
    of_visit, of_item, visits = pages_about(sign_in("T001"), visit)
    assert "The customer answered “no”." in of_visit
    assert "The customer answered “no”." in of_item
    assert "Courtesy" in visits


def test_a_visit_that_nobody_is_to_be_called_about_hides_nothing(quality, work):
    visit = links.signed_visit(work, courteous="no")
    of_visit, of_item, _visits = pages_about(quality, visit)
    assert SECRET in of_visit
    assert "The customer answered “no”." in of_item


def test_an_appeal_shows_what_else_was_answered_only_after_the_call(quality, work):
    visit = links.unsigned_visit(work, courteous="no")
    filed = appeals.file(work, T001.actor, MAIN, Subject(visit=visit, item="courtesy"), "I was polite.").appeal
    assert SECRET not in page(quality.get(f"/quality/appeals/main/{filed.id}"))
    save(quality, visit)
    assert SECRET in page(quality.get(f"/quality/appeals/main/{filed.id}"))


def test_the_number_is_shown_on_demand_and_loses_no_mark(quality, visit):
    html = page(quality.post(address(visit, "/number"), data={"answer-badge": "no", "comment": "wait"}))
    assert 'href="tel:13800000001"' in html
    assert re.search(r'name="answer-badge" value="no" checked', html)
    assert ">wait</textarea>" in html.replace("\r\n", "")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({f"answer-{code}": "" for code in ASKED}, "No question was answered."),
        ({"outcome": "", "answer-badge": "no"}, "Say what came of the call."),
        ({"comment": "x" * 3000, "answer-badge": "no"}, "Field cannot be longer"),
    ],
)
def test_a_refused_call_loses_no_mark(quality, visit, work, data, sentence):
    answer = save(quality, visit, **data)
    html = page(answer)
    assert answer.status_code == 422
    assert sentence in html
    if data.get("answer-badge"):
        assert re.search(r'name="answer-badge" value="no" checked', html)
    assert call_backs.detail(work, Q001.actor, visit).entry.attempts == []


def test_whoever_was_slower_sees_what_the_other_heard(quality, visit):
    save(quality, visit)
    answer = save(quality, visit)
    assert answer.status_code == 303
    assert "Somebody called this customer meanwhile." in page(quality.get(answer.location))


def test_differences_become_findings_in_the_same_form(quality, visit, work):
    save(quality, visit, **{"answer-cleanup": "no", "answer-shoe_covers": "no"})
    html = page(quality.get(address(visit)))
    assert "Clean-up: not as it should be" in html
    data = {"finding_id": key(html), "question": ["cleanup"], "note": " "}
    answer = quality.post(address(visit, "/findings"), data=data)
    assert answer.status_code == 422
    assert re.search(r'value="cleanup" checked', page(answer))
    answer = quality.post(address(visit, "/findings"), data={**data, "note": "dust on the shelf"})
    assert answer.status_code == 303
    html = page(quality.get(answer.location))
    assert "1 finding recorded." in html
    assert "Findings from this call" in html
    assert "Clean-up: not as it should be" not in html
    assert "Shoe covers: not as it should be" in html
    [view] = finding_views.list_month(work, Q001.actor, "2026-10").views
    html = page(quality.get(f"/quality/findings/main/{view.finding.id}"))
    assert f'href="{address(visit)}"' in html


def test_managers_read_and_call_nobody(sign_in, visit, work):
    manager = sign_in("M001")
    assert "王芳" in page(manager.get(BOARD))
    assert "Quality staff make this call." in page(manager.get(address(visit)))
    for act in ("", "/number", "/findings"):
        assert manager.post(address(visit, act), data={"outcome": "reached"}).status_code == 403
    assert sign_in("T001").get(BOARD).status_code == 403
    assert sign_in("Q900").get(address(visit)).status_code == 404


def test_months_lead_to_each_other_and_what_is_left_is_told(sign_in, visit, clock):
    clock.advance(days=20)
    quality = sign_in("Q001")
    html = page(quality.get(BOARD))
    assert "1 call of 2026-10 is still to be made" in html
    assert "Nobody is left to be called." in html
    assert quality.get(f"{BOARD}?month=soon").status_code == 422


def test_the_share_is_sealed_with_the_spot_checks_and_told_to_technicians(quality, sign_in, work, clock):
    assert quality.post("/quality/findings/checks", data={"month": "2026-10", "share": "25"}).status_code == 303
    assert "25 percent of signed visits" in page(quality.get("/quality/findings/checks"))
    technician, address_ = sign_in("T001"), "/scores/2026-10/T001/findings"
    assert "25 percent of everybody’s signed visits" in page(technician.get(address_))
    clock.advance(days=1)
    links.signed_visit(work, "WO-9")
    assert "WO-9" not in page(sign_in("T001").get(address_))
    clock.advance(days=20)
    assert "WO-9" in page(sign_in("T001").get(address_))


def test_a_visit_with_an_odd_signature_leads_to_a_call(quality, work):
    signature = {"doc_hash": "0" * 64, "typed": "王芳", "signer": {"name": "王芳"}, "shown_ms": 900}
    visit = links.done(work, "WO-5", signature=signature)
    assert f'href="{address(visit)}"' in page(quality.get(f"/scores/visits/{visit}"))
