"""What a technician reads about themselves, and how they answer before anybody decides."""

import io
import re

import pytest

from fieldapp.services import cases, findings
from fieldapp.services.findings import Draft
from tests import links
from tests.cast import D001, MAIN, Q001, T001
from tests.services.test_findings import GIFT, decide, record, visits  # noqa: F401 - the visits are there
from tests.web.dispatch.test_pages import page
from tests.web.test_score_appeals import photo

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
    assert "one more thing" in page(answer)


def send(client, finding, text="I paid for them.", photos=(), kept=()):
    files = [(io.BytesIO(content), f"{number}.jpg") for number, content in enumerate(photos)]
    data = {"text": text, "photos": files, "kept": list(kept)}
    return client.post(f"/scores/findings/{finding}", data=data, content_type="multipart/form-data")


def shown(client, address):
    return sorted(set(re.findall(r'src="([^"]+/photos/[^"]+)"', client.get(address).text)))


def test_photos_of_an_answer_are_seen_by_whoever_decides_without_their_metadata(me, work, sign_in):
    finding = record(work, **GIFT)
    assert "At most 4." in page(me.get(f"/scores/findings/{finding}"))
    assert send(me, finding, photos=[photo(), photo("navy")]).status_code == 303
    [first, _] = shown(me, f"/scores/findings/{finding}")
    assert b"SecretPhoneMaker" not in me.get(first).data
    manager = sign_in("M001")
    assert len(shown(manager, f"/quality/findings/{MAIN}/{finding}")) == 2
    assert "Chen Wei (T001)" in page(manager.get(f"/quality/findings/{MAIN}/{finding}"))
    assert sign_in("T002").get(first).status_code == 404


def test_a_refused_answer_loses_no_word_and_no_photo(me, work):
    finding = record(work, **GIFT)
    answer = send(me, finding, photos=[photo(), b"<svg onload=alert(1)>"])
    html = page(answer)
    assert answer.status_code == 422
    for text in ("I paid for them.", "This is no photo that can be shown.", "1 photo is here already"):
        assert text in html
    kept = re.findall(r'name="kept" value="([0-9a-f]{64})"', html)
    answer = send(me, finding, text="", kept=kept)
    assert answer.status_code == 422
    assert kept[0] in page(answer)
    assert send(me, finding, kept=kept).status_code == 303
    assert len(shown(me, f"/scores/findings/{finding}")) == 1


def test_no_more_photos_than_may_be_and_none_that_is_not_here(me, work):
    finding = record(work, **GIFT)
    assert send(me, finding, photos=[photo(side=side) for side in range(10, 13)]).status_code == 303
    answer = send(me, finding, photos=[photo(side=20), photo(side=21)])
    assert answer.status_code == 422
    assert "At most 4 photos can be attached." in page(answer)
    assert send(me, finding, kept=["a" * 64]).status_code == 422
    assert send(me, finding, photos=[photo(side=22)]).status_code == 303
    assert "At most" not in page(me.get(f"/scores/findings/{finding}"))


def test_what_a_customer_reported_is_named_where_a_finding_came_from_it(me, work):
    visit = links.signed_visit(work, "WO-9")
    case = cases.open_by_phone(work, D001.actor, MAIN, visit, "complaint", "He took my good pen. Mrs Wang.")
    draft = Draft(source="complaint", item="property", favourable=False, note="a pen is missing")
    finding = cases.record_finding(work, Q001.actor, case, draft, order="WO-9", finding_id=work.new_id())
    html = page(me.get(f"/scores/findings/{finding}"))
    assert "It came from what a customer reported on Wed, Oct 14." in html
    assert "The customer waits for an answer until Wed, Oct 21." in html
    assert "Mrs Wang" not in html
    cases.close(work, Q001.actor, case, outcome="upheld", reply="We replace it.", apology="Sorry.")
    assert "The customer has an answer." in page(me.get(f"/scores/findings/{finding}"))


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
