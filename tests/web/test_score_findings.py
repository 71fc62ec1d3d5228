"""What a technician reads about themselves, and how they answer before anybody decides."""

import re

import pytest

from fieldapp.services import findings
from tests.cast import MAIN, T001
from tests.services.test_findings import GIFT, decide, record, visits  # noqa: F401 - the visits are there
from tests.web.dispatch.test_pages import page

MONTH = "/scores/2026-10/T001/findings"


@pytest.fixture
def me(sign_in):
    return sign_in("T001")


def test_everything_that_was_recorded_is_there_with_what_became_of_it(me, work):
    dismissed = record(work, source="complaint", item="grooming", note="torn shirt")
    decide(work, dismissed, outcome="dismissed", why="That was another one.")
    record(work, order="WO-1")
    html = page(me.get(MONTH))
    for text in ("Grooming", "dismissed", "Shoe covers", "upheld", "WO-1"):
        assert text in html
    html = page(me.get(f"/scores/findings/{dismissed}"))
    for text in ("torn shirt", "That was another one.", "Ma Ling (M001)", "Qian Yu (Q001)", "It counts nothing."):
        assert text in html


def test_a_breach_of_discipline_is_told_on_top_and_answered_in_two_taps(me, work, sign_in):
    finding = record(work, **GIFT)
    html = page(me.get("/scores/", follow_redirects=True))
    assert "Accepting gifts, meals or pay: You can answer until the end of Wed, Oct 21." in re.sub(r"<[^>]+>", "", html)
    address = re.search(r'href="(/scores/findings/[^"]+)"', html)[1]
    assert address.endswith(finding)
    html = page(me.get(address))
    assert "If it is upheld, there is no award for 2026-10." in html
    assert me.post(address, data={"text": "I paid for them."}).status_code == 303
    assert "I paid for them." in page(me.get(address))
    assert "Read and answer" not in page(me.get("/scores/", follow_redirects=True))
    assert "I paid for them." in page(sign_in("M001").get(f"/quality/findings/{MAIN}/{finding}"))


def test_the_bar_counts_what_can_be_answered(me, work):
    finding = record(work, **GIFT)
    assert re.search(r'href="/scores/"[^>]*>.*?waiting: </span>1</span>', page(me.get(MONTH)))
    findings.answer(work, T001.actor, finding, "I paid.")
    assert "waiting: " not in page(me.get(MONTH))


def test_an_answer_that_comes_too_late_comes_back_with_every_word(me, work, clock):
    finding = record(work, **GIFT)
    clock.advance(hours=2)
    findings.answer(work, T001.actor, finding, "I paid.")
    decide(work, finding)
    answer = me.post(f"/scores/findings/{finding}", data={"text": "one more thing"})
    assert answer.status_code == 422
    assert "This finding is decided already." in page(answer)


def test_an_empty_answer_is_none(me, work):
    finding = record(work, **GIFT)
    assert me.post(f"/scores/findings/{finding}", data={"text": " "}).status_code == 422


def test_praise_asks_for_no_answer(me, work):
    praise = record(work, source="praise", item="", commendation=True)
    assert "Your answer" not in page(me.get(f"/scores/findings/{praise}"))
    assert "Something was reported" not in page(me.get("/scores/2026-10/T001/"))


def test_what_is_behind_an_item_opens_the_finding(me, work):
    exception, rate = record(work, item="grooming"), record(work, order="WO-1")
    assert f"/scores/findings/{exception}" in page(me.get("/scores/2026-10/T001/grooming"))
    assert f"/scores/findings/{rate}" in page(me.get("/scores/2026-10/T001/shoe_covers"))


def test_colleagues_read_nothing_and_managers_do_not_answer(work, sign_in):
    finding = record(work, **GIFT)
    other, manager = sign_in("T002"), sign_in("M001")
    assert other.get(MONTH).status_code == other.get(f"/scores/findings/{finding}").status_code == 404
    assert other.post(f"/scores/findings/{finding}", data={"text": "x"}).status_code == 404
    assert manager.get(MONTH).status_code == manager.get(f"/scores/findings/{finding}").status_code == 200
    assert manager.post(f"/scores/findings/{finding}", data={"text": "x"}).status_code == 403
