"""What customers do through their own link: each act once, each on record."""

import hashlib
import json
from io import BytesIO

import pytest
from PIL import Image

from fieldapp.domain.ids import visit_id
from fieldapp.domain.visits.signoff import statement_hash
from fieldapp.services import photos
from fieldapp.services.recording import record
from fieldapp.storage import audit, events
from fieldapp.storage.events import Record
from tests import builders, cast
from tests.links import INK, STATEMENT, planned_visit, signed_visit, store, unsigned_visit

VISIT = visit_id(cast.MAIN, "WO-1")


def facts_of(work, kind):
    with work.read() as db:
        found, _ = events.histories(db, cast.MAIN, [VISIT])
    return [event for event in found[VISIT] if event.type == kind]


def cases_in(work):
    with work.database.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT kind, state FROM cases WHERE branch = 'main'").all()


def signing(doc=STATEMENT, **other):
    return {"name": "王芳", "doc_hash": statement_hash(doc), "strokes": json.dumps(INK), "shown_ms": "4000", **other}


def test_the_appointment_is_confirmed_once(work, enter_link):
    browser = enter_link(planned_visit(work))
    assert "Does this time suit you?" in browser.get("/c/").text
    assert browser.post("/c/confirm", data={"act": "confirm_visit"}).status_code == 303
    page = browser.get("/c/").text
    assert "confirmed by you" in page
    assert "Does this time suit you?" not in page
    assert browser.post("/c/confirm", data={"act": "confirm_visit"}).status_code == 409


def test_a_new_link_does_not_give_an_act_a_second_time(work, enter_link):
    enter_link(planned_visit(work)).post("/c/confirm", data={"act": "confirm_visit"})
    assert enter_link(VISIT).post("/c/confirm", data={"act": "confirm_visit"}).status_code == 409


def test_signing_later_records_ink_name_and_the_statement_that_was_shown(work, enter_link):
    browser = enter_link(unsigned_visit(work))
    page = browser.get("/c/sign").text
    assert "安装光纤，测速正常。" in page
    assert browser.post("/c/sign", data=signing()).status_code == 303
    (signature,) = facts_of(work, "signature.captured")
    assert (signature.actor, signature.data.signer.name) == ("customer", "王芳")
    assert signature.data.doc_hash == statement_hash(STATEMENT)
    assert signature.data.strokes == [[[float(number) for number in point] for point in stroke] for stroke in INK]
    assert signature.data.shown_ms == 4000
    assert len(facts_of(work, "statement.presented")) == 1
    assert "Signed by 王芳" in browser.get("/c/").text
    assert browser.post("/c/sign", data=signing()).status_code == 409


def test_a_typed_name_signs_without_a_script(work, enter_link):
    browser = enter_link(unsigned_visit(work))
    assert browser.post("/c/sign", data=signing(strokes="", shown_ms="")).status_code == 303
    (signature,) = facts_of(work, "signature.captured")
    assert signature.data.typed == "王芳"


def test_without_a_statement_from_the_phone_the_page_makes_one_and_records_it(work, enter_link):
    browser = enter_link(unsigned_visit(work, doc=None, language="en"))
    page = browser.get("/c/sign").text
    digest = page.partition('name="doc_hash" type="hidden" value="')[2].partition('"')[0]
    assert browser.post("/c/sign", data=signing(doc_hash=digest)).status_code == 303
    (shown,) = facts_of(work, "statement.presented")
    assert statement_hash(shown.data.doc) == shown.data.doc_hash == digest
    assert "上门服务费  CNY 120.00" in shown.data.doc
    assert "a secret word between us" not in shown.data.doc


def test_a_statement_other_than_the_one_on_the_page_is_not_signed(work, enter_link):
    browser = enter_link(unsigned_visit(work))
    assert browser.post("/c/sign", data=signing("something else")).status_code == 409
    assert facts_of(work, "signature.captured") == []


def test_a_dot_asks_once_more_and_never_blocks(work, enter_link):
    browser = enter_link(unsigned_visit(work))
    dot = signing(strokes="[[[10, 10, 0, 0.5]]]")
    answer = browser.post("/c/sign", data=dot)
    assert answer.status_code == 422
    assert "very little ink" in answer.text
    assert "王芳" in answer.text  # nothing typed is lost
    assert browser.post("/c/sign", data={**dot, "weak_ok": "1"}).status_code == 303


def test_strokes_without_a_point_are_no_ink_and_the_typed_name_signs(work, enter_link):
    browser = enter_link(unsigned_visit(work))
    assert browser.post("/c/sign", data=signing(strokes="[[], []]", weak_ok="1")).status_code == 303
    (signature,) = facts_of(work, "signature.captured")
    assert signature.data.typed == "王芳"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "cannot be longer than 200"), ("zh-Hans", "长度不能超过 200"), ("zh-Hant", "長度不能超過 200")],
)
def test_what_is_too_long_is_told_in_the_reader_s_own_script(work, enter_link, language, words):
    browser = enter_link(unsigned_visit(work))
    browser.set_cookie("lang", language)
    assert words in browser.post("/c/sign", data=signing(name="x" * 201)).text


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"strokes": "{"}, {"strokes": "[" * 5000}, {"strokes": '[["x"]]'}, {"strokes": "[[[NaN, 1]]]"},
     {"strokes": '{"a": 1}'}, {"name": "x" * 500}],
)  # fmt: skip
def test_a_broken_signature_is_a_sentence_and_changes_nothing(work, enter_link, wrong):
    browser = enter_link(unsigned_visit(work))
    assert browser.post("/c/sign", data=signing(**wrong)).status_code == 422
    assert facts_of(work, "signature.captured") == []


def test_after_seven_days_it_is_too_late_to_sign(work, clock, enter_link):
    visit = unsigned_visit(work)
    clock.advance(days=8)
    browser = enter_link(visit)
    assert browser.get("/c/sign").status_code == 404
    assert browser.post("/c/sign", data=signing()).status_code == 404


def test_a_complaint_opens_a_case_once(work, enter_link):
    browser = enter_link(signed_visit(work))
    assert browser.post("/c/report/complain", data={"text": "   "}).status_code == 422
    assert browser.post("/c/report/complain", data={"text": "The wall is scratched."}).status_code == 303
    assert cases_in(work) == [("complaint", "open")]
    assert "The wall is scratched." in browser.get("/c/").text
    assert browser.post("/c/report/complain", data={"text": "Again"}).status_code == 409
    assert len(cases_in(work)) == 1


def test_praise_and_repudiation_open_cases_of_their_own_kind(work, enter_link):
    browser = enter_link(signed_visit(work))
    browser.post("/c/report/commend", data={"text": "Very kind."})
    browser.post("/c/report/repudiate", data={"text": ""})
    assert sorted(kind for kind, _ in cases_in(work)) == ["commendation", "repudiation"]


def test_what_a_customer_writes_is_shown_as_text(work, enter_link):
    browser = enter_link(signed_visit(work))
    browser.post("/c/report/complain", data={"text": "<script>alert(1)</script>"})
    assert "<script>alert" not in browser.get("/c/").text


def test_an_unknown_act_is_not_there(work, enter_link):
    browser = enter_link(signed_visit(work))
    assert browser.get("/c/report/delete").status_code == 404
    assert browser.post("/c/confirm", data={"act": "confirm_visit"}).status_code == 409  # the visit is over


def test_a_signature_by_link_makes_the_visit_a_signed_one_for_the_score(work, enter_link):
    browser = enter_link(unsigned_visit(work))
    browser.post("/c/sign", data=signing())
    with work.read() as db:
        found, _ = events.histories(db, cast.MAIN, [VISIT])
        assert audit.verify(db) == []
    assert [event.actor for event in found[VISIT] if event.type == "signature.captured"] == ["customer"]


def test_the_pdf_is_made_in_the_language_of_the_page(work, enter_link):
    browser = enter_link(signed_visit(work))
    answer = browser.get("/c/receipt.pdf")
    assert answer.content_type == "application/pdf"
    assert answer.data.startswith(b"%PDF")
    assert "receipt-WO-1.pdf" in answer.headers["Content-Disposition"]


def test_there_is_no_pdf_before_the_visit(work, enter_link):
    assert enter_link(planned_visit(work)).get("/c/receipt.pdf").status_code == 404


def jpeg(size=(1200, 900), **options):
    target = BytesIO()
    Image.new("RGB", size, "#5a8").save(target, "JPEG", **options)
    return target.getvalue()


def taken(work, content):
    """A photo that has arrived from the phone; its hash."""
    name = hashlib.sha256(content).hexdigest()
    photos.add_piece(work, cast.T001.actor, name, offset=0, length=len(content), piece=content)
    return name


def test_only_the_visits_own_photos_are_served_and_without_metadata(work, enter_link):
    mine, other = (taken(work, content) for content in (jpeg(comment=b"SECRET"), jpeg((300, 200))))
    browser = enter_link(signed_visit(work, photos=(mine, "0" * 64)))
    answer = browser.get(f"/c/photos/{mine}")
    assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
    assert b"SECRET" not in answer.data
    assert browser.get(f"/c/photos/{other}").status_code == 404
    assert browser.get("/c/photos/" + "0" * 64).status_code == 404  # its bytes have not arrived
    assert "still on their way" in browser.get("/c/").text


def test_who_called_it_off_has_not_confirmed_it_any_more(work, enter_link):
    browser = enter_link(planned_visit(work))
    browser.post("/c/confirm", data={"act": "confirm_visit"})
    assert "confirmed by you" in browser.get("/c/").text
    told = {"asked_by": "customer", "told_at": work.now().isoformat(), "apology": False, "cause": "customer"}
    store(work, [builders.line("visit.cancelled", "WO-1", work.now(), "customer", **told)])
    page = browser.get("/c/").text
    assert "This appointment was cancelled" in page
    assert "confirmed by you" not in page


def test_an_appointment_that_was_taken_out_of_the_count_says_that_nobody_comes(work, enter_link):
    browser = enter_link(planned_visit(work))
    store(work, [builders.line("visit.voided", "WO-1", work.now(), "D001", reason="not ours")])
    page = browser.get("/c/").text
    assert "This appointment does not take place" in page
    assert "Nobody comes on" in page
    assert "not counted" not in page


def test_a_fact_that_waits_for_the_office_leaves_the_page_of_an_appointment_as_it_is(work, enter_link):
    browser = enter_link(planned_visit(work))
    event = builders.as_event(builders.line("visit.departed", "WO-1", work.now(), "T002"))
    with work.write(cast.MAIN) as db:
        record(
            db,
            cast.MAIN,
            [Record(event=event, origin="push", received_at=work.now(), held_code="not_assignee")],
            work.now(),
        )
    page = browser.get("/c/").text
    assert "Your appointment" in page
    assert "Does this time suit you?" in page
    assert "still being checked" not in page
    assert "/c/move" not in page
    assert "/c/cancel" in page
